"""Features: variables, with what their values must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.ports import current
from lignin.model.condition import Descending, Predicate
from lignin.model.record_list import RecordList
from lignin.model.registry import Owned, Registry, ToOne, Trashable, Typed, unique_within_type
from lignin.model.types import JsonObject, exact, optional_link

__all__ = ["Feature"]


class Feature(Registry, Owned, Trashable, Typed):
    """A variable: a column of datasets, a key of dictionaries, a field of records. Names are unique within a type.

    Args:
        name: as the column is called.
        dtype: what its values are: `float`, `datetime.date`, `list[str]`, a registry, one of its fields, a record that is a type, several
            of these in a list, or a text of the dtype language such as `cat[ULabel]`.
        type: a feature that groups others.
        is_type: whether it is one of those, which have no dtype.
        unit: of a measured quantity.
        description: a line for people.
        synonyms: other names, in a list or with `|` between them.
        nullable: whether values may be missing.
        default_value: what `standardize` puts where a value is missing.
        coerce: whether values that can be converted without loss count as valid.
        cat_filters: conditions on the labels that values may be: `{"is_type": True}`.

    Attributes:
        dtype: in the dtype language; absent for a type.
        synonyms: with `|` between them.

    Raises:
        UsageError: there is no such dtype, or the default is no value of it.

    Example:
        >>> ln.Feature(name="dose", dtype=float, unit="mg").save()  # doctest: +SKIP
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

    def __init__(
        self,
        name: str | None = None,
        *,
        dtype: Any = None,
        type: Feature | None = None,  # noqa: A002 - as the field
        is_type: bool = False,
        unit: str | None = None,
        description: str | None = None,
        synonyms: str | Sequence[str] | None = None,
        nullable: bool = True,
        default_value: Any = None,
        coerce: bool = False,
        cat_filters: Mapping[str, Any] | None = None,
        uid: str | None = None,
    ) -> None:
        super().__init__(name=name, is_type=is_type, unit=unit, description=description, nullable=nullable, coerce=coerce, uid=uid, type=type)
        current().construct(self, None, {"dtype": dtype, "synonyms": synonyms, "default_value": default_value, "cat_filters": cat_filters})

    @classmethod
    def from_dataframe(cls, df: Any, *, dtypes: Mapping[str, Any] | None = None, type: Feature | None = None) -> RecordList[Self]:  # noqa: A002 - as the field
        """A feature for each column of a frame: the registered one of its name, or a new one of the dtype that shows. `save()` stores them.

        Args:
            df: of pandas or polars, or an Arrow table.
            dtypes: for columns that are to be something else than what shows: `{"cell_type": ln.ULabel}`.
            type: a feature that groups the new ones.

        Raises:
            UsageError: columns have no one dtype, or names that can't name a feature.
        """
        return RecordList(current().infer_features(df, dtypes=dict(dtypes or {}), type=type))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, dtypes: Mapping[str, Any] | None = None, type: Feature | None = None) -> RecordList[Self]:  # noqa: A002 - as the field
        """The same for the keys of a dictionary."""
        return RecordList(current().infer_features(dict(values), dtypes=dict(dtypes or {}), type=type))

    # Operators ask for values, and two features compare as records do.

    def __eq__(self, other: object) -> Any:
        return super().__eq__(other) if isinstance(other, Feature) else self._asked("exact", other)

    def __ne__(self, other: object) -> Any:
        return not super().__eq__(other) if isinstance(other, Feature) else self._asked("ne", other)

    def __lt__(self, other: Any) -> Predicate:
        return self._asked("lt", other)

    def __le__(self, other: Any) -> Predicate:
        return self._asked("lte", other)

    def __gt__(self, other: Any) -> Predicate:
        return self._asked("gt", other)

    def __ge__(self, other: Any) -> Predicate:
        return self._asked("gte", other)

    def __neg__(self) -> Descending:
        return Descending(feature=self)

    def __hash__(self) -> int:
        return super().__hash__()

    def in_(self, values: Any) -> Predicate:
        """The condition that a value is one of several: `Artifact.filter(feature.in_(["a", "b"]))`."""
        return self._asked("in", values)

    def is_null(self, value: bool = True) -> Predicate:  # noqa: FBT001, FBT002 - as it is written elsewhere
        """The condition that there is no value; with `False`, that there is one."""
        return self._asked("isnull", value)

    def _asked(self, comparison: str, value: Any) -> Predicate:
        return Predicate(self, comparison=comparison, value=value)

    def with_config(self, *, optional: bool = False) -> tuple[Self, Mapping[str, bool]]:
        """The feature as a member of a schema that may be absent: `ln.Schema([feature.with_config(optional=True)])`."""
        return self, {"optional": optional}


unique_within_type(Feature)
