"""What all registries share: the active-record look, relations, and common columns.

A record holds columns only. Whatever needs the database or the disk is one line that goes through
`current()`, so that a record can be made, passed between threads and pickled without a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sqlalchemy import ForeignKey, Index, MetaData, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lignin.base.clock import now
from lignin.base.errors import UsageError
from lignin.base.ports import current
from lignin.model.types import JsonObject, UtcDateTime, exact, optional_link, primary_key

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Owned", "Parented", "Registry", "Related", "ToMany", "ToOne", "Trashable", "Typed", "Versioned", "fresh_tables", "unique_within_type"]

_LIVING = text("branch_id > 0")


class Registry(DeclarativeBase):
    """Base of all tables, and the query methods of every registry."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, Mapping[str, Any]: JsonObject}

    if TYPE_CHECKING:
        # Each registry declares them, in its own place among its columns.
        id: Mapped[int]
        uid: Mapped[str]

    uid_length: ClassVar[int] = 12
    label: ClassVar[str] = "uid"
    searched: ClassVar[tuple[str, ...]] = ("name", "description")

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            if name not in type(self).fields() and name not in type(self).relations():
                choices = ", ".join(sorted({*type(self).fields(), *type(self).relations()}))
                raise UsageError(f"{type(self).__name__} has no field {name!r}. It has: {choices}")
            setattr(self, name, value)

    @classmethod
    @cache
    def fields(cls) -> tuple[str, ...]:
        """Names of all columns, in the order of the table."""
        return tuple(cls.__mapper__.column_attrs.keys())

    @classmethod
    @cache
    def relations(cls) -> Mapping[str, Related]:
        """The relations to other registries, by name."""
        found: dict[str, Related] = {}
        for base in reversed(cls.__mro__):
            found.update({name: value for name, value in vars(base).items() if isinstance(value, Related)})
        return found

    @classmethod
    def filter(cls, *conditions: Any, **lookups: Any) -> Any:
        """All records that meet every condition, as a query set.

        Args:
            conditions: `ln.Q` objects.
            lookups: `field=value`, `field__lookup=value`, `relation__field=value`; lookups are
                `exact, iexact, in, gt, gte, lt, lte, range, contains, icontains, startswith,
                istartswith, endswith, iendswith, regex, isnull`.

        Raises:
            UnknownField: no such field, relation or lookup; the message lists those there are.
        """
        return current().query(cls).filter(*conditions, **lookups)

    @classmethod
    def get(cls, uid: str | int | None = None, /, **lookups: Any) -> Self:
        """The one record of this uid (a prefix is enough, a stem gives the latest version) or lookup.

        Raises:
            NotFound: there is none.
            MultipleFound: there are several.
        """
        found: Self = current().query(cls).get(uid, **lookups)
        return found

    @classmethod
    def all(cls) -> Any:
        """All records in scope, as a query set."""
        return current().query(cls)

    @classmethod
    def to_dataframe(cls, **options: Any) -> pd.DataFrame:
        """The newest records as a frame; options as in `QuerySet.to_dataframe`."""
        frame: pd.DataFrame = current().query(cls).to_dataframe(**options)
        return frame

    @classmethod
    def search(cls, text: str, **options: Any) -> Any:
        """Records whose name, key or description resembles `text`, best first, as a query set."""
        return current().query(cls).search(text, **options)

    @classmethod
    def lookup(cls, field: str | None = None) -> Any:
        """An object whose attributes are the records, for completion in a prompt."""
        return current().query(cls).lookup(field)

    @classmethod
    def inspect(cls, values: Any, field: Any = None, *, type: Any = None) -> Any:  # noqa: A002 - as the field
        """Which of the values name records, and what the others were probably meant to be, as a `lignin.schema.LookedUp`.

        Args:
            values: texts: a list, column or index.
            field: the field that the values are of; the registry's name field by default.
            type: a type, by record, uid or name: only its records count.

        Raises:
            UsageError: the registry has no such field, or no such type.
        """
        return current().look_up(cls, values, field=field, within=type)

    @classmethod
    def validate(cls, values: Any, field: Any = None, *, type: Any = None) -> Any:  # noqa: A002 - as the field
        """Whether each of the values names a record, as an array of truths; arguments and errors as of `inspect`."""
        return cls.inspect(values, field, type=type).mask

    @classmethod
    def standardize(cls, values: Any, field: Any = None, *, type: Any = None, return_mapper: bool = False) -> Any:  # noqa: A002 - as the field
        """The values, with the name of a record in the place of each of its synonyms and of other capitals.

        With `return_mapper`, only what would be replaced, and by what. The other arguments are those of `inspect`.
        """
        found = cls.inspect(values, field, type=type)
        return dict(found.synonyms_mapper) if return_mapper else found.standardized()

    @classmethod
    def from_values(cls, values: Any, field: Any = None, *, type: Any = None, create: bool = False) -> Any:  # noqa: A002 - as the field
        """The records that the values name, each once; of the others, with `create`, new ones that `save()` on the list stores.

        Arguments and errors as of `inspect`.
        """
        return current().from_values(cls, values, options={"field": field, "type": type, "create": create})

    def save(self) -> Self:
        """Store the record; saving twice changes nothing."""
        current().save(self)
        return self

    def delete(self, *, permanent: bool | None = None) -> None:
        """Move the record to the trash; a record without a trash, or in it, is deleted for good."""
        current().delete(self, permanent=permanent)

    def describe(self) -> Any:
        """Print the record with its context as a tree; returns the text."""
        return current().describe(self)

    @property
    def notes(self) -> Any:
        """What people wrote about the record: `notes.readme`, `notes.comments`, `notes.versions()`; `notes.readme = …`, `notes.comment(…)`."""
        return current().notes(self)

    def __repr__(self) -> str:
        shown = {name: getattr(self, name, None) for name in self.fields() if name != "id" and not name.startswith("_")}
        inner = ", ".join(f"{name}={value!r}" for name, value in shown.items() if value is not None)
        return f"{type(self).__name__}({inner})"

    def __eq__(self, other: object) -> bool:
        own = getattr(self, "uid", None)
        # Two that are not saved yet are two.
        return self is other or (own is not None and type(self) is type(other) and own == getattr(other, "uid", None))

    def __hash__(self) -> int:
        return hash((type(self).__name__, getattr(self, "uid", None)))


class Related:
    """A relation to another registry: on the class for queries, on a record for its value.

    Args:
        target: name of the other registry's class.
    """

    target: str
    name: str

    def __set_name__(self, owner: type[Registry], name: str) -> None:
        self.name = name


class ToOne(Related):
    """`artifact.run`: another record, through a foreign key of this one.

    Args:
        target: name of the other registry's class.
        key: name of the foreign-key column; the relation's name with `_id` unless given.
    """

    def __init__(self, target: str, *, key: str | None = None) -> None:
        self.target = target
        self._key = key

    @property
    def key(self) -> str:
        """Name of the foreign-key column."""
        return self._key or f"{self.name}_id"

    def __get__(self, record: Any, owner: type[Any]) -> Any:
        if record is None:
            return self
        held = record.__dict__.get(f"_{self.name}")
        if held is not None and held.id == getattr(record, self.key):
            return held
        return current().follow(record, self)

    def __set__(self, record: Registry, value: Registry | None) -> None:
        if value is not None and type(value).__name__ != self.target:
            raise UsageError(f"{type(record).__name__}.{self.name} takes a {self.target}, not {value!r}")
        if value is not None and value.id is None:
            raise UsageError(f"save {value!r} before you set it as {self.name}: it is not in the database yet")
        setattr(record, self.key, None if value is None else value.id)
        record.__dict__[f"_{self.name}"] = value


class ToMany(Related):
    """`artifact.ulabels`: records at the other end of a link table, or of a foreign key there.

    Args:
        target: name of the other registry's class.
        through: name of the link table.
        own: its column that points here; absent when `through` is.
        other: its column that points to the target; the target's column that points here when
            there is no link table.
        editable: whether `add` and `remove` are offered.
    """

    def __init__(
        self,
        target: str,
        *,
        through: str | None = None,
        own: str = "",
        other: str,
        editable: bool = True,
    ) -> None:
        self.target = target
        self.through = through
        self.own = own
        self.other = other
        self.editable = editable and through is not None

    def __get__(self, record: Any, owner: type[Any]) -> Any:
        return self if record is None else current().members(record, self)

    def __set__(self, record: Registry, value: object) -> None:
        how = f"save it, then {self.name}.set([…]) or .add(…)" if self.editable else "it follows from what was recorded"
        raise UsageError(f"{type(record).__name__}.{self.name} can't be assigned: {how}")


class Owned:
    """Columns of whatever somebody made at some time, in some run."""

    id: Mapped[primary_key]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    created_by_id: Mapped[int | None] = optional_link("account", index=False)
    is_locked: Mapped[bool] = mapped_column(default=False)

    created_by = ToOne("User")


class Trashable:
    """Columns of whatever lives on a branch and in a space, and can be trashed."""

    branch_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), default=1)
    created_on_id: Mapped[int] = mapped_column(ForeignKey("branch.id"), default=1)
    space_id: Mapped[int] = mapped_column(ForeignKey("space.id"), default=1)

    branch = ToOne("Branch")
    created_on = ToOne("Branch")
    space = ToOne("Space")

    def restore(self) -> None:
        """Take the record out of the trash, back to the branch it was made on."""
        current().restore(self)


class Typed:
    """Of whatever is grouped by types, which are records of the same registry: names are unique within one.

    Attributes:
        is_type: whether it groups others.
        type: the type that groups it.
    """

    if TYPE_CHECKING:
        # Each registry declares them, in its own place among its columns.
        id: Mapped[int]
        name: Mapped[str | None]
        is_type: Mapped[bool]
        type_id: Mapped[int | None]
        branch_id: Mapped[int]

    def query_types(self) -> Any:
        """The type that groups it, the type of that, and so on: the nearest first, as a query set."""
        return current().hierarchy(self, along="types")

    def query_records(self, *, depth: int | None = None) -> Any:
        """What this type groups, also through the types that it groups, as a query set.

        Args:
            depth: how many levels down; 1 for what it groups itself, all by default.
        """
        return current().hierarchy(self, along="records", depth=depth)


class Parented:
    """Of whatever can have several parents of the same registry, as terms of an ontology have."""

    def query_parents(self, *, depth: int | None = None) -> Any:
        """Its parents and theirs, as a query set.

        Args:
            depth: how many levels up; all by default.
        """
        return current().hierarchy(self, along="parents", depth=depth)

    def query_children(self, *, depth: int | None = None) -> Any:
        """Its children and theirs, as a query set.

        Args:
            depth: how many levels down; all by default.
        """
        return current().hierarchy(self, along="children", depth=depth)


class Versioned:
    """Columns of whatever has versions: a family, a tag, and one latest per family and branch."""

    if TYPE_CHECKING:
        id: Mapped[int]
        uid: Mapped[str]
        branch_id: Mapped[int]

    version_tag: Mapped[str | None] = mapped_column(default=None)
    is_latest: Mapped[bool] = mapped_column(default=True)
    family: Mapped[str | None] = exact(default=None)

    @property
    def stem_uid(self) -> str:
        """The part of the uid that all versions share."""
        return self.uid[:-4]

    @property
    def version(self) -> str:
        """The tag if there is one, else the last four characters of the uid."""
        return self.version_tag or self.uid[-4:]

    @property
    def versions(self) -> Any:
        """All versions of the family, the newest first, as a query set."""
        return current().versions(self)


def unique_within_type(registry: type[Registry]) -> None:
    """Give a registry the index that keeps names of the living unique within their type; there may be many without a name."""
    table: Any = registry.__table__
    Index(f"uq_{table.name}_name_type", table.c.name, func.coalesce(table.c.type_id, 0), unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING)


def fresh_tables() -> MetaData:
    """All tables in metadata of their own, to create them from.

    SQLAlchemy marks a circular foreign key of the metadata that it creates on PostgreSQL, and from
    then on leaves it out of SQLite's tables in the same process; a copy keeps the original unmarked.
    """
    copy = MetaData(naming_convention=Registry.metadata.naming_convention)
    for table in Registry.metadata.tables.values():
        table.to_metadata(copy)
    return copy
