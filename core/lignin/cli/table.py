"""Records as a table for people, 80 columns wide where nothing else is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lignin.instance.describe import human_size

__all__ = ["print_table"]

# Most important first; what does not fit one line is folded, never cut.
_COLUMNS = {
    "artifact": ("uid", "key", "size", "created_at"),
    "run": ("uid", "name", "engine", "status", "started_at"),
    "transform": ("uid", "key", "kind", "created_at"),
    "collection": ("uid", "key", "created_at"),
    "storage": ("uid", "root", "host", "role"),
    "user": ("uid", "handle", "name"),
    "ulabel": ("uid", "name", "type"),
    "feature": ("uid", "name", "dtype", "type"),
    "schema": ("uid", "name", "otype", "n_members"),
    "record": ("uid", "name", "type"),
    "reference": ("uid", "name", "doi"),
    "note": ("uid", "target_registry", "kind", "content"),
    "project": ("uid", "name", "type"),
    "branch": ("uid", "name", "status"),
    "space": ("uid", "name", "description"),
}
_FOLDED = {"key", "name", "root", "description", "host", "dtype", "content", "doi"}
_STATUS = {"failed": "red", "crashed": "red", "completed": "green", "running": "blue", "cached": "cyan"}


def print_table(registry: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of a registry's fields; times are in UTC."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for name in _COLUMNS[registry]:
        table.add_column(name, overflow="fold", no_wrap=name not in _FOLDED, justify="right" if name == "size" else "left")
    for row in rows:
        table.add_row(*(_cell(row, name) for name in _COLUMNS[registry]))
    Console(highlight=False).print(table)


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if name == "name" and not value:
        value = row.get("transform")
    if name == "size":
        return "" if value is None else human_size(value)
    if value is None:
        return ""
    if name.endswith("_at"):
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}"
    text = escape(str(value))
    return f"[{_STATUS[value]}]{text}[/]" if name == "status" and value in _STATUS else text
