"""What holds for whatever graph: cycles, parts apart, edges that lead nowhere, any text as a name."""

import json
import re
import xml.etree.ElementTree as ET
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from lignin.lineage.draw import html, mermaid, svg, tree
from lignin.lineage.draw.layout import layout
from lignin.lineage.graph import Edge, Graph, Node

names = st.text(max_size=120)
statuses = st.sampled_from([None, "stored", "gone", "completed", "failed", "cached", "rolled back", "unheard of"])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    count = draw(st.integers(1, 14))
    nodes = tuple(
        Node(
            id=f"id{number}",
            type=draw(st.sampled_from(["artifact", "run"])),
            name=draw(names),
            engine=draw(st.none() | names),
            status=draw(statuses),
            details=draw(st.dictionaries(names, names | st.integers() | st.none(), max_size=2)),
        )
        for number in range(count)
    )
    ids = st.integers(0, count).map(lambda number: f"id{number}")
    edges = draw(
        st.lists(
            st.builds(
                Edge, source=ids, target=ids, role=names, kind=st.sampled_from(["input", "output", "recreated", "inferred", "call"])
            ),
            max_size=40,
        )
    )
    return Graph(
        focus=f"id{draw(st.integers(0, count - 1))}",
        direction=draw(st.sampled_from(["ancestors", "descendants"])),
        nodes=nodes,
        edges=tuple(edges),
        parents=draw(st.dictionaries(ids, names, max_size=3)),
        parent_names=draw(st.dictionaries(names, names, max_size=3)),
    )


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_the_tree_fits_and_leaves_no_node_out(graph):
    out = StringIO()
    Console(file=out, width=1000, color_system=None).print(tree(graph))
    lines = out.getvalue().splitlines()
    assert all(cell_len(line.rstrip()) <= 80 for line in lines)
    full = [line for line in lines if not line.rstrip().endswith(("shown above", "… continued"))]
    assert len(full) == len(graph.nodes)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_the_picture_is_whole_and_shows_each_node_once(graph):
    root = ET.fromstring(svg(graph, roles=True))
    shown = [g.attrib["data-node"] for g in root.iter() if "data-node" in g.attrib]
    assert shown == [str(number) for number in range(len(graph.nodes))]


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_the_page_shows_each_node_once(graph):
    text = html(graph)
    data = json.loads(re.search(r'id="graph">(.*?)</script>', text, re.S)[1])
    assert len(data["nodes"]) == len(graph.nodes) == text.count("data-node=")
    assert text.count("<script") == 2


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_mermaid_has_one_line_for_each_node_and_edge(graph):
    lines = mermaid(graph).splitlines()
    ids = {node.id for node in graph.nodes}
    edges = [e for e in graph.edges if e.source != e.target and {e.source, e.target} <= ids]
    node = re.compile(r'  n\d+(\["[^"]*"\]|\(\["[^"]*"\]\)):::(artifact|run|failed|cached)')
    edge = re.compile(r'  n\d+ (-->|-- "[^"]*" -->|-\. "(same content|started)" \.->) n\d+')
    assert sum(bool(node.fullmatch(line)) for line in lines) == len(graph.nodes)
    assert sum(bool(edge.fullmatch(line)) for line in lines) == len(edges)
    assert len(lines) == 1 + len(graph.nodes) + len(edges) + 1 + 6


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(20, 300))
def test_boxes_never_overlap(graph, width):
    ids = {node.id for node in graph.nodes}
    edges = tuple(e for e in graph.edges if e.source != e.target and {e.source, e.target} <= ids)
    graph = Graph(focus=graph.focus, nodes=graph.nodes, edges=edges)
    boxes = layout(graph, sizes={node.id: (float(width), 40.0) for node in graph.nodes}).boxes
    for number, a in enumerate(boxes):
        assert a.x >= 0
        assert a.y >= -0.01
        for b in boxes[number + 1 :]:
            assert abs(a.x - b.x) >= width or abs(a.y - b.y) >= 39.9
