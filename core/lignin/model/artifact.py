"""Artifacts: files, folders and array stores, in versions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.errors import UsageError
from lignin.base.ports import current, graph
from lignin.model.annotated import Annotated
from lignin.model.registry import Owned, Registry, ToMany, ToOne, Trashable, Versioned
from lignin.model.types import exact, optional_link

if TYPE_CHECKING:
    import pandas as pd

    from lignin.model.record_list import RecordList
    from lignin.model.run import Run
    from lignin.model.transform import Transform

__all__ = ["Artifact", "ArtifactState"]

_LIVING_LATEST = text("is_latest and branch_id > 0")


class ArtifactState(StrEnum):
    """What is known of an artifact's bytes.

    `stored`: they lie where the record says; `saving`: a save has not ended yet; `gone`: they
    were overwritten or deleted; `changed`: they moved before they could be hashed, so no content is
    claimed; `unhashed`: they lie where nobody has read them yet.
    """

    STORED = "stored"
    SAVING = "saving"
    GONE = "gone"
    CHANGED = "changed"
    UNHASHED = "unhashed"


class Artifact(Registry, Annotated, Owned, Trashable, Versioned):
    """A file, folder or array store, known by every byte of its content.

    Saving new content under a key that exists makes a new version; the same content under the same
    key is the same artifact; the same content under another key is another artifact that
    shares the stored bytes. Files inside a registered storage stay where they are, others are copied.

    Args:
        data: a path or URL.
        key: its name in the instance, like `study/counts.h5ad`.
        description: a line for people.
        kind: `dataset`, `model`, or free.
        run: the run that made it, unless it is the current one.
        revises: the version that this one follows, for a new version under another key.
        version_tag: a name for this version.
        storage: a storage location, or its root, other than the default, to put it in.
        read: of what lies on S3, GCS or a web server already: whether to read all of it for its content id. By default that
            is done up to 64 MB; the content of what is larger is named by the store's own checksum.
        features: values of features, as `artifact.features.add_values` takes them; stored with the artifact.
        key_is_virtual: `False` puts the bytes under the key, where people find them, instead of at a place named by content.
        schema: a saved schema, or the name of one, that the dataset must satisfy; what is found in it is saved with it.

    Attributes:
        uid: 16 characters for the family, 4 for the version.
        suffix: `.h5ad`, `.fastq.gz`; empty for folders.
        otype: `DataFrame`, `AnnData`, `MuData`, `SpatialData`, `tiledbsoma`, where known.
        size: in bytes.
        hash: the content id: `b3:` and 64 hexadecimal digits of BLAKE3; `b3d:` for folders; `etag:` and
            `etagd:` with the store's own checksum for what lies on S3 and was not read.
        n_files: for folders.
        n_observations: rows, cells.
        relpath: where its bytes lie, below the storage's root.
        mtime_ns: of a file registered in place: its time of last change when it was read.
        state: an `ArtifactState`.
        run: the run that made it first; runs that made it again are `recreating_runs`.
        schema: the schema that its content was found to meet.
        schemas: the features that were found in its parts.
        origin: an artifact of the same content that has a producer, where this one has none: inferred.

    Raises:
        LigninError: nothing is there, the key can't be one, or the suffix does not match.
        ValidationError: the dataset does not satisfy the schema; the error holds all that is wrong.

    Example:
        >>> ln.Artifact("sample.fasta", key="sample.fasta").save()  # doctest: +SKIP
    """

    __tablename__ = "artifact"
    __table_args__ = (
        Index("uq_artifact_family_latest", "family", "branch_id", unique=True, sqlite_where=_LIVING_LATEST, postgresql_where=_LIVING_LATEST),
        Index("ix_artifact_family_hash", "family", "hash"),
        Index("ix_artifact_run_id_id", "run_id", "id"),
        Index("ix_artifact_storage_id_relpath", "storage_id", "relpath"),
    )
    uid_length, label = 16, "key"
    searched = ("key", "description")

    uid: Mapped[str] = exact(unique=True)
    key: Mapped[str | None] = exact(default=None, index=True)
    description: Mapped[str | None] = mapped_column(default=None)
    suffix: Mapped[str] = mapped_column(default="")
    kind: Mapped[str | None] = mapped_column(default=None)
    otype: Mapped[str | None] = mapped_column(default=None)
    size: Mapped[int | None] = mapped_column(BigInteger, default=None)
    hash: Mapped[str | None] = exact(default=None, index=True)
    n_files: Mapped[int | None] = mapped_column(default=None)
    n_observations: Mapped[int | None] = mapped_column(BigInteger, default=None)
    extra_data: Mapped[Mapping[str, Any] | None] = mapped_column(default=None)
    storage_id: Mapped[int] = mapped_column(ForeignKey("storage.id"))
    relpath: Mapped[str] = exact()
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger, default=None)
    state: Mapped[str] = mapped_column(default=ArtifactState.STORED.value)
    run_id: Mapped[int | None] = optional_link("run", index=False, cyclic=True)
    origin_id: Mapped[int | None] = optional_link("artifact")
    schema_id: Mapped[int | None] = mapped_column(default=None, index=True)

    storage = ToOne("Storage")
    run = ToOne("Run")
    origin = ToOne("Artifact")
    ulabels = ToMany("ULabel", through="artifact_ulabel", own="artifact_id", other="ulabel_id")
    projects = ToMany("Project", through="artifact_project", own="artifact_id", other="project_id")
    records = ToMany("Record", through="artifact_record", own="artifact_id", other="record_id")
    references = ToMany("Reference", through="artifact_reference", own="artifact_id", other="reference_id")
    schema = ToOne("Schema")
    schemas = ToMany("Schema", through="artifact_schema", own="artifact_id", other="schema_id", editable=False)
    collections = ToMany("Collection", through="collection_artifact", own="artifact_id", other="collection_id", editable=False)
    input_of_runs = ToMany("Run", through="run_input", own="artifact_id", other="run_id", editable=False)
    output_of_runs = ToMany("Run", through="run_output", own="artifact_id", other="run_id", editable=False)

    def __init__(
        self,
        data: Any = None,
        *,
        key: str | None = None,
        description: str | None = None,
        kind: str | None = None,
        run: Run | None = None,
        revises: Artifact | None = None,
        version_tag: str | None = None,
        storage: Any = None,
        read: bool | None = None,
        key_is_virtual: bool | None = None,
        schema: Any = None,
        features: Mapping[Any, Any] | None = None,
        _format: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if key_is_virtual is False:
            if key is None and (revises is None or revises.key is None):
                raise UsageError("what is to lie under its key needs one: ln.Artifact(path, key=…, key_is_virtual=False)")
            self.__dict__["_at_key"] = True
        options = {
            "key": key,
            "description": description,
            "kind": kind,
            "run": run,
            "revises": revises,
            "version_tag": version_tag,
            "storage": storage,
            "read": read,
            "schema": schema,
            "features": features,
            "format": _format,
        }
        current().construct(self, data, options)

    @classmethod
    def from_dataframe(
        cls,
        df: Any,
        /,
        *,
        key: str | None = None,
        parquet_kwargs: Mapping[str, Any] | None = None,
        csv_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """An artifact from a frame of pandas or polars, or from the path of one; written as the key's suffix says.

        `.parquet` (the default), `.csv`, `.tsv`, also with `.gz`, and `.ipc`. A `LazyFrame` is computed as it is written.
        `n_observations` is the number of rows.
        """
        asked = {"otype": "DataFrame", "write": dict(parquet_kwargs or csv_kwargs or {})}
        return cls(df, key=key, kind=options.pop("kind", "dataset"), _format=asked, **options)

    @classmethod
    def from_anndata(
        cls,
        adata: Any,
        /,
        *,
        key: str | None = None,
        format: str | None = None,  # noqa: A002
        h5ad_kwargs: Mapping[str, Any] | None = None,
        zarr_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Self:
        """An artifact from an AnnData object, or from the path of one; `.h5ad` unless the key says `.zarr`.

        Without a key, `format` says how it is written: `h5ad`, `zarr` or `anndata.zarr`. `n_observations` is the number of observations.
        """
        asked = {"otype": "AnnData", "write": dict(h5ad_kwargs or zarr_kwargs or {}), "suffix": f".{format}" if format else None}
        return cls(adata, key=key, kind=options.pop("kind", "dataset"), _format=asked, **options)

    @classmethod
    def from_mudata(cls, mdata: Any, /, *, key: str | None = None, **options: Any) -> Self:
        """An artifact from a MuData object, or from the path of one; `.h5mu` unless the key says `.zarr`.

        `n_observations` is the number of observations.
        """
        return cls(mdata, key=key, kind=options.pop("kind", "dataset"), _format={"otype": "MuData"}, **options)

    @classmethod
    def from_spatialdata(cls, sdata: Any, /, *, key: str | None = None, **options: Any) -> Self:
        """An artifact from a SpatialData object, or from the path of one; written as `.zarr`."""
        return cls(sdata, key=key, kind=options.pop("kind", "dataset"), _format={"otype": "SpatialData"}, **options)

    @classmethod
    def from_tiledbsoma(cls, experiment: Any, /, *, key: str | None = None, **options: Any) -> Self:
        """An artifact from an experiment of TileDB-SOMA that is open for reading or closed, or from the path of one; a folder `.tiledbsoma`.

        It is taken as it lies on disk. `n_observations` is the number of observations.
        """
        return cls(experiment, key=key, kind=options.pop("kind", "dataset"), _format={"otype": "tiledbsoma"}, **options)

    @classmethod
    def from_dir(cls, folder: Any, /, *, key: str | None = None, **options: Any) -> RecordList[Artifact]:
        """Artifacts of all files below a folder, or below a prefix on S3, to be saved together: `Artifact.from_dir("raw").save()`.

        A zarr store below it is one artifact. Files in a registered storage stay where they are, others are copied. What lies in a
        folder `.lignin` is left out. For one artifact of the whole folder: `Artifact(folder, key=…)`.

        Args:
            folder: its path or URL.
            key: what their keys begin with; by default the folder's place in its storage, else its name.
            options: for each, as for `Artifact`.
        """
        made: RecordList[Artifact] = current().construct_folder(folder, key=key, options=options)
        return made

    @classmethod
    def from_lazy(cls, suffix: str | None = None, *, key: str | None = None, **options: Any) -> Any:
        """A place in storage to write to, which becomes an artifact when it is saved: large arrays need no second copy.

        Args:
            suffix: of what will be written; by default the key's, else `.zarr`.
            key: the artifact's name in the instance.
            options: as for `Artifact`; `storage` says in which storage location.

        Returns:
            a context manager with `path` and, for zarr, `store`; it is saved at the end of the block, and discarded where the block
            fails. Without a block: `save()`.

        Example:
            >>> with ln.Artifact.from_lazy(key="images.zarr") as lazy:  # doctest: +SKIP
            ...     zarr.open_group(lazy.store, mode="w").create_array("raw", data=array)
            >>> lazy.artifact.load()  # doctest: +SKIP
        """
        return current().lazy(suffix=suffix, options={**options, "key": key})

    @property
    def key_is_virtual(self) -> bool:
        """Whether the bytes lie elsewhere than under the key: at a place that is named by content, or by a file's own path."""
        return self.relpath != self.key

    @property
    def transform(self) -> Transform | None:
        """The code of the run that made it."""
        run = self.run
        return None if run is None else run.transform

    @property
    def recreating_runs(self) -> Any:
        """The runs that made the same content again, as a query set."""
        runs = self.output_of_runs.all()
        return runs if self.run_id is None else runs.exclude(id=self.run_id)

    @property
    def path(self) -> Any:
        """Where the bytes lie: a `UPath`, which for local files is a `pathlib.Path`."""
        return current().path(self)

    def load(self, *, verify: bool = False, is_run_input: bool | Run | None = None, **options: Any) -> Any:
        """The object in memory: a frame, an AnnData, an image, a text, a dict; the path where no reader is known.

        Tables are frames of pandas, or of polars with `engine="polars"`.

        Args:
            verify: read every byte first, and compare it with what was recorded.
            is_run_input: whether the current run, or which run, used it; the current one by default.
            options: for the reader.

        Raises:
            ContentChanged: other bytes lie there.
            BytesGone: the bytes were overwritten or deleted since.
            MissingExtra: the package that reads this format is not installed.
        """
        return current().load(self, verify=verify, is_run_input=is_run_input, **options)

    def open(
        self, *, mode: str = "r", engine: str | None = None, verify: bool = False, is_run_input: bool | Run | None = None, **options: Any
    ) -> Any:
        """The object without loading it: a pyarrow dataset, a backed AnnData, a zarr group, an image, a file.

        What lies on S3 is read as it is asked for; of h5mu a copy is opened.

        Args:
            mode: `r`; `rb` for plain files.
            engine: for tables: `pyarrow` for a dataset (the default), `polars` for a `LazyFrame`.
            verify: read every byte first, and compare it with what was recorded.
            is_run_input: whether the current run, or which run, used it; the current one by default.
            options: for the reader.

        Raises:
            ContentChanged: other bytes lie there.
            BytesGone: the bytes were overwritten or deleted since.
            MissingExtra: the package that reads this format is not installed.
        """
        return current().open(self, mode=mode, engine=engine, verify=verify, is_run_input=is_run_input, **options)

    def cache(self, *, verify: bool = False, is_run_input: bool | Run | None = None) -> Path:
        """A local path with the artifact's bytes: their place, or a copy of what lies on S3.

        `verify=True` reads every byte, and compares it with what was recorded.

        Raises:
            ContentChanged: other bytes lie there.
            BytesGone: the bytes were overwritten or deleted since.
        """
        return current().cache(self, verify=verify, is_run_input=is_run_input)

    def delete(self, *, permanent: bool | None = None, storage: bool | None = None) -> None:
        """Move to the trash; with `permanent=True`, or from the trash, delete for good.

        The bytes go with the last record that shares them, unless `storage=False` keeps them;
        bytes registered in place are kept unless `storage=True`.
        """
        current().delete(self, permanent=permanent, storage=storage)

    def replace(self, data: Any, *, run: Run | None = None) -> Self:
        """Take new content, which the next `save()` stores as the new version, with the same description, labels and projects.

        The old version stays as it is, since runs, collections and artifacts that share its bytes name it; its uid never
        stands for other bytes. After `save()` this object is the new version. The same content changes nothing.

        Args:
            data: a path or URL, or an object of the kind that it held.
            run: the run that made it, unless it is the current one.

        Raises:
            UsageError: this is not the latest version.
            InvalidKey: the content has another suffix than the key.
        """
        current().replace(self, data, {"run": run})
        return self

    def move(self, *, storage: Any) -> Self:
        """Bring the bytes of this version to another storage location: copied, compared, and then removed here.

        Other artifacts that share the bytes keep them where they are. Killed at any moment, nothing is lost.

        Args:
            storage: an `ln.Storage` or its root.

        Raises:
            UsageError: its bytes can't be moved; the message says why.
            ContentChanged: other bytes lie there than were recorded.
        """
        current().move([self], storage)
        return self

    def lineage(self, direction: str = "ancestors", *, depth: int | None = None) -> pd.DataFrame:
        """The artifacts and runs that led to this one, or that came of it, as a frame of edges' ends.

        Args:
            direction: `ancestors` or `descendants`.
            depth: how many runs away, at most; all by default.

        Returns:
            one row per node: `uid, type, name, engine, status, distance, inferred`.
        """
        frame: pd.DataFrame = graph().lineage(self, direction=direction, depth=depth)
        return frame

    def view_lineage(self, *, direction: str = "ancestors", depth: int | None = None, format: str | None = None, path: str | Path | None = None) -> Any:  # noqa: A002
        """Draw the lineage: a tree in a terminal, a picture in a notebook, a file where `path` says so.

        Args:
            direction: `ancestors` or `descendants`.
            depth: how many runs away, at most; all by default.
            format: `tree`, `mermaid`, `svg` or `html`; by the path's suffix, or by where it runs.
            path: a file to write.
        """
        return graph().view(self, direction=direction, depth=depth, format=format, path=path)
