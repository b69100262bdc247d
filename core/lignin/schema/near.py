"""Near spellings: which terms a word that is none was probably meant to be.

A distance counts insertions, deletions, replacements and swaps of two neighbouring letters, each as one, after
capitals, spaces, hyphens and underscores are evened out. Up to one in four letters, at most two, may differ.
Digits are never taken for mistakes: `sample 2` is not meant to be `sample 1`, and one gene's id is no misspelling
of another's. Of an identifier with a version (`ENSG00000141510.18`), the one without is near.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

__all__ = ["Spellings", "distance", "nearest", "similar_names"]

_MOST = 3
_NUMBER = re.compile(r"\d+")
# Of longer words a comparison would take long, and a near spelling tells little.
_LONGEST = 200


class Spellings:
    """Terms and their synonyms, found by what they look like."""

    def __init__(self, *, terms: Collection[str], synonyms: Mapping[str, tuple[str, ...]]) -> None:
        self._terms = terms
        self._synonyms = synonyms

    def standard(self, values: Collection[str]) -> Mapping[str, str]:
        """The one term that a value is a synonym of, or a different writing of in capitals; no entry where there is none, or several."""
        found: dict[str, str] = {}
        for value in values:
            if value in self._terms:
                continue
            meant = set(self._synonyms.get(value, ())) or self._by_capitals.get(value.casefold(), set())
            if len(meant) == 1:
                found[value] = next(iter(meant))
        return found

    def near(self, values: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The nearest terms of each value that has any, at most three."""
        found = {}
        for value in values:
            names = self._nearest(_even(value[:_LONGEST]))
            terms = dict.fromkeys(term for name in names for term in sorted(self._evened[name]))
            if terms:
                found[value] = tuple(terms)[:_MOST]
        return found

    def _nearest(self, word: str) -> tuple[str, ...]:
        plain, dot, version = word.rpartition(".")
        if dot and version.isdecimal() and plain in self._evened:
            return (plain,)
        return nearest(word, self._by_digits.get(_digits(word), ())) if word else ()

    @cached_property
    def _by_digits(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._evened:
            found.setdefault(_digits(name), []).append(name)
        return found

    @cached_property
    def _by_capitals(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for term in self._terms:
            found.setdefault(term.casefold(), set()).add(term)
        for other, meant in self._synonyms.items():
            found.setdefault(other.casefold(), set()).update(meant)
        return found

    @cached_property
    def _evened(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for term in self._terms:
            found.setdefault(_even(term), set()).add(term)
        for other, meant in self._synonyms.items():
            found.setdefault(_even(other), set()).update(meant)
        return found


def nearest(word: str, names: Collection[str]) -> tuple[str, ...]:
    """The names nearest to a word, nearest first; none that are further than a typing mistake or two. Both are evened out."""
    allowed = min(2, len(word) // 4)
    # A change touches at most two pieces (a swap across their border), so of 2 n + 1 pieces one is left whole.
    size = max(1, len(word) // (2 * allowed + 1))
    pieces = [word[at : at + size] for at in range(0, size * (2 * allowed + 1), size)] if allowed else [word]
    scored = []
    for name in names:
        if abs(len(name) - len(word)) <= allowed and any(piece in name for piece in pieces):
            apart = distance(word, name, most=allowed)
            if apart is not None:
                scored.append((apart, name))
    # What differs in capitals and spaces only is surely meant.
    same = [name for apart, name in scored if apart == 0]
    return tuple(same or (name for _, name in sorted(scored)[:_MOST]))


def similar_names(name: str, others: Collection[str]) -> Iterator[str]:
    """The names that somebody may have meant, or may take for this one, the nearest first.

    Names that differ by their numbers (`sample 1`, `sample 2`) are a series, and nobody's slip.
    """
    word = _even(name[:_LONGEST])
    evened: dict[str, list[str]] = {}
    for other in others:
        if other != name:
            evened.setdefault(_even(other[:_LONGEST]), []).append(other)
    for near in (word, *nearest(word, [other for other in evened if other != word])):
        if _digits(near) == _digits(word):
            yield from evened.get(near, ())


def distance(a: str, b: str, *, most: int) -> int | None:
    """How many single mistakes lie between two words; `None` where it is more than `most`."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most and (not before or min(before) > most):
            return None
    return row[-1] if row[-1] <= most else None


def _digits(text: str) -> str:
    return " ".join(_NUMBER.findall(text))


def _even(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.casefold()).strip()
