"""A lineage as a Mermaid flowchart: for READMEs, issues and notebooks that render it."""

from lignin.lineage.draw.crop import crop
from lignin.lineage.draw.marks import mark_of
from lignin.lineage.draw.words import plain, shorten, workflow_of
from lignin.lineage.graph import Edge, Graph, Node

__all__ = ["mermaid"]

# Mermaid itself refuses more than 500 edges, and a page may not raise that limit for its readers.
_MOST_EDGES = 500
_MOST_NODES = 500
_LABEL_ROOM = 60

# What Mermaid reads as syntax even within quotes: the quotes themselves, entities, tags, Markdown
# labels in backticks, %% directives, $$ formulas.
_ENTITIES = {c: f"#{ord(c)};" for c in "\"#&<>;`%\\$"}

_CLASSES = (
    "classDef artifact fill:#f8fafc,stroke:#64748b,color:#0f172a",
    "classDef run fill:#eff6ff,stroke:#2563eb,color:#0f172a",
    "classDef failed fill:#fef2f2,stroke:#dc2626,color:#7f1d1d",
    "classDef cached fill:#ecfeff,stroke:#0891b2,color:#164e63,stroke-dasharray:4 3",
    "classDef focus stroke-width:3px",
    "classDef more fill:none,stroke:none,color:#64748b",
)


def mermaid(graph: Graph) -> str:
    """The graph as Mermaid source, data flowing from left to right.

    Runs are stadium-shaped, failed and cached ones in their own colours; inferred edges are dotted.
    Larger graphs than Mermaid draws are cut to the nodes nearest to the focus, and say so.
    """
    part = crop(graph, nodes=_MOST_NODES, edges=_MOST_EDGES)
    names = {node.id: f"n{number}" for number, node in enumerate(part.graph.nodes)}
    lines = ["flowchart LR"]
    lines += [f"  {_node(part.graph, node=node, name=names[node.id])}" for node in part.graph.nodes]
    lines += [f"  {names[e.source]} {_arrow(e)} {names[e.target]}" for e in part.graph.edges]
    if part.graph.focus in names:
        lines.append(f"  class {names[part.graph.focus]} focus")
    if part.hidden:
        lines.append(f'  more["… {part.hidden} more nodes"]:::more')
    lines += [f"  {line}" for line in _CLASSES]
    return "\n".join(lines) + "\n"


def _node(graph: Graph, *, node: Node, name: str) -> str:
    label = _escape(shorten(node.name or node.id, _LABEL_ROOM))
    if node.type == "artifact":
        state = f"<br/>{_escape(node.status)}" if node.status and node.status != "stored" else ""
        return f'{name}["{label}{state}"]:::artifact'
    mark, workflow = mark_of(node), workflow_of(graph, node.id)
    extras = [
        _escape(part)
        for part in (
            node.engine,
            f"in {shorten(workflow, _LABEL_ROOM)}" if workflow else None,
            mark.word if mark else None,
        )
        if part
    ]
    below = f"<br/>{' · '.join(extras)}" if extras else ""
    sign = f"{_escape(mark.symbol)} " if mark else ""
    style = {"failed": "failed", "crashed": "failed", "cached": "cached"}.get(node.status or "", "run")
    return f'{name}(["{sign}{label}{below}"]):::{style}'


def _arrow(edge: Edge) -> str:
    role = _escape(shorten(edge.role, _LABEL_ROOM)) if edge.role else ""
    match edge.kind:
        case "inferred":
            return '-. "same content" .->'
        case "call":
            return '-. "started" .->'
        case "recreated":
            return f'-- "{f"{role}, " if role else ""}recreated" -->'
        case _:
            return f'-- "{role}" -->' if role else "-->"


def _escape(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in plain(text))
