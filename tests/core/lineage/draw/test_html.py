import base64
import hashlib
import json
import re
from html.parser import HTMLParser

from lignin.lineage.draw import html
from lignin.lineage.graph import Graph, Node


class Blocks(HTMLParser):
    """What stands in a page's style and script elements, and all attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        self._open = (tag, dict(attrs)) if tag in {"style", "script"} else None

    def handle_data(self, data):
        if self._open:
            self.found.append((*self._open, data))
            self._open = None


def graph_in(text: str) -> dict:
    (data,) = (content for _, attrs, content in Blocks(text).found if attrs.get("id") == "graph")
    return json.loads(data)


def test_the_page_carries_all_nodes_with_their_facts(cross_engine):
    data = graph_in(html(cross_engine))
    assert [node["name"] for node in data["nodes"]] == [node.name for node in cross_engine.nodes]
    assert ["workflow", "rnaseq"] in data["nodes"][8]["facts"]
    assert ["size", "182.3 kB"] in data["nodes"][0]["facts"]
    assert data["edges"][7] == {"source": 7, "target": 6, "kind": "inferred", "role": ""}
    assert data["focus"] == 0


def test_a_fact_is_told_once():
    node = Node(id="r", type="run", name="align", engine="snakemake", details={"engine": "snakemake", "key": "align", "threads": 4})
    (drawn,) = graph_in(html(Graph(focus="r", nodes=(node,), edges=())))["nodes"]
    assert drawn["facts"] == [["uid", "r"], ["type", "run"], ["engine", "snakemake"], ["threads", "4"]]


def test_its_policy_allows_its_own_style_and_script_and_nothing_else(cross_engine):
    text = html(cross_engine)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none';")
    for tag, attrs, content in Blocks(text).found:
        if attrs.get("type") != "application/json":
            name = "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src '{name}'" in policy


def test_names_cannot_become_elements_or_end_the_script(hostile):
    blocks = Blocks(html(hostile))
    assert [tag for tag, _, _ in blocks.found] == ["style", "script", "script"]
    assert graph_in(html(hostile))["nodes"][0]["name"] == '</script><script>alert("1")</script>'


def test_nothing_is_loaded_from_elsewhere_and_no_attribute_holds_script_or_style(cross_engine, hostile):
    for graph in (cross_engine, hostile):
        for name, value in Blocks(html(graph)).attributes:
            assert not name.startswith("on")
            assert name not in {"src", "href", "style"}
            assert not re.match(r"\s*(https?|javascript|data):", value or "")


def test_the_same_graph_gives_the_same_page(cross_engine):
    assert html(cross_engine) == html(cross_engine)
