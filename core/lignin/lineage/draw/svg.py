"""A lineage as a picture: one SVG text, nothing loaded from elsewhere, light and dark."""

from html import escape

from lignin.lineage.draw.marks import MARKS, mark_of
from lignin.lineage.draw.palette import FONT, STYLE
from lignin.lineage.draw.picture import MOST_NODES, Picture, picture
from lignin.lineage.draw.words import shorten, text_width
from lignin.lineage.graph import Graph

__all__ = ["headline", "legend", "svg"]

_MARGIN = 24.0
_HEAD = 44.0
_LEGEND = 40.0


def svg(graph: Graph, *, roles: bool = False, limit: int = MOST_NODES) -> str:
    """The graph as an SVG document, data flowing from left to right.

    Artifacts are sheets, runs are pills in their engine's colour with their status in a disc;
    inferred edges are dashed. The same graph always gives the same text.

    Args:
        graph: what to draw.
        roles: write the names of inputs and outputs on the edges.
        limit: most nodes to draw: those nearest to the focus; the heading says how many are left out.
    """
    drawn = picture(graph, roles=roles, limit=limit)
    title, note = headline(drawn, total=len({node.id for node in graph.nodes}))
    key, key_width = legend(drawn)
    inner = max(drawn.width, key_width, text_width(title, 15), text_width(note, 10.5))
    width, height = inner + 2 * _MARGIN, drawn.height + _HEAD + _LEGEND + 2 * _MARGIN
    left = _MARGIN + (inner - drawn.width) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lignin" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="{FONT}" font-size="12">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n<defs>{drawn.marks}</defs>\n"
        f'<rect class="ground" width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text class="heading" x="{_MARGIN:.0f}" y="{_MARGIN + 14:.0f}">{escape(title)}</text>\n'
        f'<text class="minor" x="{_MARGIN:.0f}" y="{_MARGIN + 31:.0f}">{escape(note)}</text>\n'
        f'<g transform="translate({left:.1f} {_MARGIN + _HEAD:.1f})">\n'
        f"{drawn.edges}\n{drawn.nodes}\n</g>\n"
        f'<g transform="translate({_MARGIN:.0f} {height - _MARGIN - 10:.1f})">{key}</g>\n'
        "</svg>\n"
    )


def headline(drawn: Picture, *, total: int) -> tuple[str, str]:
    """What the picture shows: a title, and a line of figures that owns up to what is not drawn."""
    graph = drawn.crop.graph
    focus = next((node for node in graph.nodes if node.id == graph.focus), None)
    name = shorten(focus.name or focus.id, 60) if focus else "nothing"
    kind = "Lineage of" if graph.direction == "ancestors" else "What came of"
    runs = sum(node.type == "run" for node in graph.nodes)
    artifacts = len(graph.nodes) - runs
    figures = f"{_count(artifacts, 'artifact')}, {_count(runs, 'run')}"
    if drawn.crop.hidden:
        figures = f"the {len(graph.nodes)} nearest of {total} nodes: {figures}; {drawn.crop.hidden} more are not drawn"
    return f"{kind} {name}", figures


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def legend(drawn: Picture) -> tuple[str, float]:
    """The key to what occurs in the picture, as SVG elements on one line, with its width."""
    graph = drawn.crop.graph
    entries: list[tuple[str, str]] = []
    if any(node.type == "artifact" for node in graph.nodes):
        entries.append(('<g class="artifact"><path class="shape" d="M1 -6H10L14 -2V6H1Z"/></g>', "artifact"))
    for engine, colour in drawn.engines.items():
        pill = f'<rect x="0" y="-6" width="18" height="12" rx="6" fill="{colour}" fill-opacity=".13" stroke="{colour}"/>'
        entries.append((pill, engine or "script or notebook"))
    present = {node.status for node in graph.nodes if mark_of(node)}
    for status, mark in MARKS.items():
        if status in present:
            sign = f'<path class="sign {mark.tone}" transform="translate(8 0)" d="{mark.path}"/>'
            entries.append((sign, status))
    kinds = {edge.kind for edge in graph.edges}
    for kind, words in (("recreated", "made again as it was"), ("inferred", "same content, inferred"), ("call", "started it")):
        if kind in kinds:
            line = f'<g class="edge {kind}"><path d="M-2 0H18" marker-end="url(#lignin-{kind})"/></g>'
            entries.append((line, words))
    parts, x = [], 0.0
    for sign, words in entries:
        parts.append(f'<g transform="translate({x:.0f} 0)">{sign}<text class="minor" x="24" y="4">{escape(shorten(words, 30))}</text></g>')
        x += 24 + text_width(words, 10.5) + 20
    return "".join(parts), max(x - 20, 0.0)
