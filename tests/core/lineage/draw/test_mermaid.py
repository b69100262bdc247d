import re

from lignin.lineage.draw import mermaid
from lignin.lineage.graph import Edge, Graph, Node


def test_nodes_edges_and_classes(cross_engine):
    text = mermaid(cross_engine)
    lines = text.splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n0["reports/report.html"]:::artifact' in lines
    assert '  n1(["✓ report.py"]):::run' in lines
    assert '  n4(["= normalise<br/>prefect · in W2 · cached"]):::cached' in lines
    assert '  n5(["✗ plot-volcano<br/>prefect · in W2 · failed"]):::failed' in lines
    assert '  n1 -- "html" --> n0' in lines
    assert '  n7 -. "same content" .-> n6' in lines
    assert '  n5 -- "recreated" --> n3' in lines
    assert "  class n0 focus" in lines


def test_no_name_leaves_its_quotes(hostile):
    text = mermaid(hostile)
    assert "<script" not in text
    assert "%%" not in text
    assert "javascript" in text
    for line in text.splitlines():
        # A label's quotes are the only ones on its line, and edges are the only arrows.
        assert line.count('"') in {0, 2}
        label = re.sub(r'".*"', "", line)
        assert "script" not in label


def test_more_than_mermaid_draws_is_cut_and_said():
    files = [Node(id=f"o{i}", type="artifact", name=f"{i}.txt") for i in range(700)]
    graph = Graph(
        focus="r",
        nodes=(Node(id="r", type="run", name="split"), *files),
        edges=tuple(Edge(source="r", target=f.id, kind="output") for f in files),
    )
    text = mermaid(graph)
    assert text.count("-->") == 499
    assert '["… 201 more nodes"]' in text
