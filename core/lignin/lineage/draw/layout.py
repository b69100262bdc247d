"""Where everything stands in a drawing, data flowing from left to right.

Layers by longest paths (`layers`), order by barycentres (`order`), heights by least squares: each
node is drawn towards the mean of its neighbours as far as the distance to the next one allows.
Drawings much wider than high go on in a new row, as text does.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

from lignin.lineage.draw.layers import Link, back_links, longest_path_layers
from lignin.lineage.draw.order import order
from lignin.lineage.draw.path import TRACK, around, at, curve, number
from lignin.lineage.graph import Edge, Graph

__all__ = ["Box", "Layout", "Route", "layout", "spread"]

_NODE_GAP = 16.0
_BAND = 32.0
_LINE_GAP = 9.0
_ROW_GAP = 44.0
_MOST_LANES = 3
_PASSES = 8
_FEW = 2_000
_WIDEST, _NARROWEST = 2600.0, 1500.0
_ASPECT = 1.9
# Long edges bend around the boxes on their way at points of their own; beyond so many points the
# drawing is too dense for anybody to follow them, and edges run straight.
_MOST_BENDS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node's rectangle: left upper corner, width and height."""

    id: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An edge's line as SVG path data, from left to right.

    `backward`: it closes a cycle, so its source is at the right end. `start` and `end` are the
    line's two ends.
    """

    edge: Edge
    path: str
    backward: bool
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All boxes in the order of the nodes, all routes, and the size of the whole."""

    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def layout(graph: Graph, *, sizes: Mapping[str, tuple[float, float]], gap: float = 56.0) -> Layout:
    """Place the nodes of a graph, given their widths and heights, `gap` apart between columns.

    Every edge must join two different nodes of the graph.
    """
    if not graph.nodes:
        return Layout(boxes=(), routes=(), width=0.0, height=0.0)
    plan = _plan(graph, sizes=sizes)
    columns = order(plan.columns, plan.links)
    heights = _close_up(_heights(plan, columns=columns, converging=graph.direction == "ancestors"), plan=plan)
    places = _place(plan, columns=columns, heights=heights, gap=gap)
    routes = tuple(
        _route(edge, chain=chain, places=places, backward=backward, shift=shift)
        for edge, chain, backward, shift in zip(graph.edges, plan.chains, plan.backward, _shifts(plan), strict=True)
    )
    boxes = tuple(places.boxes[position] for position in range(len(graph.nodes)))
    named = tuple(replace(box, id=node.id) for box, node in zip(boxes, graph.nodes, strict=True))
    return Layout(boxes=named, routes=routes, width=places.width, height=places.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The graph with a vertex wherever an edge passes a column: the first are the nodes themselves."""

    sizes: list[tuple[float, float]]
    columns: list[list[int]]
    links: list[Link]
    chains: list[list[int]]
    backward: list[bool]
    nodes: int


def _plan(graph: Graph, *, sizes: Mapping[str, tuple[float, float]]) -> _Plan:
    index = {node.id: position for position, node in enumerate(graph.nodes)}
    pairs = [(index[edge.source], index[edge.target]) for edge in graph.edges]
    back = back_links(len(index), pairs)
    turned = [(b, a) if position in back else (a, b) for position, (a, b) in enumerate(pairs)]
    layer = longest_path_layers(len(index), turned)
    all_sizes = [sizes[node.id] for node in graph.nodes]
    columns: list[list[int]] = [[] for _ in range(max(layer) + 1)]
    for node in _walk(len(index), turned):
        columns[layer[node]].append(node)
    bends = sum(layer[b] - layer[a] - 1 for a, b in turned)
    links: list[Link] = []
    chains = []
    for a, b in turned:
        chain = [a]
        if bends <= _MOST_BENDS:
            for column in range(layer[a] + 1, layer[b]):
                columns[column].append(len(all_sizes))
                chain.append(len(all_sizes))
                all_sizes.append((0.0, 0.0))
        chain.append(b)
        chains.append(chain)
        links += [
            (c, d) for c, d in pairwise(chain) if bends <= _MOST_BENDS or layer[d] == layer[c] + 1
        ]
    return _Plan(
        sizes=all_sizes,
        columns=columns,
        links=links,
        chains=chains,
        backward=[position in back for position in range(len(pairs))],
        nodes=len(index),
    )


def _walk(count: int, links: Sequence[Link]) -> list[int]:
    """All nodes depth-first along links of either direction: what belongs together stands together."""
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    seen: dict[int, None] = {}
    for start in range(count):
        pending = [start]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen[node] = None
                pending.extend(other for other in reversed(near[node]) if other not in seen)
    return list(seen)


def _heights(plan: _Plan, *, columns: list[list[int]], converging: bool) -> list[float]:
    """The vertical centre of each vertex; the last word has the side on which the graph branches."""
    before: list[list[int]] = [[] for _ in plan.sizes]
    after: list[list[int]] = [[] for _ in plan.sizes]
    for a, b in plan.links:
        after[a].append(b)
        before[b].append(a)
    centre = [0.0] * len(plan.sizes)
    gaps = [_gaps(plan, column) for column in columns]
    for column, apart in zip(columns, gaps, strict=True):
        for vertex, height in zip(column, spread([0.0] * len(column), gaps=apart), strict=True):
            centre[vertex] = height
    rounds = [(after, -1), (before, 1)] if converging else [(before, 1), (after, -1)]
    rounds *= _PASSES if len(plan.sizes) < _FEW else _PASSES // 4
    for neighbours, step in rounds:
        for column, apart in list(zip(columns, gaps, strict=True))[::step]:
            wanted = [_mean(centre, neighbours[vertex], own=vertex) for vertex in column]
            weights = [4.0 if vertex >= plan.nodes else 1.0 for vertex in column]
            for vertex, height in zip(column, spread(wanted, gaps=apart, weights=weights), strict=True):
                centre[vertex] = height
    return centre


def _close_up(heights: list[float], *, plan: _Plan) -> list[float]:
    """The same heights with bands that nothing stands in closed: parts without a common edge drift apart."""
    lowest, offset = -math.inf, 0.0
    closed = list(heights)
    for vertex in sorted(range(len(heights)), key=lambda v: heights[v] - plan.sizes[v][1] / 2):
        half = plan.sizes[vertex][1] / 2
        if (empty := heights[vertex] - half - lowest - _BAND) > 0 and lowest > -math.inf:
            offset += empty
        closed[vertex] = heights[vertex] - offset
        lowest = max(lowest, heights[vertex] + half)
    return closed


def _shifts(plan: _Plan) -> list[float]:
    """By edge, how far beside the middle it runs: edges between the same two nodes stay apart."""
    ends = [(chain[0], chain[-1]) for chain in plan.chains]
    total, used = Counter(ends), Counter[tuple[int, int]]()
    shifts = []
    for pair in ends:
        shifts.append((used[pair] - (total[pair] - 1) / 2) * min(TRACK, 30 / total[pair]))
        used[pair] += 1
    return shifts


def _mean(centre: list[float], others: list[int], *, own: int) -> float:
    return sum(centre[other] for other in others) / len(others) if others else centre[own]


def _gaps(plan: _Plan, column: list[int]) -> list[float]:
    """How far apart the centres of neighbours in a column must be."""
    return [
        (plan.sizes[a][1] + plan.sizes[b][1]) / 2 + (_LINE_GAP if a >= plan.nodes and b >= plan.nodes else _NODE_GAP)
        for a, b in pairwise(column)
    ]


def spread(wanted: Sequence[float], *, gaps: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """The values nearest to `wanted` in weighted least squares that keep their order and the gaps.

    With each gap taken off beforehand this is isotonic regression, solved exactly by pooling
    neighbours that are in the wrong order (the pool-adjacent-violators algorithm).
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[tuple[float, float, int]] = []
    for position, value in enumerate(wanted):
        mean, weight, size = value - offsets[position], weights[position] if weights else 1.0, 1
        while pools and pools[-1][0] > mean:
            other, its_weight, its_size = pools.pop()
            mean = (mean * weight + other * its_weight) / (weight + its_weight)
            weight, size = weight + its_weight, size + its_size
        pools.append((mean, weight, size))
    flat = [mean for mean, _, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]


@dataclass(slots=True, kw_only=True)
class _Places:
    """Boxes by vertex (for a bend: as wide as its column), and where rows end.

    `row` and `column` say for each vertex where it stands; `lanes` counts the edges that were led
    into a row so far.
    """

    boxes: dict[int, Box] = field(default_factory=dict)
    row: dict[int, int] = field(default_factory=dict)
    tops: list[float] = field(default_factory=list)
    lanes: dict[int, int] = field(default_factory=dict)
    width: float = 0.0
    height: float = 0.0


def _place(plan: _Plan, *, columns: list[list[int]], heights: list[float], gap: float) -> _Places:
    widths = [max(plan.sizes[vertex][0] for vertex in column) for column in columns]
    entering, steepest = _crossing_into(plan, columns=columns, heights=heights)
    # The farther up and down the lines go between two columns, the more room they need to bend.
    gaps = [gap + min(rise / 12, 100.0) for rise in [*steepest[1:], 0.0]]
    rows = _rows(plan, widths=[a + b for a, b in zip(widths, gaps, strict=True)], heights=heights, entering=entering)
    most_lanes = max((entering[first] for first, _ in rows[1:]), default=0)
    # Edges from row to row are led around, so both sides keep room for them.
    margin = 12.0 + most_lanes * TRACK if most_lanes else 0.0
    places, top = _Places(), 0.0
    for row, (first, last) in enumerate(rows):
        inside = [vertex for column in columns[first:last] for vertex in column]
        upper = min(heights[vertex] - plan.sizes[vertex][1] / 2 for vertex in inside)
        lower = max(heights[vertex] + plan.sizes[vertex][1] / 2 for vertex in inside)
        top += entering[first] * TRACK if row else 0.0
        left = margin
        places.tops.append(top)
        for column, width, after in zip(columns[first:last], widths[first:last], gaps[first:last], strict=True):
            for vertex in column:
                own_width, height = plan.sizes[vertex]
                bend = vertex >= plan.nodes
                places.boxes[vertex] = Box(
                    id="",
                    x=left if bend else left + (width - own_width) / 2,
                    y=top + heights[vertex] - upper - height / 2,
                    width=width if bend else own_width,
                    height=height,
                )
                places.row[vertex] = row
            places.width = max(places.width, left + width)
            left += width + after
        top += lower - upper + _ROW_GAP
    places.height = max(top - _ROW_GAP, 0.0)
    places.width += margin
    return places


def _crossing_into(plan: _Plan, *, columns: list[list[int]], heights: list[float]) -> tuple[list[int], list[float]]:
    """By column, how many edges come in from the one before, and how far up or down they go at most."""
    column_of = {vertex: position for position, column in enumerate(columns) for vertex in column}
    counts, steepest = [0] * len(columns), [0.0] * len(columns)
    for source, target in plan.links:
        column = column_of[target]
        counts[column] += 1
        steepest[column] = max(steepest[column], abs(heights[source] - heights[target]))
    return counts, steepest


def _rows(plan: _Plan, *, widths: list[float], heights: list[float], entering: list[int]) -> list[tuple[int, int]]:
    """Ranges of columns that stand in one row: a single one, unless the drawing is long and thin.

    The widths are those of the columns with the gaps after them.
    """
    whole = [(0, len(widths))]
    total = sum(widths)
    if total <= _WIDEST or len(plan.links) < sum(len(chain) - 1 for chain in plan.chains):
        return whole
    tall = max(heights) - min(heights) + max(size[1] for size in plan.sizes) + _ROW_GAP
    count = min(round(math.sqrt(total / (_ASPECT * tall))), round(total / _NARROWEST))
    ideal = total / max(count, 1)
    starts = [0.0, *accumulate(widths)]
    rows, first = [], 0
    while total - starts[first] > 1.3 * ideal:
        # Break where the fewest edges have to be led around, not too far from an even share.
        near = [c for c in range(first + 1, len(widths)) if 0.6 * ideal <= starts[c] - starts[first] <= 1.3 * ideal]
        last = min(near or [first + 1], key=lambda c: (entering[c], abs(starts[c] - starts[first] - ideal)))
        rows.append((first, last))
        first = last
    rows.append((first, len(widths)))
    return whole if any(entering[first] > _MOST_LANES for first, _ in rows[1:]) else rows


def _route(edge: Edge, *, chain: list[int], places: _Places, backward: bool, shift: float) -> Route:
    first, last = places.boxes[chain[0]], places.boxes[chain[-1]]
    start = (first.x + first.width, first.y + first.height / 2 + shift)
    stop = (last.x, last.y + last.height / 2 + shift)
    path = f"M{at(*start)}"
    for a, b in pairwise(chain):
        box, target = places.boxes[a], places.boxes[b]
        here = start if a == chain[0] else (box.x + box.width, box.y)
        if a != chain[0]:
            path += f"H{number(here[0])}"
        end = stop if b == chain[-1] else (target.x, target.y)
        if places.row[a] == places.row[b]:
            path += curve(here, end)
        else:
            lane = places.lanes.get(places.row[b], 0)
            places.lanes[places.row[b]] = lane + 1
            path += around(here, end, lane=lane, right=places.width, top=places.tops[places.row[b]])
    return Route(edge=edge, path=path, backward=backward, start=start, end=stop)
