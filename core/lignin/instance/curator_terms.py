"""The labels in a part of a dataset that is curated: which are no terms, and what can be done about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.ports import current
from lignin.base.texts import shown
from lignin.instance.vocabularies import InstanceRegistries, RegistryTerms
from lignin.model import REGISTRIES
from lignin.schema import (
    Categorical,
    Dtype,
    FeatureSpec,
    ListOf,
    Report,
    SchemaSpec,
    Target,
    parse_dtype,
)

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["CuratorTerms"]


class _Curator(Protocol):
    @property
    def report(self) -> Report: ...
    def _mend(self, spec: SchemaSpec) -> None: ...
    def _forget(self) -> None: ...


class CuratorTerms:
    """The columns of labels in one part of a dataset."""

    def __init__(self, curator: _Curator, *, slot: str, spec: SchemaSpec) -> None:
        self._curator = curator
        self._slot = slot
        self._spec = spec

    @property
    def non_validated(self) -> Mapping[str, list[str]]:
        """For each column with texts that are no terms: these, the most frequent first."""
        return {checked.name: list(checked.unknown) for checked in self._curator.report.checked if checked.slot == self._slot and checked.unknown}

    def standardize(self, column: str) -> None:
        """Put terms where synonyms of them stand, or terms in other capitals; `"all"` for all columns of labels.

        Raises:
            UsageError: there is no such column of labels.
        """
        names = self._columns() if column == "all" else {column: self._dtype(column)}
        narrow = SchemaSpec(features=tuple(FeatureSpec(name=name, dtype=dtype) for name, dtype in names.items()), flexible=False, minimal_set=False)
        self._curator._mend(_within(self._slot, narrow))

    def add_new_from(self, column: str, **fields: Any) -> None:
        """Register the texts of a column that are no terms; `"all"` for all columns. Synonyms of terms are left to `standardize`.

        Args:
            column: which.
            fields: what all new records have besides their name: `description="…"`.

        Raises:
            UsageError: there is no such column of labels, or its terms are not registered here.
        """
        for name in self.non_validated if column == "all" else [column]:
            self._add(name, fields)
        self._curator._forget()

    def lookup(self) -> SimpleNamespace:
        """The terms of each column as attributes, for completion in a prompt: `curator.cat.lookup().cell_type.t_cell`."""
        found = {}
        for name, dtype in self._columns().items():
            for target in _targets(dtype):
                registry = REGISTRIES.get(target.registry)
                terms = InstanceRegistries(_instance()).terms(target)
                if registry is not None and terms is not None:
                    records = _instance().query(registry)
                    found[name] = (records if terms.type_id is None else records.filter(type_id=terms.type_id)).lookup(target.field)
        return SimpleNamespace(**found)

    def _add(self, column: str, fields: Mapping[str, Any]) -> None:
        dtype = self._dtype(column)
        unknown: Sequence[str] = self.non_validated.get(column, [])
        if not unknown:
            say("→", f"all labels of {column!r} are terms already")
            return
        target, terms = _open_registry(column, dtype)
        meant = terms.standard(unknown)
        new = [text for text in unknown if text not in meant]
        if meant:
            say("!", f"{len(meant):,} of {column!r} are synonyms of terms, and were not registered; replace them: curator.cat.standardize({column!r})")
        if not new:
            return
        registry: Any = REGISTRIES[target.registry]
        kind = None if terms.type_id is None else registry.get(id=terms.type_id)
        records = registry.from_values(new, target.field, type=kind, create=True)
        for record in records:
            for name, value in fields.items():
                setattr(record, name, value)
        records.save()
        say("✓", f"registered {len(new):,} new in {terms.name}: {', '.join(map(shown, new[:5]))}{', …' if len(new) > 5 else ''}")

    def _columns(self) -> Mapping[str, Dtype]:
        """The columns whose labels are terms, with their dtypes."""
        found = {checked.name: parse_dtype(checked.dtype) for checked in self._curator.report.checked if checked.slot == self._slot}
        if self._spec.itype is not None and self._spec.itype.registry != "Feature":
            # Identifiers are names of columns or rows, which are not replaced.
            found = {name: dtype for name, dtype in found.items() if self._spec.feature(name) is not None}
        return {name: dtype for name, dtype in found.items() if _targets(dtype)}

    def _dtype(self, column: str) -> Dtype:
        columns = self._columns()
        if column not in columns:
            choices = ", ".join(map(repr, columns)) or "none"
            raise UsageError(f"{shown(column)} is no column{f' of {self._slot}' if self._slot else ''} whose labels are terms. Those are: {choices}")
        return columns[column]

    def __repr__(self) -> str:
        return f"<labels of {self._slot or 'columns'}: {', '.join(self._columns()) or 'none'}>"


def _open_registry(column: str, dtype: Dtype) -> tuple[Target, RegistryTerms]:
    """The registry that new terms of a column go to.

    Raises:
        UsageError: there is none here that takes new ones.
    """
    for target in _targets(dtype):
        terms = InstanceRegistries(_instance()).terms(target)
        if terms is not None and terms.creation(["x"]) is not None:
            return target, terms
    raise UsageError(f"the labels of {column!r} are {dtype}, of which none can be registered from a name alone. Register them, or correct the labels.")


def _instance() -> Instance:
    found: Any = current()
    return found  # type: ignore[no-any-return]  # what is open is an Instance


def _within(slot: str, spec: SchemaSpec) -> SchemaSpec:
    return SchemaSpec(slots={slot: spec}) if slot else spec


def _targets(dtype: Dtype) -> tuple[Target, ...]:
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype.targets if isinstance(dtype, Categorical) else ()
