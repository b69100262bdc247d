"""Cut a graph down to what a picture can hold: the nodes nearest to the focus."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lignin.lineage.graph import Edge, Graph

__all__ = ["Crop", "crop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A part of a graph.

    Attributes:
        graph: what is kept, in the order of the whole; without edges from a node to itself or to
            one that is not there.
        hidden: how many nodes were left out.
        cut: by kept node, how many edges to nodes left out it has.
    """

    graph: Graph
    hidden: int = 0
    cut: Mapping[str, int] = field(default_factory=dict)


def crop(graph: Graph, *, nodes: int, edges: int | None = None) -> Crop:
    """Keep the `nodes` nodes nearest to the focus along edges of either direction, and their edges.

    With `edges`, nodes are also left out from the farthest on until so many edges remain. The
    focus always stays.
    """
    known = {node.id for node in graph.nodes}
    links = [e for e in graph.edges if e.source != e.target and e.source in known and e.target in known]
    order = _nearest_first(graph, links)
    kept = set(order[:nodes]) if edges is None else _within(order[:nodes], links=links, edges=edges)
    cut: Counter[str] = Counter()
    for edge in links:
        if (edge.source in kept) != (edge.target in kept):
            cut[edge.source if edge.source in kept else edge.target] += 1
    part = replace(
        graph,
        nodes=tuple({node.id: node for node in graph.nodes if node.id in kept}.values()),
        edges=tuple(e for e in links if e.source in kept and e.target in kept),
    )
    return Crop(graph=part, hidden=len(known) - len(kept), cut=cut)


def _nearest_first(graph: Graph, links: list[Edge]) -> list[str]:
    """All ids breadth-first from the focus; those that no path reaches come last, in their order."""
    near: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in links:
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    seen: dict[str, None] = {}
    for start in (graph.focus, *near):
        if start in seen or start not in near:
            continue
        seen[start] = None
        queue = deque([start])
        while queue:
            for other in near[queue.popleft()]:
                if other not in seen:
                    seen[other] = None
                    queue.append(other)
    return list(seen)


def _within(order: list[str], *, links: list[Edge], edges: int) -> set[str]:
    """The longest beginning of `order` that has no more than `edges` edges within; at least one node."""
    rank = {node_id: position for position, node_id in enumerate(order)}
    closing = Counter(max(rank[e.source], rank[e.target]) for e in links if e.source in rank and e.target in rank)
    total = 0
    for position in range(len(order)):
        total += closing[position]
        if total > edges:
            return set(order[: max(position, 1)])
    return set(order)
