"""The part of a description that says what is in a dataset, and how that differs from the version before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from lignin.instance.dataset_features import DatasetFeatures, SlotFeatures, dataset_features
from lignin.instance.describe_drift import drift_lines
from lignin.instance.told_dtypes import told_dtypes
from lignin.model import Artifact

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["add_dataset"]

# So many labels of a column are kept, and no more are told than fit a line.
_KEPT = 1_000
_TOLD = 8
_TOLD_COLUMNS = 40
_TOLD_CHANGES = 6


def add_dataset(instance: Instance, tree: Tree, artifact: Artifact, *, schema: str | None) -> None:
    """Add what was found in a dataset to the tree of its description; one statement, and one for the version before."""
    now, before = dataset_features(instance, artifact)
    if before is not None:
        changes, distances = list(_changes(before, now)), drift_lines(instance, artifact, before=before.uid)
        more = f"; and {len(changes) - _TOLD_CHANGES:,} more" if len(changes) > _TOLD_CHANGES else ""
        if changes or distances:
            told = "; ".join(changes[:_TOLD_CHANGES]) + more
            since = tree.add(Text(f"since {before.uid[-4:]}: {told}".rstrip(), overflow="fold"))
            for line in distances:
                since.add(Text(line, overflow="fold"))
    if not now.slots:
        return
    branch = tree.add(Text("Dataset features", style="bold").append(f" (valid by {schema!r})" if schema else "", style="not bold dim"))
    dtypes = instance.database.read(lambda session: told_dtypes(session, (dtype for slot in now.slots.values() for dtype in slot.columns.values())))
    for name, slot in now.slots.items():
        slot.columns = {column: dtypes[str(dtype)] for column, dtype in slot.columns.items()}
        _add_slot(branch.add(Text(f"{name} ({slot.n_members:,}{f' of {slot.itype}' if slot.itype else ''})")), slot)


def _add_slot(branch: Tree, slot: SlotFeatures) -> None:
    width = max((len(name) for name in slot.columns), default=0)
    kinds = max((len(dtype) for dtype in slot.columns.values()), default=0)
    for name, dtype in list(slot.columns.items())[:_TOLD_COLUMNS]:
        told = f"{name:<{width}}  {dtype:<{kinds}}"
        if name == slot.index:
            told += "  row names"
        if terms := slot.terms.get(name):
            more = "" if len(terms) <= _TOLD else f", … ({'at least ' if len(terms) >= _KEPT else ''}{len(terms):,})"
            told += f"  {', '.join(terms[:_TOLD])}{more}"
        branch.add(Text(told.rstrip(), overflow="ellipsis", no_wrap=True))
    if len(slot.columns) > _TOLD_COLUMNS:
        branch.add(Text(f"… and {len(slot.columns) - _TOLD_COLUMNS:,} more"))


def _changes(before: DatasetFeatures, now: DatasetFeatures) -> Iterator[str]:
    """What differs, as far as it was found; for the rest there is `ln.drift`."""
    if None not in {before.n_observations, now.n_observations} and before.n_observations != now.n_observations:
        yield f"{before.n_observations:,} → {now.n_observations:,} observations"
    for name in before.slots.keys() & now.slots.keys():
        old, new = before.slots[name], now.slots[name]
        where = "" if name == "columns" else f"{name} "
        if old.itype and old.itype == new.itype and old.n_members != new.n_members:
            yield f"{where}{old.n_members:,} → {new.n_members:,} identifiers"
        for sign, columns in (("+", [c for c in new.columns if c not in old.columns]), ("−", [c for c in old.columns if c not in new.columns])):
            if columns:
                yield f"{where}{sign}{_few(columns)}"
        for column, terms in new.terms.items():
            known = old.terms.get(column, [])
            if column in old.columns and max(len(known), len(terms)) < _KEPT:
                yield from _terms(f"{where}{column}", set(known), set(terms))


def _terms(column: str, old: set[str], new: set[str]) -> Iterator[str]:
    told = [f"{sign}{len(terms):,}: {_few(sorted(terms))}" for sign, terms in (("+", new - old), ("−", old - new)) if terms]
    if told:
        yield f"{column} {', '.join(told)}"


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f", … ({len(names):,})" if len(names) > 3 else "")
