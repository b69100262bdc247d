"""Records: samples, donors, instruments, experiments; the rows of sheets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.ports import current
from lignin.model.annotated import Annotated
from lignin.model.registry import (
    Owned,
    Parented,
    Registry,
    ToMany,
    ToOne,
    Trashable,
    Typed,
    unique_within_type,
)
from lignin.model.types import exact, optional_link

__all__ = ["Record"]


class _FrameOf:
    """`Record.to_dataframe()` is the registry as a frame, `sheet.to_dataframe()` that sheet."""

    def __get__(self, record: Record | None, owner: type[Record]) -> Any:
        return current().query(owner).to_dataframe if record is None else partial(current().sheet_frame, record)


class Record(Registry, Annotated, Owned, Trashable, Typed, Parented):
    """Anything that experiments are about. A type with a schema is a sheet, and its records are the rows. Names are unique within a type.

    `Record.to_dataframe()` lists records; `sheet.to_dataframe()` is the sheet, with a column for each feature and the records' names (as the
    frame's index, where the schema has one; else in `__lignin_record_name__`). `recurse=True` adds the records of the types below.

    Args:
        name: as people call it; rows of a sheet may have none.
        type: the type that it belongs to; a sheet's rows must have what the sheet's schema asks for.
        features: its values of features: `{"dose": 3.5}`.
        fields: the other fields.

    Attributes:
        schema: of a type: what its records must be.
        extra_data: what nobody checks.

    Raises:
        ValidationError: a value is not what its feature or the sheet asks for; the report names all of them.

    Example:
        >>> sheet = ln.Record(name="Samples", is_type=True, schema=schema).save()  # doctest: +SKIP
        >>> ln.Record(name="S1", type=sheet, features={"dose": 3.5}).save()  # doctest: +SKIP
    """

    __tablename__ = "record"
    uid_length, label = 16, "name"

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str | None] = mapped_column(default=None)
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("record")
    description: Mapped[str | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    extra_data: Mapped[Mapping[str, Any] | None] = mapped_column(default=None)
    schema_id: Mapped[int | None] = optional_link("schema")
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Record")
    schema = ToOne("Schema")
    run = ToOne("Run")
    records = ToMany("Record", other="type_id")
    parents = ToMany("Record", through="record_parent", own="child_id", other="parent_id")
    children = ToMany("Record", through="record_parent", own="parent_id", other="child_id")
    artifacts = ToMany("Artifact", through="artifact_record", own="record_id", other="artifact_id", editable=False)

    if not TYPE_CHECKING:
        to_dataframe = _FrameOf()

    def __init__(self, name: str | None = None, *, type: Record | None = None, features: Mapping[Any, Any] | None = None, **fields: Any) -> None:  # noqa: A002 - as the field
        super().__init__(name=name, **({} if type is None else {"type": type}), **fields)
        if features is not None or type is not None:
            current().construct(self, features, {})

    @classmethod
    def from_dataframe(cls, df: Any, /, *, type: Record | str, dtypes: Mapping[str, Any] | None = None) -> Any:  # noqa: A002 - as the field
        """The rows of a frame as records of a sheet, which `save()` stores: all are checked here, and all problems told at once.

        Their names stand in the column `__lignin_record_name__`, or in the index that the sheet's schema names. Rows whose name is
        in the sheet already must say the same as there, and change nothing.

        Args:
            df: of pandas or polars.
            type: the sheet, or its name; under a new name a sheet is made, with the schema that the frame shows.
            dtypes: for columns of a new sheet that are to be something else than what shows: `{"cell_type": ln.ULabel}`.

        Raises:
            ValidationError: rows are not what the sheet asks for.
            UsageError: this is no frame, or no sheet.

        Example:
            >>> ln.Record.from_dataframe(df, type="Samples").save()  # doctest: +SKIP
        """
        return current().import_sheet(df, type=type, dtypes=dict(dtypes or {}))

    def to_artifact(self, *, key: str | None = None, recurse: bool = False) -> Any:
        """A sheet as a table: a saved artifact whose run has the sheet among its records, so that lineage tells where it comes from.

        Args:
            key: of the artifact; its suffix says the format. By default `sheets/NAME.parquet`.
            recurse: with the records of the types below.
        """
        return current().sheet_artifact(self, key=key, recurse=recurse)


unique_within_type(Record)
