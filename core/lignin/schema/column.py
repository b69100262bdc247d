"""One column as the checks see it, whoever holds it: what is stored, how much is missing, which values occur."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from numbers import Real
from typing import Any, Protocol

from lignin.base.extras import require
from lignin.schema.values import encodable, is_list, is_missing, told_type

__all__ = ["Column", "OddText", "Stored", "ValuesColumn", "odd_text"]


class Stored(StrEnum):
    """What a column's container says, or shows, of its values. `MIXED` is for those that must be looked at one by one."""

    EMPTY = "empty"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    BYTES = "bytes"
    DATE = "date"
    DATETIME = "datetime"
    DICT = "dict"
    LIST = "list"
    MIXED = "mixed"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OddText:
    """Texts that were read with the wrong encoding.

    Attributes:
        broken: texts that can't be stored at all, with how often they occur.
        replaced: texts in which a reader put `U+FFFD` for what it could not read.
    """

    broken: Mapping[str, int]
    replaced: Mapping[str, int]


class Column(Protocol):
    """A column, or a piece of one. Counts are of values that are not missing, unless said otherwise."""

    @property
    def stored(self) -> Stored:
        """What the values are, as stored."""
        ...

    @property
    def told(self) -> str:
        """The container's own name of it, for messages: `int64`, `category`."""
        ...

    @property
    def zone(self) -> str | None:
        """The time zone of datetimes."""
        ...

    def __len__(self) -> int: ...

    def missing(self) -> int:
        """How many values are missing; NaN is."""
        ...

    def infinite(self) -> int:
        """How many numbers are infinite."""
        ...

    def fractional(self) -> int:
        """How many numbers are no whole ones, or infinite."""
        ...

    def timed(self) -> int:
        """How many datetimes are not at midnight."""
        ...

    def tally(self) -> Mapping[Any, int]:
        """The distinct values and how often each occurs. Not for `MIXED`, `LIST` and `DICT`."""
        ...

    def numbers(self) -> Any:
        """The finite numbers, as a NumPy array of floats. Of `INT` and `FLOAT` only."""
        ...

    def values(self) -> Iterator[Any]:
        """The values, one by one."""
        ...

    def items(self) -> "Column":
        """The items of all lists, in one column."""
        ...

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding. Of `STR` only."""
        ...


class ValuesColumn:
    """Python values, of which nothing is known but themselves: a dictionary's, an object column's, the items of lists."""

    def __init__(self, values: Iterable[Any], *, told: str = "object", missing: int | None = None) -> None:
        """The values. Who knows how many are missing gives those only that are not."""
        listed = list(values)
        self._values = listed if missing is not None else [value for value in listed if not is_missing(value)]
        self._missing = len(listed) - len(self._values) if missing is None else missing
        self._named = told
        self.zone: str | None = None

    @property
    def stored(self) -> Stored:
        """`MIXED`, or `EMPTY` where all are missing."""
        return Stored.MIXED if self._values else Stored.EMPTY

    @cached_property
    def told(self) -> str:
        """The types that occur."""
        one_of_each = {type(value): value for value in self._values}
        kinds = sorted({told_type(value) for value in one_of_each.values()})
        return f"{self._named} ({', '.join(kinds)})" if kinds else self._named

    def __len__(self) -> int:
        return len(self._values) + self._missing

    def missing(self) -> int:
        """How many values are missing."""
        return self._missing

    def infinite(self) -> int:
        """How many numbers are infinite."""
        return sum(1 for value in self._values if isinstance(value, float) and value in {float("inf"), float("-inf")})

    def fractional(self) -> int:
        """Not asked: values are looked at one by one."""
        return 0

    def timed(self) -> int:
        """Not asked: values are looked at one by one."""
        return 0

    def tally(self) -> Mapping[Any, int]:
        """How often each text occurs."""
        return Counter(value for value in self._values if isinstance(value, str))

    def numbers(self) -> Any:
        """The finite numbers."""
        numpy = require("numpy", extra="all")
        found = numpy.array([value for value in self._values if isinstance(value, Real) and not isinstance(value, bool)], dtype=float)
        return found[numpy.isfinite(found)]

    def values(self) -> Iterator[Any]:
        """The values, one by one."""
        return iter(self._values)

    def items(self) -> "ValuesColumn":
        """The items of all lists, in one column."""
        return ValuesColumn(item for value in self._values if is_list(value) for item in value)

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding."""
        return odd_text([[value for value in self._values if isinstance(value, str)]])


def odd_text(pieces: Iterable[Sequence[str]]) -> OddText:
    """The texts, which come in pieces, that were read with the wrong encoding."""
    broken: Counter[str] = Counter()
    replaced: Counter[str] = Counter()
    for piece in pieces:
        # One look at all of them; almost always, that is all.
        joined = "".join(piece)
        if joined.isascii():
            continue
        if not encodable(joined):
            broken.update(text for text in piece if not encodable(text))
        if "\ufffd" in joined:
            replaced.update(text for text in piece if "\ufffd" in text)
    return OddText(broken=broken, replaced=replaced)
