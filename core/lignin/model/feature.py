"""Features: variables, with what their values must be."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from lignin.model.registry import Owned, Registry, ToOne, Trashable, Typed, unique_within_type
from lignin.model.types import JsonObject, exact, optional_link

__all__ = ["Feature"]


class Feature(Registry, Owned, Trashable, Typed):
    """A variable: a column of datasets, a key of dictionaries, a field of records. Names are unique within a type.

    Attributes:
        dtype: what its values are, in the dtype language: `float`, `cat[ULabel]`, `list[str]`; absent for a type.
        unit: of a measured quantity.
        synonyms: other names, with `|` between them.
        nullable: whether values may be missing.
        default_value: what stands for a missing value.
        coerce: whether values that can be converted without loss count as valid.
    """

    __tablename__ = "feature"
    uid_length, label = 12, "name"
    searched = ("name", "description", "synonyms")

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str]
    dtype: Mapped[str | None] = mapped_column(default=None)
    is_type: Mapped[bool] = mapped_column(default=False)
    type_id: Mapped[int | None] = optional_link("feature")
    unit: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    synonyms: Mapped[str | None] = mapped_column(default=None)
    nullable: Mapped[bool] = mapped_column(default=True)
    default_value: Mapped[Any | None] = mapped_column(JsonObject(none_as_null=True), default=None)
    coerce: Mapped[bool] = mapped_column(default=False)
    run_id: Mapped[int | None] = optional_link("run", index=False)

    type = ToOne("Feature")
    run = ToOne("Run")


unique_within_type(Feature)
