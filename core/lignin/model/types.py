"""Column types and shorthands that all tables share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, ForeignKey, Integer, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column

__all__ = ["JsonObject", "UtcDateTime", "optional_link", "primary_key"]


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

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonObject = JSON().with_variant(JSONB(), "postgresql")

primary_key = Annotated[int, mapped_column(Integer, primary_key=True)]


def optional_link(table: str, *, index: bool = True, cyclic: bool = False) -> Any:
    """A nullable foreign key to `table`.

    Args:
        table: name of the other table.
        index: whether to index it; not where another index serves.
        cyclic: the other table points back, so the constraint is added when both are there.
    """
    return mapped_column(ForeignKey(f"{table}.id", use_alter=cyclic), index=index, default=None)
