"""A lineage as a page of its own: opens from a file, loads nothing, asks nobody.

The page forbids itself everything but its own style and script, by their hashes, so no text from
the graph can ever run.
"""

import base64
import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from lignin.lineage.draw.palette import STYLE
from lignin.lineage.draw.picture import MOST_NODES, Picture, picture
from lignin.lineage.draw.svg import headline, legend
from lignin.lineage.draw.words import facts, plain
from lignin.lineage.graph import Graph

__all__ = ["html"]


def html(graph: Graph, *, roles: bool = False, limit: int = MOST_NODES) -> str:
    """The graph as one HTML page to pan, zoom, search and click in.

    A click on a node shows its details and lights up what lies before and after it.

    Args:
        graph: what to draw.
        roles: write the names of inputs and outputs on the edges.
        limit: most nodes to draw: those nearest to the focus; the page says how many are left out.
    """
    drawn = picture(graph, roles=roles, limit=limit)
    title, note = headline(drawn, total=len({node.id for node in graph.nodes}))
    style, script = STYLE + _resource("page.css"), _resource("page.js")
    policy = f"default-src 'none'; style-src '{_source_hash(style)}'; script-src '{_source_hash(script)}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<header><div><h1 title="{escape(title)}">{escape(title)}</h1><p>{escape(note)}</p></div>\n'
        '<input id="search" type="search" placeholder="Search  ( / )" aria-label="Search the nodes" autocomplete="off">\n'
        '<span id="hits" role="status"></span>\n'
        '<div><button id="farther" aria-label="Zoom out">−</button> <button id="nearer" aria-label="Zoom in">+</button>'
        ' <button id="fit">Fit</button></div></header>\n'
        f"<main>\n{_canvas(drawn)}\n"
        '<aside id="panel" aria-label="Details" hidden></aside>\n</main>\n'
        f"<footer>{_legend(drawn)}</footer>\n"
        f'<script type="application/json" id="graph">{_data(drawn)}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _canvas(drawn: Picture) -> str:
    return (
        f'<svg id="canvas" class="lignin" viewBox="0 0 {max(drawn.width, 1):.0f} {max(drawn.height, 1):.0f}"'
        f' role="group" aria-label="Lineage graph">\n<defs>{drawn.marks}</defs>\n'
        f'<g id="view">\n{drawn.edges}\n{drawn.nodes}\n</g>\n</svg>'
    )


def _legend(drawn: Picture) -> str:
    key, width = legend(drawn)
    return f'<svg class="lignin" width="{width:.0f}" height="22" aria-hidden="true"><g transform="translate(2 11)">{key}</g></svg>'


def _data(drawn: Picture) -> str:
    """The graph as JSON that can stand inside a script element."""
    graph = drawn.crop.graph
    number = {node.id: position for position, node in enumerate(graph.nodes)}
    data: dict[str, Any] = {
        "focus": number.get(graph.focus),
        "nodes": [
            {"type": node.type, "name": plain(node.name or node.id), "facts": facts(graph, node)} for node in graph.nodes
        ],
        "edges": [
            {"source": number[e.source], "target": number[e.target], "kind": e.kind, "role": plain(e.role)}
            for e in graph.edges
        ],
    }
    return json.dumps(data).replace("<", "\\u003c").replace("&", "\\u0026")


@cache
def _resource(name: str) -> str:
    return files("lignin.lineage.draw").joinpath(name).read_text(encoding="utf-8")


def _source_hash(text: str) -> str:
    """A block's hash as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
