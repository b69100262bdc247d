"""The order of nodes within each column: few crossings, by barycentres."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from lignin.lineage.draw.layers import Link

__all__ = ["count_crossings", "order"]

_ROUNDS = 6
# Counting all crossings decides which round was best; on larger drawings the last one is taken.
_COUNTED = 20_000


def order(columns: Sequence[Sequence[int]], links: Sequence[Link]) -> list[list[int]]:
    """The columns with their nodes ordered so that the links between neighbours cross little.

    Every link must lead from one column to the next. The same input always gives the same order.
    """
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for source, target in links:
        after.setdefault(source, []).append(target)
        before.setdefault(target, []).append(source)
    current = [list(column) for column in columns]
    if len(links) > _COUNTED:
        for _ in range(2):
            _sweep(current, before)
            _sweep(current[::-1], after)
        return current
    best, fewest = [list(column) for column in current], count_crossings(current, after)
    for _ in range(_ROUNDS):
        if not fewest:
            break
        for backward in (False, True):
            _sweep(current[::-1] if backward else current, after if backward else before)
            crossings = count_crossings(current, after)
            if crossings < fewest:
                best, fewest = [list(column) for column in current], crossings
    return best


def _sweep(columns: Sequence[list[int]], neighbours: dict[int, list[int]]) -> None:
    """Order each column by the mean place of its neighbours in the one before, in place."""
    for fixed, column in pairwise(columns):
        place = {node: position for position, node in enumerate(fixed)}
        wanted = {}
        for position, node in enumerate(column):
            others = neighbours.get(node)
            # A node without neighbours keeps its relative height.
            wanted[node] = (
                sum(place[other] for other in others) / len(others)
                if others
                else position * max(len(fixed) - 1, 0) / max(len(column) - 1, 1)
            )
        column.sort(key=wanted.__getitem__)


def count_crossings(columns: Sequence[Sequence[int]], after: dict[int, list[int]]) -> int:
    """How many pairs of links cross, over all neighbouring columns."""
    total = 0
    for left, right in pairwise(columns):
        place = {node: position for position, node in enumerate(right)}
        ends: list[int] = []
        for node in left:
            reached = sorted(place[target] for target in after.get(node, ()))
            total += sum(len(ends) - bisect_right(ends, end) for end in reached)
            for end in reached:
                insort(ends, end)
    return total
