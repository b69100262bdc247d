"""What a check found: all problems at once, grouped and counted, as values and as text."""

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lignin.base.errors import ValidationError

__all__ = ["Checked", "Problem", "ProblemKind", "Report"]


class ProblemKind(StrEnum):
    """What can be wrong with a dataset."""

    MISSING_SLOT = "missing slot"
    MISSING_COLUMN = "missing column"
    DUPLICATE_COLUMN = "duplicate column"
    COLUMN_NAME = "column name"
    COLUMN_ORDER = "column order"
    UNLISTED = "not in the schema"
    UNREGISTERED = "not registered"
    NO_VOCABULARY = "no vocabulary"
    WRONG_TYPE = "wrong type"
    MISSING_VALUES = "missing values"
    UNKNOWN_TERMS = "unknown terms"
    INFINITE = "infinite values"
    ENCODING = "wrong encoding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or worth knowing, with all its occurrences.

    Attributes:
        kind: what it is.
        message: one sentence: what, and of what there should have been.
        refused: whether the dataset is invalid for it; a note otherwise.
        slot: where in a composite dataset; empty in a plain frame.
        column: the column, feature or key; `None` where it is about several, or the whole.
        count: how many values, columns or identifiers it is about.
        of: of how many; `None` where that says nothing.
        examples: the first of them, as text, with how often each occurs (0 where that says nothing).
        suggestions: for examples, what was probably meant, nearest first.
        fix: a line of code that would mend it.
    """

    kind: ProblemKind
    message: str
    refused: bool = True
    slot: str = ""
    column: str | None = None
    count: int = 1
    of: int | None = None
    examples: tuple[tuple[str, int], ...] = ()
    suggestions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fix: str | None = None

    @property
    def where(self) -> str:
        """Slot and column, as a message names them."""
        return " · ".join(filter(None, (self.slot, self.column)))

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON has it."""
        return {
            "kind": str(self.kind), "message": self.message, "refused": self.refused, "slot": self.slot, "column": self.column, "count": self.count,
            "of": self.of, "examples": [{"value": text, "count": count} for text, count in self.examples],
            "suggestions": {text: list(meant) for text, meant in self.suggestions}, "fix": self.fix,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A column that was checked, or the identifiers of a slot.

    Attributes:
        slot: where in a composite dataset.
        name: the column, or the vocabulary that identifiers are of.
        dtype: what it was checked to be.
        rows: how many values there are, missing ones included.
        missing: how many are missing.
        terms: the known terms that occur, or the labels where any will do, in order of first occurrence: at most 1,000.
        n_terms: how many there are; where they are more than can be held, at least how many.
        unknown: the texts that are no terms, the most frequent first: at most 100,000.
    """

    slot: str = ""
    name: str
    dtype: str
    rows: int
    missing: int = 0
    terms: tuple[str, ...] = ()
    n_terms: int = 0
    unknown: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The column as JSON has it."""
        return {
            "slot": self.slot, "name": self.name, "dtype": self.dtype, "rows": self.rows, "missing": self.missing, "terms": list(self.terms), "n_terms": self.n_terms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check found.

    Attributes:
        problems: for what the dataset is refused.
        notes: what is worth knowing, and no reason to refuse it.
        checked: the columns that were checked, valid or not.
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    checked: tuple[Checked, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the dataset satisfies the schema."""
        return not self.problems

    def raise_problems(self) -> None:
        """Do nothing where the dataset satisfies the schema.

        Raises:
            ValidationError: it does not; the error holds this report.
        """
        if self.problems:
            raise ValidationError(self)

    def text(self, *, width: int = 80) -> str:
        """The report for a person. Sentences are wrapped; lines of code are left whole, so that they can be pasted."""
        head = f"{_plural(len(self.checked), 'column')} checked, " + (f"{_plural(len(self.problems), 'problem')}" if self.problems else "valid")
        lines = [f"{'✗' if self.problems else '✓'} {head}"]
        for mark, listed in (("✗", self.problems), ("!", self.notes)):
            for problem in listed:
                lines += _lines(problem, mark, width)
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "ok": self.ok,
            "problems": [problem.to_dict() for problem in self.problems],
            "notes": [note.to_dict() for note in self.notes],
            "checked": [column.to_dict() for column in self.checked],
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __str__(self) -> str:
        return self.text()


def _lines(problem: Problem, mark: str, width: int) -> Iterator[str]:
    where = f"{problem.where}: " if problem.where else ""
    yield from _wrapped(f"{mark} {where}{problem.message}", width, indent="  ")
    if problem.examples:
        named = [f"{text} ({times:,}×)" if times > 1 else text for text, times in problem.examples]
        yield from _wrapped("    " + ", ".join(named) + (", …" if problem.count > _covered(problem) else ""), width, indent="    ")
    for text, meant in problem.suggestions:
        yield from _wrapped(f"    {text}: did you mean {' or '.join(repr(term) for term in meant)}?", width, indent="      ")
    if problem.fix:
        yield from (f"    → {line}" if not number else f"      {line}" for number, line in enumerate(problem.fix.splitlines()))


def _covered(problem: Problem) -> int:
    return sum(max(times, 1) for _, times in problem.examples)


def _wrapped(text: str, width: int, *, indent: str) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=indent, drop_whitespace=True, replace_whitespace=True, break_on_hyphens=False, expand_tabs=False
    )


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
