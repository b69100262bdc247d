"""The registries of an instance as vocabularies: what terms are looked up in when data are checked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, String, select
from sqlalchemy.orm import Session

from lignin.base.errors import UsageError
from lignin.instance.conditions import compile_lookups
from lignin.instance.named_features import meant_features
from lignin.instance.specs import feature_spec, split_synonyms
from lignin.model import REGISTRIES, Artifact, Feature, Registry, Run, Trashable, Typed
from lignin.schema import FeatureSpec, Spellings, Target, Vocabulary

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["InstanceRegistries", "RegistryTerms"]

_CHUNK = 5_000
# Near spellings are looked for among so many terms; with more of them they would keep a user waiting.
_MOST_COMPARED = 300_000
_CLOSED = {"Artifact", "Run", "Transform", "Collection", "Storage", "User", "Branch", "Space", "Schema", "Note"}


class InstanceRegistries:
    """Looks terms and features up in an instance's database; each question is one statement, for up to 5,000 words at once.

    Args:
        instance: whose.
        tables: vocabularies that stand for targets, by their text (`bionty.Gene.ensembl_gene_id`), before the database is asked.
    """

    def __init__(self, instance: Instance, *, tables: Mapping[str, Vocabulary] | None = None) -> None:
        self._instance = instance
        self._tables = dict(tables or {})
        self._known: dict[Target, Vocabulary | None] = {}

    def vocabulary(self, target: Target) -> Vocabulary | None:
        """The terms of a target; `None` where there is no such registry, or type, here.

        Raises:
            UsageError: the registry has no such field, or no text in it.
        """
        if (table := self._tables.get(str(target))) is not None:
            return table
        if target not in self._known:
            self._known[target] = self.terms(target)
        return self._known[target]

    def terms(self, target: Target) -> RegistryTerms | None:
        """The same, of the database alone."""
        registry = REGISTRIES.get(target.registry)
        if registry is None:
            return None
        types = None if not target.types else self._instance.database.read(lambda session: _types(session, registry, target.types))
        return None if target.types and not types else RegistryTerms(self._instance, target, registry=registry, types=types)

    def features(self, names: Collection[str]) -> Mapping[str, FeatureSpec]:
        """The registered features of these names; of those that are in types, only where there is one of the name."""
        return {name: feature_spec(row) for name, row in self.feature_rows(names).items()}

    def feature_rows(self, names: Collection[str]) -> Mapping[str, Feature]:
        """Their records. One without a type goes before those in types; of several in types none is meant."""
        return {name: rows[0] for name, rows in meant_features(self._instance, names).items() if len(rows) == 1}


class RegistryTerms:
    """The terms of one field of one registry."""

    def __init__(self, instance: Instance, target: Target, *, registry: type[Registry], types: Sequence[int] | None) -> None:
        self._instance = instance
        self._target = target
        self._registry = registry
        name = target.field or registry.label
        if name not in registry.fields() or not isinstance(registry.__mapper__.columns[name].type, String):
            raise UsageError(f"{registry.__name__} has no text {name!r} that terms could be taken from.")
        self._field: Any = getattr(registry, name)
        self._where = tuple(_scope(instance, registry, target, types))
        self._types = types

    @cached_property
    def name(self) -> str:
        """What messages call it: the target, with types by name."""
        if not self._types:
            return str(self._target)
        row: Any = self._instance.database.read(lambda session: session.get(self._registry, self.type_id or 0))
        shown = Target(registry=self._target.registry, types=(row.name,), field=self._target.field, filters=self._target.filters)
        return str(shown)

    def known(self, values: Collection[str]) -> Collection[str]:
        """Those of the values that are terms, letter by letter."""
        return set(self.ids(values))

    def ids(self, values: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """For those of the values that are terms: the name of the registry, and the id of the record there; of several, the first."""
        found: dict[str, tuple[str, int]] = {}
        for chunk in _chunks(values):
            mine = select(self._field, self._registry.id).where(*self._where, self._field.in_(chunk)).order_by(self._registry.id.desc())
            rows = self._instance.database.read(lambda session, mine=mine: session.execute(mine).all())  # type: ignore[misc]  # bound in the loop
            found.update({term: (self._target.registry, own) for term, own in rows})
        return found

    def among(self, ids: Collection[int]) -> Collection[int]:
        """Those of a few ids whose records are terms."""
        mine = select(self._registry.id).where(*self._where, self._registry.id.in_(list(ids)))
        return set(self._instance.database.read(lambda session: session.scalars(mine).all()))

    def standard(self, values: Collection[str]) -> Mapping[str, str]:
        """For synonyms of exactly one term, and terms written with other capitals: that term."""
        return self._spellings.standard(values)

    def near(self, values: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For those that are spelt much like terms: the nearest few of them."""
        return self._spellings.near(values)

    def creation(self, values: Collection[str]) -> str | None:
        """The line of code that would register the values as terms."""
        registry, field = self._registry.__name__, self._field.key
        if registry in _CLOSED or self._target.filters or registry == "Feature":
            return None
        options = [] if field == self._registry.label else [f"field={field!r}"]
        if self._types:
            uid = self._instance.database.read(lambda session: session.scalar(select(self._registry.uid).where(self._registry.id == self.type_id)))
            options.append(f"type=ln.{registry}.get({uid!r})")
        return f"ln.{registry}.from_values({list(values)!r}, {', '.join([*options, 'create=True'])}).save()"

    @property
    def type_id(self) -> int | None:
        """The id of the type whose records the terms are; `None` for those of the whole registry."""
        return self._types[0] if self._types else None

    @cached_property
    def _spellings(self) -> Spellings:
        """All terms, loaded where an unknown one is to be explained."""
        synonyms = getattr(self._registry, "synonyms", None)
        columns = [self._field] if synonyms is None else [self._field, synonyms]
        mine = select(*columns).where(*self._where, self._field.is_not(None)).order_by(self._registry.id).limit(_MOST_COMPARED)
        rows = self._instance.database.read(lambda session: session.execute(mine).all())
        meant: dict[str, tuple[str, ...]] = {}
        for row in rows if synonyms is not None else ():
            for other in split_synonyms(row[1]):
                meant[other] = (*meant.get(other, ()), row[0])
        return Spellings(terms=frozenset(row[0] for row in rows), synonyms=meant)


def _scope(instance: Instance, registry: type[Registry], target: Target, types: Sequence[int] | None) -> Iterator[ColumnElement[bool]]:
    """What a term's record must be, apart from its name."""
    lookups = {part.path: part.value for part in target.filters}
    if lookups:
        yield compile_lookups(registry, {path: _value(value) for path, value in lookups.items()})
    if issubclass(registry, Trashable):
        yield registry.branch_id.in_(instance.branches_in_sight)
    if issubclass(registry, Typed) and "is_type" not in lookups:
        # A type groups terms, and is none.
        yield registry.is_type.is_(False)
    if types is not None and issubclass(registry, Typed):
        yield registry.type_id.in_(types)
    if issubclass(registry, Artifact):
        yield registry.is_latest.is_(True)
    if issubclass(registry, Run):
        yield registry.name.is_not(None)


def _types(session: Session, registry: Any, names: Sequence[str]) -> Sequence[int]:
    """The id of a type, which is named by uid or name within those before it, and those of all types below it."""
    if not issubclass(registry, Typed):
        raise UsageError(f"{registry.__name__} has no types, so {names[0]!r} can't be one. Filter by a field instead.")
    above: Sequence[int] | None = None
    for name in names:
        named = (registry.uid == name) | (registry.name == name)
        mine = select(registry.id).where(registry.is_type.is_(True), registry.branch_id > 0, named)
        above = session.scalars(mine if above is None else mine.where(registry.type_id.in_(above))).all()
        if not above:
            return ()
    found, pending = set(above or ()), set(above or ())
    while pending:
        pending = set(session.scalars(select(registry.id).where(registry.is_type.is_(True), registry.type_id.in_(pending)))) - found
        found |= pending
    return [*(above or ()), *sorted(found - set(above or ()))]


def _value(text: str) -> Any:
    """A filter's value, which the dtype language writes as text."""
    return {"True": True, "False": False}.get(text, text)


def _chunks(values: Collection[str]) -> Iterator[Sequence[str]]:
    listed = [value for value in dict.fromkeys(values) if isinstance(value, str)]
    return (listed[begin : begin + _CHUNK] for begin in range(0, len(listed), _CHUNK))
