"""Column types and shorthands that all tables share."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, ForeignKey, Integer, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeEngine

__all__ = ["JsonObject", "UtcDateTime", "exact", "exact_text", "is_exact", "optional_link", "primary_key"]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite keeps it as ISO text, which sorts as the moments do."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: in UTC."""
        if value is None:
            return None
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        """To the driver; SQLite's text without its general form for any format, since every row has three of them."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    moment = value if value.tzinfo is UTC or value.tzinfo is None else value.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


class JsonObject(TypeDecorator[Any]):
    """A JSON object, or of a feature any JSON value; PostgreSQL keeps it as JSONB, whose module only its own users load."""

    impl = JSON
    cache_ok = True

    def __init__(self, *, none_as_null: bool = False) -> None:
        super().__init__(none_as_null=none_as_null)
        self.none_as_null = none_as_null

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB where there is one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(import_module("sqlalchemy.dialects.postgresql").JSONB(none_as_null=self.none_as_null))
        return dialect.type_descriptor(JSON(none_as_null=self.none_as_null))

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Comparisons and paths are JSON's own."""
        return self.impl_instance.coerce_compared_value(op, value)


_EXACT = "lignin_exact"

primary_key = Annotated[int, mapped_column(Integer, primary_key=True)]


def exact(**options: Any) -> Any:
    """A column of texts that are compared, ordered and found by their beginning byte by byte, whatever the server's locale.

    Args:
        options: of `mapped_column`.
    """
    return mapped_column(exact_text(), info={_EXACT: True}, **options)


def exact_text(length: int | None = None) -> TypeEngine[str]:
    """The type of such a column."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def is_exact(column: Any) -> bool:
    """Whether a column is such a one."""
    return bool(getattr(column, "info", {}).get(_EXACT))


def optional_link(table: str, *, index: bool = True, cyclic: bool = False) -> Any:
    """A nullable foreign key to `table`.

    Args:
        table: name of the other table.
        index: whether to index it; not where another index serves.
        cyclic: the other table points back, so the constraint is added when both are there.
    """
    return mapped_column(ForeignKey(f"{table}.id", use_alter=cyclic), index=index, default=None)
