"""The rows of a frame on their way into a sheet: all are checked when they come, and stored in few transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.texts import composed, shown
from lignin.instance.query import QuerySet
from lignin.instance.save_schema import save_schema
from lignin.instance.schemas import inferred_schema
from lignin.instance.sheets.encode_column import (
    EncodedColumn,
    encode_column,
    targets_of,
    texts_of,
)
from lignin.instance.sheets.names import columns_of, name_problems, named_rows
from lignin.instance.sheets.write_rows import Rows, write_rows
from lignin.instance.specs import feature_spec, spec_of
from lignin.instance.vocabularies import InstanceRegistries, RegistryTerms
from lignin.model import Feature, Record, Schema
from lignin.schema import FeatureSpec, Problem, ProblemKind, Report, SchemaSpec, check
from lignin.schema.values import is_missing

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["SheetImport", "import_sheet"]

_AT_ONCE = 100_000
_STRANGE = {ProblemKind.UNLISTED, ProblemKind.UNREGISTERED}


class SheetImport:
    """Checked rows, which `save()` stores.

    Attributes:
        type: the sheet; a new one is saved with the rows.
        report: what the check found worth knowing.
        n_new: how many records `save()` made; the others were there already.
    """

    def __init__(self, instance: Instance, *, sheet: Record, schema: Schema | None, names: Sequence[str | None], columns: Sequence[EncodedColumn], report: Report) -> None:
        self._instance = instance
        self._schema = schema
        self._names = names
        self._columns = columns
        self._ids: list[int] = []
        self.type = sheet
        self.report = report
        self.n_new = 0

    def __len__(self) -> int:
        return len(self._names)

    def save(self) -> Self:
        """Store the rows, up to 100,000 in one transaction, and the sheet before them where it is new. Once more changes nothing.

        Raises:
            UsageError: a name is in the sheet already, with other values.
            Locked: the sheet is locked.
        """
        if self._ids or not self._names:
            return self
        if self.type.id is None:
            self._save_sheet()
        for begin in range(0, len(self._names), _AT_ONCE):
            end = min(begin + _AT_ONCE, len(self._names))
            part = [column.between(begin, end) for column in self._columns]
            done = write_rows(self._instance, self.type, Rows(begin=begin, names=self._names[begin:end], columns=part))
            self._ids += done.ids
            self.n_new += done.n_new
        there = len(self) - self.n_new
        say("→", f"saved {self.n_new:,} records in sheet {self.type.name!r}{f'; {there:,} were there' if there else ''}")
        return self

    @property
    def records(self) -> QuerySet[Record]:
        """The records of the rows, once they are saved, as a query set."""
        found: QuerySet[Record] = QuerySet(self._instance, Record)
        return found.filter(id__in=self._ids)

    def to_dataframe(self, **options: Any) -> Any:
        """The records as a frame; options as in `QuerySet.to_dataframe`."""
        return self.records.to_dataframe(**{"limit": None, **options})

    def __repr__(self) -> str:
        return f"<{len(self):,} rows for sheet {self.type.name!r}, {f'{self.n_new:,} new' if self._ids else 'not saved yet'}>"

    def _save_sheet(self) -> None:
        assert self._schema is not None
        if self._schema.id is None:
            save_schema(self._instance, self._schema)
        self.type.schema = self._schema
        self._instance.save(self.type)
        if not self.type.is_type or self.type.schema_id != self._schema.id:
            raise UsageError(f"somebody made another record {self.type.name!r} meanwhile. Give the frame once more: ln.Record.from_dataframe(df, type={self.type.name!r})")


def import_sheet(instance: Instance, data: Any, *, type: Record | str, dtypes: Mapping[str, Any]) -> SheetImport:  # noqa: A002 - as the field
    """Check the rows of a frame; see `Record.from_dataframe`.

    Raises:
        ValidationError: they are not what the sheet asks for; the report names all problems.
        UsageError: this is no frame of pandas or polars, or no sheet.
    """
    sheet = _find_sheet(instance, type)
    schema: Schema | None = None
    if sheet is None:
        rest, names = named_rows(data, index=None)
        schema = inferred_schema(instance, rest, name=None, dtypes=dtypes)
        sheet, spec = Record(name=str(type), is_type=True), spec_of(instance, schema)
    else:
        if dtypes:
            raise UsageError(f"the dtypes of {sheet.name!r} are those of its schema; dtypes={{…}} is for a sheet that is made of the frame")
        spec = spec_of(instance, sheet.schema) if sheet.schema_id is not None else SchemaSpec(flexible=True)
        rest, names = named_rows(data, index=None if spec.index is None else spec.index.name)
    registries = InstanceRegistries(instance)
    report = _check(rest, spec, registries, names=names)
    report.raise_problems()
    columns = _encode(instance, rest, schema or sheet.schema, registries)
    listed = [None] * len(rest) if names is None else [None if is_missing(name) else composed(name) for name in names]
    return SheetImport(instance, sheet=sheet, schema=schema, names=listed, columns=columns, report=report)


def _find_sheet(instance: Instance, given: Any) -> Record | None:
    """The type that is meant; `None` for a name that is new."""
    if isinstance(given, Record):
        if given.id is None or not given.is_type:
            raise UsageError(f"rows go into a saved type, and {given.name!r} is {'not saved' if given.id is None else 'no type'}. Make one: ln.Record(name=…, is_type=True, schema=…).save()")
        return given
    if not isinstance(given, str) or not given.strip():
        raise UsageError(f"type is a sheet or its name, not {shown(given)}")
    named = select(Record).where(Record.name == composed(given), Record.branch_id.in_(instance.branches_in_sight), (Record.is_type.is_(True)) | Record.type_id.is_(None))
    found = instance.database.read(lambda session: session.scalars(named.order_by(Record.type_id.is_not(None), Record.id)).all())
    types = [record for record in found if record.is_type]
    if found and not types:
        raise UsageError(f"the record {given!r} ({found[0].uid}) is no type, so it has no rows. Choose another name.")
    if len(types) > 1 and types[0].type_id is not None:
        raise UsageError(f"{len(types)} types of records are called {given!r}. Give the record: type=ln.Record.get({types[0].uid!r})")
    return types[0] if types else None


def _check(rest: Any, spec: SchemaSpec, registries: InstanceRegistries, *, names: Sequence[Any] | None) -> Report:
    """All that is wrong. A column that would not be stored is, too."""
    report = check(rest, replace(spec, index=None), registries=registries)
    refused = [replace(note, refused=True) for note in report.notes if note.kind in _STRANGE]
    problems = [*report.problems, *refused, *name_problems(names, needed=None if spec.index is None else spec.index.name)]
    if spec.index is not None and names is not None and not any(problem.column == spec.index.name for problem in problems):
        problems += check({spec.index.name: names[0]} if len(names) == 1 else [{spec.index.name: name} for name in names], _only(spec.index), registries=registries).problems
    return Report(problems=tuple(problems), notes=tuple(note for note in report.notes if note.kind not in _STRANGE), checked=report.checked)


def _only(feature: FeatureSpec) -> SchemaSpec:
    return SchemaSpec(features=(replace(feature, nullable=True),))


def _encode(instance: Instance, rest: Any, schema: Schema | None, registries: InstanceRegistries) -> Sequence[EncodedColumn]:
    features = _features(instance, rest, schema, registries)
    encoded, problems = [], []
    for name, values in columns_of(rest).items():
        feature, spec = features[name]
        terms: dict[str, tuple[str, int]] = {}
        for target in reversed(targets_of(spec)):
            vocabulary = registries.vocabulary(target)
            assert isinstance(vocabulary, RegistryTerms)
            terms.update(vocabulary.ids(texts_of(values)))
        try:
            encoded.append(encode_column(feature, spec, values, terms=terms))
        except UsageError as e:
            problems.append(Problem(kind=ProblemKind.WRONG_TYPE, message=str(e), column=name))
    Report(problems=tuple(problems)).raise_problems()
    return encoded


def _features(instance: Instance, rest: Any, schema: Schema | None, registries: InstanceRegistries) -> Mapping[str, tuple[Feature, FeatureSpec]]:
    """The feature of each column: of the schema, else registered."""
    members: Sequence[Feature]
    if schema is None:
        members = ()
    elif schema.id is None:
        members = [feature for feature, _ in schema.__dict__["_members"]]
    else:
        members = list(schema.features.all())
    known = {feature.name: feature for feature in members}
    known.update(registries.feature_rows([name for name in rest.columns if name not in known]))
    return {name: (feature, feature_spec(feature)) for name, feature in known.items()}
