"""Curators: a dataset that is checked against a schema, mended where it does not satisfy it, and saved.

curator = ln.curators.DataFrameCurator(df, schema)
curator.cat.non_validated                  # {'cell_type': ['T lymphocyte', 'neuron X']}
curator.cat.standardize("cell_type")       # synonyms become the terms that they mean
curator.cat.add_new_from("cell_type")      # the rest are registered
curator.save_artifact(key="cells.parquet")
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.ports import current
from lignin.base.texts import shown
from lignin.formats import SOMA_OTYPE, place_of_experiment
from lignin.instance.annotate_dataset import annotate_dataset
from lignin.instance.check_dataset import load_file
from lignin.instance.check_values import external_values
from lignin.instance.construct import as_local_path
from lignin.instance.curate import Rules, Subject, curate, inspect_dataset
from lignin.instance.curator_terms import CuratorTerms
from lignin.instance.named_tables import NamedTables, as_vocabularies
from lignin.instance.schemas import find_schema
from lignin.instance.specs import spec_of
from lignin.model import Artifact, Run
from lignin.schema import Report, SchemaSpec, standardize
from lignin.storage import suffix_of

__all__ = ["AnnDataCurator", "Curator", "DataFrameCurator", "MuDataCurator", "SlotCurator", "SpatialDataCurator", "TiledbsomaExperimentCurator"]


class Curator:
    """A dataset and its schema.

    Args:
        dataset: an object, the path of a file, or a saved artifact. Mending changes the object that was given, where it can be changed.
        schema: a saved schema, or the name of one.
        features: what is said of the whole, beside the data, where the schema has a slot `__external__`.
        tables: terms for registries that are not installed here: `{"bionty.Gene.ensembl_gene_id": ids}`.

    Attributes:
        dataset: as it is now.
        schema: what it is to satisfy.

    Raises:
        NotFound: there is no schema of this name.
        UsageError: the schema is none for such a dataset.
    """

    otype: ClassVar[str]

    def __init__(self, dataset: Any, schema: Any, *, features: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None) -> None:
        instance: Any = current()
        self.schema = find_schema(instance, schema)
        place = place_of_experiment(dataset) or dataset
        self.dataset = as_local_path(place) if isinstance(place, str) else place
        self._instance = instance
        self._spec: SchemaSpec = spec_of(instance, self.schema)
        self._external = features
        self._tables = as_vocabularies(tables or {})
        self._report: Report | None = None
        self._artifact = dataset if isinstance(dataset, Artifact) else None
        if self._artifact is not None and self._artifact.id is None:
            raise UsageError(f"{self._artifact!r} is not saved yet. Save it, or give the dataset that it was made of.")
        self._check_kind()

    @property
    def report(self) -> Report:
        """What the last check found; the first look checks. Checked anew after `standardize` and `add_new_from`, and by `validate`."""
        if self._report is None:
            self._report = inspect_dataset(self._subject(), self._spec, registries=self._registries())
        return self._report

    def validate(self) -> Report:
        """Check the dataset as it is now, and give back what was found.

        Raises:
            ValidationError: it does not satisfy the schema; the error holds all problems.
        """
        self._report = None
        self.report.raise_problems()
        return self.report

    def standardize(self) -> None:
        """Bring the dataset as near to the schema as can be without a loss: defaults, conversions, and terms for synonyms."""
        self._mend(self._spec)

    def save_artifact(
        self, *, key: str | None = None, description: str | None = None, revises: Artifact | None = None, run: Run | None = None, **options: Any
    ) -> Artifact:
        """Check the dataset, and save it with what was found in it.

        An artifact that was given is annotated; if its content was mended, it is saved as its new version.

        Raises:
            ValidationError: it does not satisfy the schema; nothing is stored.
        """
        rules = Rules(schema=self.schema, tables=self._tables)
        if isinstance(self.dataset, Artifact):
            for name, value in (("key", key), ("revises", revises), ("run", run), *options.items()):
                if value is not None:
                    raise UsageError(f"{name} can't be given for {self.dataset.key or self.dataset.uid}, which is saved already and is annotated as it is")
            found = curate(self._instance, self._subject(), rules)
            annotate_dataset(self._instance, self.dataset, found, description=description)
            return self.dataset
        if self._artifact is not None:
            key, revises = key or self._artifact.key, revises or (self._artifact if self._artifact.key is None else None)
        if self._external is not None:
            options["features"] = self._external
        make = getattr(Artifact, f"from_{self.otype.lower()}")
        saved: Artifact = make(self.dataset, key=key, description=description, revises=revises, run=run, schema=rules, **options).save()
        return saved

    def _subject(self) -> Subject:
        if not isinstance(self.dataset, Artifact):
            return Subject(data=self.dataset, otype=self.otype if _is_path(self.dataset) else None, external=external_values(self._external))
        place = self._instance.cache(self.dataset)
        return Subject(data=place, suffix=self.dataset.suffix, otype=self.dataset.otype, external=external_values(self._external))

    def _registries(self) -> NamedTables:
        return NamedTables(self._instance, tables=self._tables)

    def _mend(self, spec: SchemaSpec) -> None:
        """Standardize the dataset, which is read into memory for that, and say what was changed."""
        self._load()
        can_change = type(self.dataset).__module__.partition(".")[0] != "polars"
        done = standardize(self.dataset, spec, registries=self._registries(), in_place=can_change)
        self.dataset, self._report = done.data, None
        for change in done.changes:
            say("✓", f"{change.slot + ' · ' if change.slot else ''}{change.column}: {change.what} {change.count:,} value{'' if change.count == 1 else 's'}")

    def _load(self) -> None:
        if isinstance(self.dataset, Artifact):
            self.dataset = self.dataset.load()
        elif _is_path(self.dataset):
            self.dataset = load_file(self.dataset, suffix_of(Path(self.dataset).name), otype=self.otype)

    def _forget(self) -> None:
        self._report = None

    def _check_kind(self) -> None:
        if not self._spec.slots:
            raise UsageError(f"the schema {self.schema.name or self.schema.uid!r} has no slots, which {type(self).__name__} needs. Put it into one: ln.Schema(slots={{'obs': schema}})")

    def __repr__(self) -> str:
        told = "not checked yet" if self._report is None else "valid" if self._report.ok else f"{len(self._report.problems)} problems"
        return f"{type(self).__name__}({shown(self.schema.name or self.schema.uid)}, {told})"


class SlotCurator:
    """A part of a composite dataset: its labels (`cat`), its schema, and its problems."""

    def __init__(self, curator: Curator, slot: str, spec: SchemaSpec) -> None:
        self.slot = slot
        self.spec = spec
        self.cat = CuratorTerms(curator, slot=slot, spec=spec)
        self._curator = curator

    @property
    def report(self) -> Report:
        """What the last check found in this part."""
        whole = self._curator.report
        return Report(
            problems=tuple(p for p in whole.problems if p.slot == self.slot),
            notes=tuple(p for p in whole.notes if p.slot == self.slot),
            checked=tuple(c for c in whole.checked if c.slot == self.slot),
        )

    def __repr__(self) -> str:
        return f"SlotCurator({self.slot!r})"


class DataFrameCurator(Curator):
    """A table: a frame of pandas or polars, a parquet, Arrow or text file, a zarr group of columns. Files are checked piece by piece."""

    otype = "DataFrame"

    @property
    def cat(self) -> CuratorTerms:
        """The labels in its columns."""
        return CuratorTerms(self, slot="", spec=self._spec)

    @property
    def slots(self) -> Mapping[str, SlotCurator]:
        """The table as its only part."""
        return {"columns": SlotCurator(self, "", self._spec)}

    def _check_kind(self) -> None:
        if self._spec.slots:
            raise UsageError(f"the schema {self.schema.name or self.schema.uid!r} has slots, and a table has none. Give the schema of one of them.")


class _Composite(Curator):
    @property
    def slots(self) -> Mapping[str, SlotCurator]:
        """Its parts, by the slots of the schema."""
        return {slot: SlotCurator(self, slot, spec) for slot, spec in _leaves(self._spec)}


class AnnDataCurator(_Composite):
    """An AnnData, in memory, backed, or in a file. No matrix is read."""

    otype = "AnnData"


class MuDataCurator(_Composite):
    """A MuData, in memory, backed, or in a file. No matrix is read."""

    otype = "MuData"


class SpatialDataCurator(_Composite):
    """A SpatialData, in memory or in a store."""

    otype = "SpatialData"


class TiledbsomaExperimentCurator(_Composite):
    """An experiment of TileDB-SOMA, open for reading or in a folder. No matrix is read, and nothing in it is changed."""

    otype = SOMA_OTYPE

    def _load(self) -> None:
        raise UsageError(
            "an experiment is changed where it lies, which no curator does: correct it with tiledbsoma, for example by tiledbsoma.io.update_obs, "
            "then validate again. What cat.add_new_from registers needs no change."
        )


def _leaves(spec: SchemaSpec, prefix: str = "") -> list[tuple[str, SchemaSpec]]:
    found = []
    for slot, part in spec.slots.items():
        name = f"{prefix}:{slot}" if prefix else slot
        found += _leaves(part, name) if part.slots else [(name, part)]
    return found


def _is_path(data: Any) -> bool:
    return isinstance(data, Path) or hasattr(type(data), "storage_options")
