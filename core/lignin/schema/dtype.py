"""What a feature's values are: the dtype language as values.

    int  float  num  str  bool  date  datetime  dict  path  url        simple
    datetime64[ns, Europe/Berlin]                                      times in one zone
    cat                                                                any label
    cat[ULabel]  cat[bionty.CellType.ontology_id]                      the terms of a registry, by a field
    cat[bionty.Gene.symbol[organism__name='human']]                    … of those that pass filters
    cat[Record[Sample]]  cat[Record[Lab['wet, dry']].name]             … of a type, and of a type within a type
    cat[bionty.Tissue.ontology_id|bionty.CellType.ontology_id]         … of any of these
    list[int]  list[cat[ULabel]]                                       several values each

`str()` of a dtype is its text; `lignin.schema.parse_dtype` is the way back.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from lignin.base.errors import DtypeError

__all__ = ["BARE", "Categorical", "Dtype", "Filter", "Kind", "ListOf", "Simple", "Target"]

# What may stand without quotes where a type or a filter's value is named.
BARE = re.compile(r"[\w:+/@#.-]+(?: +[\w:+/@#.-]+)*")


class Kind(StrEnum):
    """The simple types."""

    INT = "int"
    FLOAT = "float"
    NUM = "num"
    STR = "str"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    DICT = "dict"
    PATH = "path"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A value that stands for itself.

    Attributes:
        kind: which type; `num` is any number, `float` takes whole numbers too.
        zone: of a datetime, the time zone that all values have.
    """

    kind: Kind
    zone: str | None = None

    def __post_init__(self) -> None:
        if self.zone is not None and self.kind is not Kind.DATETIME:
            raise DtypeError(f"{self.kind} has no time zone; only datetime has one.", text=self.kind)

    def __str__(self) -> str:
        return str(self.kind) if self.zone is None else f"datetime64[ns, {self.zone}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on the terms of a registry: a path of relations, as queries write it, and a value."""

    path: str
    value: str

    def __str__(self) -> str:
        return f"{self.path}={_quoted(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where terms come from: a registry, and what of it.

    Attributes:
        registry: its name, with its module where it has one (`bionty.CellType`).
        types: a type by uid or name, and types within it.
        field: the field whose values are the terms; `None` is the registry's own name field.
        filters: what else the terms must fulfil.
    """

    registry: str
    types: tuple[str, ...] = ()
    field: str | None = None
    filters: tuple[Filter, ...] = ()

    def __str__(self) -> str:
        nested = "".join(f"[{name if BARE.fullmatch(name) else _quoted(name)}" for name in self.types) + "]" * len(self.types)
        field = "" if self.field is None else f".{self.field}"
        filters = f"[{','.join(map(str, self.filters))}]" if self.filters else ""
        return f"{self.registry}{nested}{field}{filters}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """A term of a registry, or of any of several; without targets, any label."""

    targets: tuple[Target, ...] = ()

    def __str__(self) -> str:
        return f"cat[{'|'.join(map(str, self.targets))}]" if self.targets else "cat"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """Several values of one dtype."""

    item: "Dtype"

    def __str__(self) -> str:
        return f"list[{self.item}]"


Dtype = Simple | Categorical | ListOf


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
