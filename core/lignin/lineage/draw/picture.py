"""Nodes and edges as SVG elements: what the picture and the page have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from lignin.lineage.draw.crop import Crop, crop
from lignin.lineage.draw.layout import Box, Layout, Route, layout
from lignin.lineage.draw.marks import mark_of
from lignin.lineage.draw.palette import engine_styles
from lignin.lineage.draw.path import number as _n
from lignin.lineage.draw.words import facts, plain, shorten, text_width, workflow_of
from lignin.lineage.graph import Edge, Graph, Node

__all__ = ["MOST_NODES", "Picture", "picture"]

MOST_NODES = 500

_NAME_SIZE, _MINOR_SIZE = 12.0, 10.5
_NAME_ROOM, _MINOR_ROOM, _PART_ROOM = 30, 48, 20
# How much wider semi-bold letters run.
_BOLD = 1.13
_HEIGHT = 42.0
_LEAST_WIDTH = 84.0
_SIGN_ROOM = 24.0

# The edges that look different; all others are plain.
_KINDS = ("plain", "recreated", "inferred", "call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The drawing of a graph without its frame.

    Attributes:
        crop: what of the graph is drawn; `data-node` attributes count its nodes from 0.
        width: of the drawing, in pixels.
        height: of the drawing, in pixels.
        marks: definitions that the elements refer to.
        edges: SVG elements, in the order of the edges.
        nodes: SVG elements, in the order of the nodes.
        engines: by engine that occurs (empty: a script or notebook), its colour.
    """

    crop: Crop
    width: float
    height: float
    marks: str
    edges: str
    nodes: str
    engines: Mapping[str, str]


def picture(graph: Graph, *, roles: bool = False, limit: int = MOST_NODES) -> Picture:
    """Draw the `limit` nodes nearest to the focus; `roles` writes the names of inputs and outputs on edges."""
    part = crop(graph, nodes=limit)
    labels = {node.id: _label(part, node) for node in part.graph.nodes}
    placed = layout(part.graph, sizes={i: label.size for i, label in labels.items()}, gap=88.0 if roles else 52.0)
    engines = engine_styles(node.engine or "" for node in part.graph.nodes if node.type == "run")
    number = {node.id: position for position, node in enumerate(part.graph.nodes)}
    names = {node.id: plain(node.name or node.id) for node in part.graph.nodes}
    return Picture(
        crop=part,
        width=placed.width,
        height=placed.height,
        marks="".join(_tip(kind) for kind in _KINDS),
        edges="\n".join(_edge(route, number=number, names=names, roles=roles) for route in placed.routes),
        nodes=_nodes(part, placed=placed, labels=labels, engines=engines),
        engines=engines,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Label:
    """The one or two lines in a box, and the room they need."""

    name: str
    minor: str
    size: tuple[float, float]


def _label(part: Crop, node: Node) -> _Label:
    name, minor = _lines(part.graph, node)
    if more := part.cut.get(node.id):
        minor = f"{minor} · +{more} not drawn" if minor else f"+{more} not drawn"
    name, minor = shorten(name, _NAME_ROOM), shorten(minor, _MINOR_ROOM)
    text = max(text_width(name, _NAME_SIZE) * (_BOLD if node.type == "run" else 1), text_width(minor, _MINOR_SIZE))
    width = text + (22 + _SIGN_ROOM if node.type == "run" else 26)
    return _Label(name=name, minor=minor, size=(max(round(width), _LEAST_WIDTH), _HEIGHT))


def _lines(graph: Graph, node: Node) -> tuple[str, str]:
    """An artifact's last path segment above its folder; a run's name above its engine, workflow and status."""
    full = node.name or node.id
    if node.type == "artifact":
        folder, _, name = full.rstrip("/").rpartition("/")
        state = node.status if node.status != "stored" else None
        return name or full, " · ".join(part for part in (state, shorten(folder, _NAME_ROOM)) if part)
    mark, workflow = mark_of(node), workflow_of(graph, node.id)
    parts = (mark.word if mark else None, node.engine or "script", f"in {shorten(workflow, _PART_ROOM)}" if workflow else None)
    return full, " · ".join(shorten(part, _PART_ROOM + 3) for part in parts if part)


def _nodes(part: Crop, *, placed: Layout, labels: Mapping[str, _Label], engines: Mapping[str, str]) -> str:
    elements = []
    for number, (node, box) in enumerate(zip(part.graph.nodes, placed.boxes, strict=True)):
        inner = _run(node, box, engines[node.engine or ""]) if node.type == "run" else _artifact(box)
        label = labels[node.id]
        left = box.x + (10 + _SIGN_ROOM if node.type == "run" else 12)
        middle = box.y + box.height / 2
        upper = middle - 2 if label.minor else middle + 4
        texts = f'<text class="name" x="{_n(left)}" y="{_n(upper)}">{escape(label.name)}</text>'
        if label.minor:
            texts += f'<text class="minor" x="{_n(left)}" y="{_n(middle + 12)}">{escape(label.minor)}</text>'
        title = escape(_title(part.graph, node))
        elements.append(
            f'<g class="{_classes(node, focus=node.id == part.graph.focus)}" data-node="{number}">'
            f"<title>{title}</title>{inner}{texts}</g>"
        )
    return "\n".join(elements)


def _classes(node: Node, *, focus: bool) -> str:
    names = ["node", node.type]
    if focus:
        names.append("focus")
    if node.type == "artifact" and node.status not in {None, "stored"}:
        names.append("absent")
    if (mark := mark_of(node)) and mark.tone == "bad":
        names.append("broken")
    return " ".join(names)


def _title(graph: Graph, node: Node) -> str:
    lines = [f"{name}: {shorten(' ⏎ '.join(text.splitlines()), 200)}" for name, text in facts(graph, node)]
    return "\n".join([plain(node.name or node.id), *lines])


def _artifact(box: Box) -> str:
    """A sheet with a folded corner."""
    x, y, right, bottom, fold, r = box.x, box.y, box.x + box.width, box.y + box.height, 10.0, 5.0
    outline = (
        f"M{_n(x + r)} {_n(y)}H{_n(right - fold)}L{_n(right)} {_n(y + fold)}V{_n(bottom - r)}"
        f"Q{_n(right)} {_n(bottom)} {_n(right - r)} {_n(bottom)}H{_n(x + r)}"
        f"Q{_n(x)} {_n(bottom)} {_n(x)} {_n(bottom - r)}V{_n(y + r)}Q{_n(x)} {_n(y)} {_n(x + r)} {_n(y)}Z"
    )
    corner = f"M{_n(right - fold)} {_n(y)}V{_n(y + fold)}H{_n(right)}Z"
    return f'<path class="shape" d="{outline}"/><path class="fold" d="{corner}"/>'


def _run(node: Node, box: Box, colour: str) -> str:
    """A pill in the engine's colour with the status in a disc."""
    shape = (
        f'<rect class="shape" x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'
        f' rx="{_n(box.height / 2)}" fill="{colour}" fill-opacity=".13" stroke="{colour}"/>'
    )
    mark = mark_of(node)
    x, y = _n(box.x + 19), _n(box.y + box.height / 2)
    if mark is None:
        return f'{shape}<circle class="disc idle" cx="{x}" cy="{y}" r="4"/>'
    return (
        f'{shape}<circle class="disc {mark.tone}" cx="{x}" cy="{y}" r="8.5"/>'
        f'<path class="sign {mark.tone}" transform="translate({x} {y})" d="{mark.path}"/>'
    )


def _tip(kind: str) -> str:
    return (
        f'<marker id="lignin-{kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"'
        f' markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        f'<path class="tip {kind}" d="M.5 .8L7.5 4L.5 7.2Z"/></marker>'
    )


def _edge(route: Route, *, number: Mapping[str, int], names: Mapping[str, str], roles: bool) -> str:
    edge = route.edge
    kind = edge.kind if edge.kind in _KINDS else "plain"
    end = "start" if route.backward else "end"
    title = escape(f"{names[edge.source]} → {names[edge.target]}\n{_edge_words(edge)}")
    return (
        f'<g class="edge {kind}" data-source="{number[edge.source]}" data-target="{number[edge.target]}">'
        f'<title>{title}</title><path d="{route.path}" marker-{end}="url(#lignin-{kind})"/>'
        f"{_role(route) if roles and edge.role else ''}</g>"
    )


def _edge_words(edge: Edge) -> str:
    words = {
        "input": "input",
        "output": "output",
        "recreated": "output, made again as it was",
        "inferred": "inferred: same content, a copy that nobody recorded",
        "call": "started by it, and read no file of its own",
    }[edge.kind]
    return f"{words} ({plain(edge.role)})" if edge.role else words


def _role(route: Route) -> str:
    """The role near the artifact's end of the line, where lines are apart from each other."""
    near_start = (route.edge.kind == "input") != route.backward
    x, y = route.start if near_start else route.end
    place = f'x="{_n(x + 5)}"' if near_start else f'x="{_n(x - 10)}" text-anchor="end"'
    return f'<text class="role" {place} y="{_n(y - 4)}">{escape(shorten(route.edge.role, 13))}</text>'
