"""Check a dataset against a stored schema, and say what was found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.ids import digest
from lignin.base.messages import say
from lignin.instance.check_dataset import check_dataset, check_file
from lignin.instance.named_tables import FOLDER, NamedTables
from lignin.instance.schema_members import read_members
from lignin.instance.schemas import find_schema
from lignin.instance.specs import spec_of
from lignin.model import Feature, Schema
from lignin.schema import (
    Checked,
    Problem,
    ProblemKind,
    Report,
    SchemaSpec,
    Vocabulary,
)

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["COLUMNS", "Found", "FoundSlot", "FoundTerms", "Rules", "Subject", "curate", "inspect_dataset"]

COLUMNS = "columns"
"""The slot of a plain table."""
_EXTERNAL = "__external__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked.

    Attributes:
        data: an object in memory, or a path.
        suffix: of the file, where its name does not say.
        otype: the type of the object in it, where that is known.
        external: what is said of the whole beside the data.
    """

    data: Any
    suffix: str | None = None
    otype: str | None = None
    external: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a dataset is checked against: a saved schema, and vocabularies for this check alone."""

    schema: Schema
    tables: Mapping[str, Vocabulary] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSlot:
    """The features that were found in a part of a dataset.

    Attributes:
        slot: the part; `columns` of a table.
        features: ids of features, in the order of the columns.
        index_id: the feature that the row names are.
        itype, dtype: what the names are identifiers of, and what their columns hold, where they are.
        n_members: how many features, or identifiers.
        hash: equal for parts in which the same was found.
    """

    slot: str
    features: tuple[int, ...] = ()
    index_id: int | None = None
    itype: str | None = None
    dtype: str | None = None
    n_members: int = 0
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTerms:
    """The distinct labels in a column."""

    slot: str
    feature_id: int
    dtype: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a valid dataset holds.

    Attributes:
        schema: what it satisfies.
        report: what the check told.
        slots: the features that were found, by part.
        terms: the labels that occur.
        registries: where they were looked up.
    """

    schema: Schema
    report: Report
    slots: tuple[FoundSlot, ...]
    terms: tuple[FoundTerms, ...]
    registries: NamedTables


def curate(instance: Instance, subject: Subject, given: Any) -> Found:
    """What a dataset holds that satisfies a schema, a record, a name or `Rules`; what is worth knowing is told.

    Raises:
        ValidationError: it does not satisfy the schema; the error holds all problems.
        UsageError: there is no such schema.
        NotFound: there is no schema of this name.
    """
    rules = given if isinstance(given, Rules) else Rules(schema=find_schema(instance, given))
    schema = rules.schema
    spec, registries = spec_of(instance, schema), NamedTables(instance, tables=rules.tables)
    report = inspect_dataset(subject, spec, registries=registries)
    report.raise_problems()
    _tell(report, schema, spec)
    found, terms = _found(instance, schema, spec, report=report, registries=registries)
    return Found(schema=schema, report=report, slots=tuple(found), terms=tuple(terms), registries=registries)


def inspect_dataset(subject: Subject, spec: SchemaSpec, *, registries: NamedTables) -> Report:
    """Everything that a check of a dataset finds, with the way to name a table of terms where there is none."""
    if isinstance(subject.data, Path) or hasattr(type(subject.data), "storage_options"):
        report = check_file(subject.data, spec, registries=registries, external=subject.external, suffix=subject.suffix, otype=subject.otype)
    else:
        report = check_dataset(subject.data, spec, registries=registries, external=subject.external)
    return replace(report, problems=tuple(_with_table(problem, registries) for problem in report.problems))


def _with_table(problem: Problem, registries: NamedTables) -> Problem:
    """A problem of a vocabulary that is not here, with the line that names a table for it."""
    missing = [target for target in registries.missing if f" {target} " in problem.message] if problem.kind is ProblemKind.NO_VOCABULARY else []
    if not missing:
        return problem
    registry, field = missing[0].registry, missing[0].field or "name"
    return replace(problem, fix=f'ln.Artifact.from_dataframe(table, key="{FOLDER}/{registry}.parquet").save()  # a table with a column {field!r}')


def _tell(report: Report, schema: Schema, spec: SchemaSpec) -> None:
    parts = []
    for slot, part in _leaves(spec):
        columns = [checked for checked in report.checked if checked.slot == slot]
        is_identified = part.itype is not None and part.itype.registry != "Feature"
        number, noun = (columns[-1].n_terms, "identifier") if is_identified and columns else (len(columns), "column")
        parts.append(f"{slot + ': ' if slot else ''}{number:,} {noun}{'' if number == 1 else 's'}")
    say("✓", f"valid by {schema.name or schema.uid!r}: {', '.join(parts)}")
    for note in report.notes:
        say("!", Report(notes=(note,)).text().partition("\n")[2].removeprefix("! "))


def _found(
    instance: Instance, schema: Schema, spec: SchemaSpec, *, report: Report, registries: NamedTables
) -> tuple[Sequence[FoundSlot], Sequence[FoundTerms]]:
    by_slot: dict[str, list[Checked]] = {}
    for checked in report.checked:
        by_slot.setdefault(checked.slot, []).append(checked)
    members = instance.database.read(lambda session: read_members(session, schema.id))
    slots, terms = [], []
    for slot, part in _leaves(spec):
        columns = by_slot.get(slot, [])
        if slot == _EXTERNAL or not columns:
            continue
        features, identifiers = _resolve(columns, part, members=members.get(slot, {}), registries=registries)
        name = slot or COLUMNS
        found = _slot(name, part, features=features, identifiers=identifiers)
        if found is not None:
            slots.append(found)
        terms += [
            FoundTerms(slot=name, feature_id=feature.id, dtype=checked.dtype, terms=checked.terms) for checked, feature in features if checked.terms
        ]
    return slots, terms


def _leaves(spec: SchemaSpec, prefix: str = "") -> Sequence[tuple[str, SchemaSpec]]:
    """The schemas that check tables, each with its slot as reports name it."""
    if not spec.slots:
        return [(prefix, spec)]
    return [leaf for slot, part in spec.slots.items() for leaf in _leaves(part, f"{prefix}:{slot}" if prefix else slot)]


def _resolve(
    columns: Sequence[Checked], part: SchemaSpec, *, members: Mapping[str, Feature], registries: NamedTables
) -> tuple[list[tuple[Checked, Feature]], Checked | None]:
    """The feature of each column that was checked, and what was told of identifiers."""
    identifiers = None
    if part.itype is not None and part.itype.registry != "Feature":
        # They are told last; the columns that they name are no features.
        identifiers, columns = columns[-1], [checked for checked in columns[:-1] if checked.name in members]
    others = [checked.name for checked in columns if checked.name not in members]
    known = {**(registries.feature_rows(others) if others else {}), **members}
    return [(checked, known[checked.name]) for checked in columns if checked.name in known], identifiers


def _slot(name: str, part: SchemaSpec, *, features: Sequence[tuple[Checked, Feature]], identifiers: Checked | None) -> FoundSlot | None:
    index = next((feature for checked, feature in features if part.index is not None and checked.name == part.index.name), None)
    listed = [feature for _, feature in features if feature is not index]
    itype = None if identifiers is None else str(part.itype)
    dtype = None if identifiers is None or part.dtype is None else str(part.dtype)
    number = len(listed) + (0 if identifiers is None else identifiers.n_terms)
    if not number and index is None:
        return None
    told = [*sorted(feature.uid for feature in listed), f"index {index.uid if index else ''}", f"itype {itype or ''} {dtype or ''} {number}"]
    return FoundSlot(
        slot=name, features=tuple(feature.id for feature in listed), index_id=None if index is None else index.id, itype=itype, dtype=dtype,
        n_members=number, hash=f"found:{digest(chr(10).join(told))}",
    )
