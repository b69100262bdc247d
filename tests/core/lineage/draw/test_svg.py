import re
import xml.etree.ElementTree as ET

from lignin.lineage.draw import svg
from lignin.lineage.draw.layout import layout, spread
from lignin.lineage.draw.order import order
from lignin.lineage.graph import Edge, Graph, Node

SVG = "{http://www.w3.org/2000/svg}"


def drawn_nodes(text: str) -> list[int]:
    return [int(g.attrib["data-node"]) for g in ET.fromstring(text).iter(f"{SVG}g") if "data-node" in g.attrib]


def fan(count: int) -> Graph:
    files = [Node(id=f"o{i}", type="artifact", name=f"split/donor_{i}.h5ad", status="stored") for i in range(count)]
    return Graph(
        focus="r",
        direction="descendants",
        nodes=(Node(id="r", type="run", name="split", engine="nextflow", status="completed"), *files),
        edges=tuple(Edge(source="r", target=f.id, kind="output") for f in files),
    )


def test_every_node_and_edge_is_there_once(cross_engine, chain):
    for graph in (cross_engine, chain(200), fan(60)):
        text = svg(graph)
        assert drawn_nodes(text) == list(range(len(graph.nodes)))
        assert len(re.findall("data-source=", text)) == len(graph.edges)


def test_a_node_tells_its_details_when_pointed_at(cross_engine):
    root = ET.fromstring(svg(cross_engine))
    titles = [g.findtext(f"{SVG}title") for g in root.iter(f"{SVG}g") if "data-node" in g.attrib]
    assert titles[0] == "reports/report.html\nuid: report\ntype: artifact\nstatus: stored\nsize: 182.3 kB"
    assert titles[1] == 'report.py\nuid: script\ntype: run\nstatus: completed\nparams: {"alpha": 0.05}'
    assert titles[8] == "featureCounts\nuid: count\ntype: run\nengine: snakemake\nworkflow: rnaseq\nstatus: completed"


def test_inferred_and_recreated_edges_look_different_and_are_explained(cross_engine):
    text = svg(cross_engine)
    assert text.count('class="edge inferred" data-source') == 1
    assert text.count('class="edge recreated" data-source') == 1
    assert "same content, inferred" in text
    assert "made again as it was" in text
    assert ".edge.inferred path { stroke: #9333ea; stroke-dasharray" in text


def test_roles_are_written_on_edges_only_when_asked(cross_engine):
    assert 'class="role"' not in svg(cross_engine)
    assert ">matrix</text>" in svg(cross_engine, roles=True)


def test_names_are_escaped_and_the_document_stays_whole(hostile):
    text = svg(hostile)
    assert drawn_nodes(text) == [0, 1, 2]
    assert "<script" not in text
    assert "\x00" not in text
    assert "\x1b" not in text


def test_nothing_is_loaded_from_elsewhere(cross_engine, hostile):
    for graph in (cross_engine, hostile):
        text = svg(graph).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|href|@import|url\((?!#)", text)


def test_the_same_graph_gives_the_same_text(cross_engine, chain):
    assert svg(cross_engine) == svg(cross_engine)
    assert svg(chain(50)) == svg(chain(50))


def test_a_single_node_and_none():
    assert drawn_nodes(svg(Graph(focus="a", nodes=(Node(id="a", type="artifact", name="one"),), edges=()))) == [0]
    assert drawn_nodes(svg(Graph(focus="a", nodes=(), edges=()))) == []


def test_too_many_nodes_are_folded_and_said():
    text = svg(fan(700))
    assert len(drawn_nodes(text)) == 500
    assert "the 500 nearest of 701 nodes" in text
    assert "201 more are not drawn" in text
    assert "+201 not drawn" in text


def test_boxes_never_overlap_and_data_flow_to_the_right(cross_engine, chain):
    for graph in (cross_engine, fan(60)):
        placed = layout(graph, sizes={node.id: (120.0, 40.0) for node in graph.nodes})
        boxes = {box.id: box for box in placed.boxes}
        for a in placed.boxes:
            for b in placed.boxes:
                apart = abs(a.x - b.x) >= 120 or abs(a.y - b.y) >= 40
                assert a.id == b.id or apart
        for edge in graph.edges:
            assert boxes[edge.source].x + 120 <= boxes[edge.target].x


def test_a_long_chain_goes_on_in_rows(chain):
    placed = layout(chain(200), sizes={node.id: (120.0, 40.0) for node in chain(200).nodes})
    assert placed.width < 8000
    assert placed.height > 500


def test_a_cycle_is_drawn_with_one_edge_backward():
    graph = Graph(
        focus="a",
        nodes=(Node(id="a", type="artifact", name="state"), Node(id="r", type="run", name="update")),
        edges=(Edge(source="a", target="r"), Edge(source="r", target="a", kind="recreated")),
    )
    placed = layout(graph, sizes={"a": (100.0, 40.0), "r": (100.0, 40.0)})
    assert [route.backward for route in placed.routes] == [False, True]
    assert placed.routes[0].path != placed.routes[1].path
    assert svg(graph).count('marker-start="url(#lignin-recreated)"') == 1


def test_crossings_that_can_be_avoided_are():
    columns = [[0, 1, 2], [3, 4, 5]]
    assert order(columns, [(0, 5), (1, 4), (2, 3)]) in ([[0, 1, 2], [5, 4, 3]], [[2, 1, 0], [3, 4, 5]])


def test_spreading_keeps_order_and_gaps_and_moves_as_little_as_it_must():
    assert spread([0.0, 10.0], gaps=[5.0]) == [0.0, 10.0]
    assert spread([10.0, 10.0], gaps=[4.0]) == [8.0, 12.0]
    assert spread([10.0, 0.0, 30.0], gaps=[4.0, 4.0]) == [3.0, 7.0, 30.0]
    assert spread([10.0, 10.0], gaps=[4.0], weights=[3.0, 1.0]) == [9.0, 13.0]
