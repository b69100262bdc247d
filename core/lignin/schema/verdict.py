"""What a judge counted, as problems in words."""

from collections.abc import Mapping
from dataclasses import replace

from lignin.schema.column import Stored
from lignin.schema.dtype import Dtype
from lignin.schema.fix import Fixer
from lignin.schema.judge import Judge, Verdict
from lignin.schema.report import Checked, Problem, ProblemKind

__all__ = ["checked_column", "column_problems"]

_TOLD_TERMS = 1_000
# Of so many texts at most it is looked up what they were meant to be.
_LOOKED_UP = 100


def checked_column(judge: Judge, *, name: str, slot: str) -> Checked:
    """That a column was checked, and which terms occur in it."""
    verdict = judge.verdict
    terms = tuple(text for text, _ in zip(verdict.known, range(_TOLD_TERMS), strict=False))
    return Checked(
        slot=slot, name=name, dtype=str(judge.feature.dtype), rows=verdict.rows, missing=verdict.missing, terms=terms, n_terms=len(verdict.known),
        unknown=tuple(_by_frequency(verdict.unknown)),
    )


def column_problems(judge: Judge, *, name: str, slot: str, fixer: Fixer, examples: int) -> list[Problem]:
    """The problems of one column."""
    verdict, feature = judge.verdict, judge.feature
    found = [_wrong(verdict, feature.dtype, name, fixer), _holes(verdict), *_text(verdict, name, fixer, examples)]
    if verdict.missing and not feature.nullable:
        fix = None if feature.default is None else fixer.fill(name, feature.default)
        message = f"{verdict.missing:,} of {verdict.rows:,} values are missing, and none may be"
        found.append(Problem(kind=ProblemKind.MISSING_VALUES, message=message, count=verdict.missing, of=verdict.rows, fix=fix))
    if verdict.unknown:
        found.append(_unknown(judge, name, fixer, examples))
    if verdict.infinite:
        message = f"{verdict.infinite:,} of {verdict.rows:,} values are infinite"
        found.append(Problem(kind=ProblemKind.INFINITE, message=message, refused=False, count=verdict.infinite, of=verdict.rows))
    return [replace(problem, slot=slot, column=name) for problem in found if problem is not None]


def _wrong(verdict: Verdict, dtype: Dtype, name: str, fixer: Fixer) -> Problem | None:
    count = verdict.wrong.total()
    if not count:
        return None
    total = verdict.items or verdict.rows
    kinds = ", ".join(f"{told}" if len(verdict.wrong) == 1 else f"{told}: {number:,}" for told, number in verdict.wrong.most_common())
    whole = count == total - verdict.missing and not verdict.items
    message = f"all values are {kinds}, not {dtype}" if whole else f"{count:,} of {total:,} values are not {dtype} ({kinds})"
    fix = fixer.decode(name) if verdict.stored == {Stored.BYTES} else fixer.cast(name, dtype) if verdict.mendable else None
    return Problem(kind=ProblemKind.WRONG_TYPE, message=message, count=count, of=total, examples=tuple(verdict.samples.items()), fix=fix)


def _holes(verdict: Verdict) -> Problem | None:
    if not verdict.holes:
        return None
    message = f"{verdict.holes:,} of {verdict.items:,} items of lists are missing; leave them out of the lists"
    return Problem(kind=ProblemKind.MISSING_VALUES, message=message, count=verdict.holes, of=verdict.items)


def _text(verdict: Verdict, name: str, fixer: Fixer, examples: int) -> list[Problem]:
    found = []
    if verdict.broken:
        count = verdict.broken.total()
        message = f"{count:,} of {verdict.rows:,} texts were read with the wrong encoding and can't be stored; read the file again as what it is (encoding='latin-1'?)"
        found.append(Problem(kind=ProblemKind.ENCODING, message=message, count=count, of=verdict.rows, examples=_examples(verdict.broken, examples)))
    if verdict.replaced:
        count = verdict.replaced.total()
        message = f"{count:,} of {verdict.rows:,} texts hold the sign that a reader puts for what it can't read; some letters are lost"
        found.append(Problem(kind=ProblemKind.ENCODING, message=message, refused=False, count=count, of=verdict.rows, examples=_examples(verdict.replaced, examples)))
    return found


def _unknown(judge: Judge, name: str, fixer: Fixer, examples: int) -> Problem:
    verdict, vocabularies = judge.verdict, judge.vocabularies
    ordered = _by_frequency(verdict.unknown)
    looked_up = ordered[:_LOOKED_UP]
    standard: dict[str, str] = {}
    near: dict[str, tuple[str, ...]] = {}
    for vocabulary in vocabularies:
        standard = {**vocabulary.standard(looked_up), **standard}
        near = {**vocabulary.near([text for text in ordered[:examples] if text not in standard]), **near}
    named = " or ".join(vocabulary.name for vocabulary in vocabularies)
    more = "at least " if verdict.unheld else ""
    message = f"{more}{len(verdict.unknown):,} {'value is' if len(verdict.unknown) == 1 else 'values are'} not in {named}, in {verdict.unknown_cells:,} of {verdict.rows:,} rows"
    lines = []
    if standard:
        lines.append(fixer.replace(name, standard, categories=any(told.startswith("category") for told in verdict.told)))
    new = [text for text in ordered if text not in standard and text not in near]
    if new:
        lines.append(next((line for v in vocabularies if (line := v.creation(new[:_LOOKED_UP])) is not None), None))
    suggested = {text: (standard[text],) if text in standard else near[text] for text in ordered[:examples] if text in standard or text in near}
    return Problem(
        kind=ProblemKind.UNKNOWN_TERMS, message=message, count=verdict.unknown_cells, of=verdict.rows, suggestions=tuple((repr(k), v) for k, v in suggested.items()),
        examples=tuple((_short(text), verdict.unknown[text]) for text in ordered[:examples]), fix="\n".join(filter(None, lines)) or None,
    )


def _examples(counted: Mapping[str, int], examples: int) -> tuple[tuple[str, int], ...]:
    return tuple((_short(text), counted[text]) for text in _by_frequency(counted)[:examples])


def _by_frequency(counted: Mapping[str, int]) -> list[str]:
    """The most frequent first, then by the alphabet: the same data give the same text."""
    return sorted(counted, key=lambda text: (-counted[text], text))


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
