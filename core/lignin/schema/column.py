"""One column as the checks see it, whoever holds it: what is stored, how much is missing, which values occur."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Protocol

from lignin.schema.values import encodable, is_list, is_missing, told_type

__all__ = ["Column", "OddText", "Stored", "ValuesColumn", "odd_text", "take"]

_AT_ONCE = 100_000


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

    def __init__(self, values: Iterable[Any], *, told: str = "object") -> None:
        listed = list(values)
        self._values = [value for value in listed if not is_missing(value)]
        self._missing = len(listed) - len(self._values)
        self._told = told
        self.zone: str | None = None

    @property
    def stored(self) -> Stored:
        """`MIXED`, or `EMPTY` where all are missing."""
        return Stored.MIXED if self._values else Stored.EMPTY

    @property
    def told(self) -> str:
        """The types that occur."""
        kinds = sorted({told_type(value) for value in self._values})
        return f"{self._told} ({', '.join(kinds)})" if kinds else self._told

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

    def values(self) -> Iterator[Any]:
        """The values, one by one."""
        return iter(self._values)

    def items(self) -> "ValuesColumn":
        """The items of all lists, in one column."""
        return ValuesColumn(item for value in self._values if is_list(value) for item in value)

    def odd_text(self) -> OddText:
        """The texts that were read with the wrong encoding."""
        return odd_text(value for value in self._values if isinstance(value, str))


def odd_text(texts: Iterable[str]) -> OddText:
    """The texts of an iterable that were read with the wrong encoding."""
    broken: Counter[str] = Counter()
    replaced: Counter[str] = Counter()
    for piece in take(texts, at_once=_AT_ONCE):
        # One look at all of them; almost always, that is all.
        joined = "".join(piece)
        if joined.isascii():
            continue
        if not encodable(joined):
            broken.update(text for text in piece if not encodable(text))
        if "\ufffd" in joined:
            replaced.update(text for text in piece if "\ufffd" in text)
    return OddText(broken=broken, replaced=replaced)


def take(values: Iterable[str], *, at_once: int) -> Iterator[Sequence[str]]:
    """The values in pieces of bounded length."""
    source = iter(values)
    while piece := list(islice(source, at_once)):
        yield piece
