"""Values looked up in a vocabulary: which are terms, and what the others were probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lignin.base.errors import UsageError
from lignin.base.extras import require
from lignin.base.texts import shown
from lignin.schema.values import is_missing, plain
from lignin.schema.vocabulary import Vocabulary

__all__ = ["LookedUp", "look_up_terms"]

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What came of looking values up.

    Attributes:
        values: what was looked up, as it was given.
        name: the vocabulary.
        validated: the distinct values that are terms, in order of first occurrence.
        non_validated: the distinct others that are not missing.
        synonyms_mapper: of these, those that are synonyms of one term, or one term in other capitals: that term.
        near: of the rest, those that are spelt much like terms: the nearest few.
        fix: the line of code that would register the rest as terms; `None` where there is none.
    """

    values: tuple[Any, ...]
    name: str
    validated: tuple[str, ...]
    non_validated: tuple[Any, ...]
    synonyms_mapper: Mapping[str, str]
    near: Mapping[str, tuple[str, ...]]
    fix: str | None = None

    @property
    def mask(self) -> Any:
        """Whether each value is a term: an array of truths, one for each value."""
        known = set(self.validated)
        numpy = require("numpy", extra="core")
        return numpy.fromiter((isinstance(value, str) and value in known for value in self.values), dtype=bool, count=len(self.values))

    @property
    def frac_validated(self) -> float:
        """The share of distinct values that are terms: 1 where there are no values."""
        number = len(self.validated) + len(self.non_validated)
        return len(self.validated) / number if number else 1.0

    def standardized(self) -> list[Any]:
        """The values with their terms in the place of synonyms."""
        return [self.synonyms_mapper.get(value, value) if isinstance(value, str) else value for value in self.values]

    def __str__(self) -> str:
        mark = "!" if self.non_validated else "✓"
        lines = [f"{mark} {len(self.validated):,} of {len(self.validated) + len(self.non_validated):,} distinct values are in {self.name}"]
        for value in self.non_validated[:_SHOWN]:
            meant = (self.synonyms_mapper[value],) if value in self.synonyms_mapper else self.near.get(value, ()) if isinstance(value, str) else ()
            lines.append(f"    {shown(value)}" + (f": did you mean {' or '.join(map(repr, meant))}?" if meant else ""))
        lines += ["    …"] if len(self.non_validated) > _SHOWN else []
        return "\n".join([*lines, *([f"    → {self.fix}"] if self.fix else [])])


def look_up_terms(values: Any, vocabulary: Vocabulary) -> LookedUp:
    """Look values up; missing ones are neither terms nor others.

    Raises:
        UsageError: the values are no list, column or index.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise UsageError(f"values are a list of texts, a column or an index, not {shown(values)}")
    listed = tuple(plain(value) for value in values)
    try:
        distinct = [value for value in dict.fromkeys(listed) if not is_missing(value)]
    except TypeError as e:
        raise UsageError("values are texts, and some of these can't be compared with texts: lists or dictionaries. Give one value each.") from e
    texts = [value for value in distinct if isinstance(value, str)]
    known = set(vocabulary.known(texts))
    others = [value for value in distinct if value not in known]
    unknown = [value for value in others if isinstance(value, str)]
    standard = vocabulary.standard(unknown) if unknown else {}
    rest = [value for value in unknown if value not in standard]
    near = vocabulary.near(rest) if rest else {}
    new = [value for value in rest if value not in near]
    return LookedUp(
        values=listed, name=vocabulary.name, validated=tuple(value for value in texts if value in known), non_validated=tuple(others),
        synonyms_mapper=dict(standard), near=dict(near), fix=vocabulary.creation(new) if new else None,
    )
