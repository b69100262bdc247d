"""One column against one feature: counts what does not fit, over as many pieces as the column comes in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from lignin.schema.column import Column, Stored
from lignin.schema.dtype import Categorical, Dtype, Kind, ListOf, Simple
from lignin.schema.feature import FeatureSpec
from lignin.schema.values import convert, encodable, fits, is_list, is_missing, plain, told_type
from lignin.schema.vocabulary import Vocabulary

__all__ = ["Judge", "Verdict"]

# Distinct values that are held in memory; of more, only the number of cells is known.
_HELD = 100_000
# Values of a column of another type that are tried.
_TRIED = 1_000
_ACCEPTED: Mapping[Kind, frozenset[Stored]] = {
    Kind.INT: frozenset({Stored.INT}), Kind.FLOAT: frozenset({Stored.INT, Stored.FLOAT}), Kind.NUM: frozenset({Stored.INT, Stored.FLOAT}),
    Kind.STR: frozenset({Stored.STR}), Kind.BOOL: frozenset({Stored.BOOL}), Kind.DATE: frozenset({Stored.DATE}),
    Kind.DATETIME: frozenset({Stored.DATETIME}), Kind.DICT: frozenset({Stored.DICT}), Kind.PATH: frozenset({Stored.STR}), Kind.URL: frozenset({Stored.STR}),
}
# What can always be converted, so that no value needs a look.
_FREE = frozenset(
    [(Kind.STR, stored) for stored in (Stored.INT, Stored.FLOAT, Stored.BOOL, Stored.DATE, Stored.DATETIME)]
    + [(kind, Stored.BOOL) for kind in (Kind.INT, Kind.FLOAT, Kind.NUM)]
)
_INFINITE = frozenset({float("inf"), float("-inf")})
# Types of Python values that need no closer look; of texts, all are looked through at once.
_PLAINLY: Mapping[Kind, frozenset[type]] = {
    Kind.INT: frozenset({int}), Kind.FLOAT: frozenset({int, float}), Kind.NUM: frozenset({int, float}), Kind.BOOL: frozenset({bool}), Kind.STR: frozenset({str}),
    Kind.DICT: frozenset({dict}),
}
_NEVER = frozenset({Stored.LIST, Stored.DICT, Stored.BYTES})


class Verdict:
    """What was counted of a column so far.

    Attributes:
        rows, missing, infinite: numbers of values.
        wrong: numbers of values that are not of the dtype, by what they are.
        samples: the first of these values, with their numbers.
        unknown: texts that are no terms, with their numbers; `unknown_cells` counts all of them.
        unheld: whether there were more unknown texts than are held.
        known: the terms that occur, as far as they are held.
        broken, replaced: texts that were read with the wrong encoding, with their numbers.
        items, holes: numbers of items in lists, and of those that are missing.
        stored, told: what the pieces were stored as.
        mendable: whether all that was looked at could be converted.
    """

    def __init__(self) -> None:
        self.rows = self.missing = self.infinite = self.items = self.holes = self.unknown_cells = 0
        self.wrong: Counter[str] = Counter()
        self.samples: dict[str, int] = {}
        self.unknown: Counter[str] = Counter()
        self.known: dict[str, None] = {}
        self.unheld = False
        self.broken: Counter[str] = Counter()
        self.replaced: Counter[str] = Counter()
        self.stored: set[Stored] = set()
        self.told: set[str] = set()
        self.mendable = True


class Judge:
    """Takes a column piece by piece, and holds the verdict. Its memory is bounded, however long the column is."""

    def __init__(self, feature: FeatureSpec, *, vocabularies: Sequence[Vocabulary], coerce: bool, several: bool = False, samples: int = 5) -> None:
        self.feature = feature
        self.vocabularies = vocabularies
        self.verdict = Verdict()
        self._coerce = coerce
        # In an annotation, several labels are a list under a feature of one.
        self._several = several and isinstance(feature.dtype, Categorical)
        self._samples = samples

    def add(self, column: Column) -> None:
        """Count another piece."""
        self.verdict.rows += len(column)
        self.verdict.missing += column.missing()
        self.verdict.stored.add(column.stored)
        self.verdict.told.add(column.told)
        self._look(column, self.feature.dtype)

    def _look(self, column: Column, dtype: Dtype) -> None:
        if column.stored is Stored.EMPTY:
            return
        match dtype:
            case ListOf(item=item):
                self._lists(column, item)
            case Categorical() if self._several and column.stored is Stored.MIXED:
                self._labels(column)
            case Categorical():
                self._terms(column)
            case Simple(kind=kind, zone=zone):
                self._simple(column, kind, zone)

    def _lists(self, column: Column, item: Dtype) -> None:
        if column.stored not in {Stored.LIST, Stored.MIXED}:
            self._all_wrong(column)
            return
        if column.stored is Stored.MIXED:
            for value in column.values():
                if not is_list(value):
                    self._wrong(told_type(value), repr(value))
        items = column.items()
        self.verdict.items += len(items)
        self.verdict.holes += items.missing()
        self._look(items, item)

    def _labels(self, column: Column) -> None:
        items = list(column.values())
        self._ask(Counter(text for value in items for text in (value if is_list(value) else [value]) if isinstance(text, str)))
        for value in items:
            for text in value if is_list(value) else [value]:
                if not isinstance(text, str):
                    self._wrong(told_type(text), repr(text))

    def _terms(self, column: Column) -> None:
        if column.stored is Stored.MIXED:
            for value in column.values():
                if not isinstance(value, str):
                    self._wrong(told_type(value), repr(value))
        elif column.stored is not Stored.STR:
            self._all_wrong(column)
            return
        tally = column.tally()
        self.verdict.broken.update({text: count for text, count in tally.items() if not encodable(text)})
        self._ask(tally)

    def _ask(self, tally: Mapping[str, int]) -> None:
        """Look the texts up, those only that were not met before."""
        verdict = self.verdict
        new = [text for text in tally if text not in verdict.known and text not in verdict.unknown]
        known: set[str] = set()
        # Without a vocabulary any label will do.
        for vocabulary in self.vocabularies if new else ():
            known.update(vocabulary.known([text for text in new if text not in known]))
        free = not self.vocabularies
        for text in new:
            if (free or text in known) and len(verdict.known) < _HELD:
                verdict.known[text] = None
        unknown = {text: count for text, count in tally.items() if not free and text not in verdict.known and text not in known}
        verdict.unknown_cells += sum(unknown.values())
        for text, count in unknown.items():
            if text in verdict.unknown or len(verdict.unknown) < _HELD:
                verdict.unknown[text] += count
            else:
                verdict.unheld = True

    def _simple(self, column: Column, kind: Kind, zone: str | None) -> None:
        stored = column.stored
        if stored is Stored.MIXED:
            self._mixed(column, kind)
        elif stored in _ACCEPTED[kind] and (zone is None or zone == column.zone or stored is not Stored.DATETIME):
            self.verdict.infinite += column.infinite()
            if stored is Stored.STR:
                odd = column.odd_text()
                self.verdict.broken.update(odd.broken)
                self.verdict.replaced.update(odd.replaced)
                if kind is not Kind.STR:
                    self._each(column.tally(), ())
        elif kind is Kind.DATE and stored is Stored.DATETIME and column.zone is None:
            if column.timed():
                self._each(column.tally(), ())
        elif not self._coerce or stored in _NEVER:
            self._all_wrong(column)
        elif kind is Kind.INT and stored is Stored.FLOAT:
            if column.fractional():
                self._each(column.tally(), ())
        elif (kind, stored) not in _FREE:
            self._each(column.tally(), ()) if stored is not Stored.OTHER else self._each({}, column.values())

    def _mixed(self, column: Column, kind: Kind) -> None:
        """Look at every value, but at those only in passing that are plainly of the kind."""
        plainly = _PLAINLY.get(kind, frozenset())
        self._each({}, (value for value in column.values() if type(value) not in plainly))
        if kind is Kind.STR:
            odd = column.odd_text()
            self.verdict.broken.update(odd.broken)
            self.verdict.replaced.update(odd.replaced)
        elif float in plainly:
            self.verdict.infinite += sum(1 for value in column.values() if type(value) is float and value in _INFINITE)

    def _each(self, tally: Mapping[Any, int], values: Iterable[Any]) -> None:
        """Look at every distinct value, or every value."""
        for value, count in tally.items():
            self._one(value, count)
        for value in values:
            self._one(value, 1)

    def _one(self, value: Any, count: int) -> None:
        dtype, value = _innermost(self.feature.dtype), plain(value)
        if fits(value, dtype) or (self._coerce and _convertible(value, dtype)):
            self.verdict.infinite += count if isinstance(value, float) and value in _INFINITE else 0
        elif isinstance(value, str) and not encodable(value):
            self.verdict.broken[value] += count
        else:
            self._wrong(told_type(value), repr(value), count)
            self._mend([value], dtype)

    def _all_wrong(self, column: Column) -> None:
        count = len(column) - column.missing()
        self.verdict.wrong[column.told] += count
        dtype = _innermost(self.feature.dtype)
        self._mend(islice(column.values(), _TRIED) if column.stored in _NEVER else islice(column.tally(), _TRIED), dtype)
        for value in islice(column.values(), self._samples):
            if len(self.verdict.samples) < self._samples and not is_missing(value):
                self.verdict.samples.setdefault(_short(repr(value)), 0)

    def _mend(self, values: Iterable[Any], dtype: Dtype) -> None:
        """Find out whether a line of code can convert the values, as long as that is not known to be in vain."""
        self.verdict.mendable = self.verdict.mendable and all(_convertible(value, dtype) for value in values)

    def _wrong(self, told: str, sample: str, count: int = 1) -> None:
        self.verdict.wrong[told] += count
        sample = _short(sample)
        if sample in self.verdict.samples or len(self.verdict.samples) < self._samples:
            self.verdict.samples[sample] = self.verdict.samples.get(sample, 0) + count


def _innermost(dtype: Dtype) -> Dtype:
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype


def _convertible(value: Any, dtype: Dtype) -> bool:
    try:
        convert(value, dtype)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
