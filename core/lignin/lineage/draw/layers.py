"""Which column each node of a drawing stands in: cycles opened, then longest paths.

Nodes are numbers from 0, links are pairs of them.
"""

from collections.abc import Sequence

__all__ = ["Link", "back_links", "longest_path_layers"]

Link = tuple[int, int]


def back_links(count: int, links: Sequence[Link]) -> frozenset[int]:
    """Positions of the links that, turned around, leave no cycle: those that close one depth-first."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    has_input = [False] * count
    for position, (source, target) in enumerate(links):
        out[source].append((position, target))
        has_input[target] = True
    fresh, open_, done = 0, 1, 2
    state = [fresh] * count
    back: set[int] = set()
    for start in sorted(range(count), key=lambda node: has_input[node]):
        if state[start] != fresh:
            continue
        state[start] = open_
        trail = [(start, iter(out[start]))]
        while trail:
            node, rest = trail[-1]
            step = next(rest, None)
            if step is None:
                state[node] = done
                trail.pop()
            elif state[step[1]] == open_:
                back.add(step[0])
            elif state[step[1]] == fresh:
                state[step[1]] = open_
                trail.append((step[1], iter(out[step[1]])))
    return frozenset(back)


def longest_path_layers(count: int, links: Sequence[Link]) -> list[int]:
    """For each node a layer such that every link leads to a later one; no layer is empty.

    Nodes without inputs stand right before what they flow into, not all at the far left.

    The links must form no cycle.
    """
    out: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in links:
        out[source].append(target)
        missing[target] += 1
    sources = [node for node in range(count) if not missing[node]]
    layer = [0] * count
    ready = list(sources)
    while ready:
        node = ready.pop()
        for target in out[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for node in sources:
        if out[node]:
            layer[node] = min(layer[target] for target in out[node]) - 1
    used = {value: position for position, value in enumerate(sorted(set(layer)))}
    return [used[value] for value in layer]
