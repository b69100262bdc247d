"""Inserts that leave alone what is there already, on both back ends."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

__all__ = ["insert_ignore"]


def insert_ignore(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those that would break a unique constraint are left out."""
    if not rows:
        return
    # Each back end's own module, which only its users load.
    dialect = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}")
    session.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))
