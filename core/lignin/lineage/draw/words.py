"""Text for every drawing: made harmless, shortened, measured."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from lignin.lineage.graph import Graph, Node

__all__ = ["facts", "plain", "shorten", "text_width", "value_text", "workflow_of"]

# Line breaks, and the marks that turn text around: both let a file name forge what stands next to it.
_TURNING = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")

_NARROW = frozenset("iljtfrI.,:;|!'`()[]{}/\\ -")
_BROAD = frozenset("mwMW@%&")


def plain(text: str) -> str:
    """The text on one line without control characters: each becomes `�`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if c in _TURNING or unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)


def shorten(text: str, width: int) -> str:
    """`plain(text)` in at most `width` terminal cells, cut in the middle: the ends tell paths apart."""
    text = plain(text)
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    tail = (width - 1) * 3 // 5
    return _head(text, width - 1 - tail) + "…" + _head(text[::-1], tail)[::-1]


def _head(text: str, width: int) -> str:
    used = 0
    for position, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[:position]
    return text


def text_width(text: str, size: float) -> float:
    """About how wide the text is in a sans-serif font of that size, on the generous side."""
    return sum(_em(character) for character in text) * size


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.38
    if character in _BROAD:
        return 0.95
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.05
    return 0.72 if character.isupper() else 0.62


def value_text(name: str, value: Any) -> str:
    """A detail's value as people write it: sizes in bytes with a unit, times to the second, the rest as JSON."""
    if name == "size" and isinstance(value, int) and not isinstance(value, bool):
        return _size_text(value)
    match value:
        case str():
            return value
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case Mapping() | list() | tuple():
            return json.dumps(value, default=str, ensure_ascii=False)
        case _:
            return str(value)


def _size_text(size: int) -> str:
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(amount) < 1000 or unit == "TB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{size} B"


def facts(graph: Graph, node: Node) -> tuple[tuple[str, str], ...]:
    """All that is known of a node beside its name, as pairs of texts: each name once, nothing without a value."""
    own = {
        "uid": node.id,
        "type": node.type,
        "engine": node.engine,
        "workflow": workflow_of(graph, node.id),
        "status": node.status,
    }
    told = {name: value for name, value in own.items() if value}
    # A detail that says again what the node itself says is no news.
    told |= {name: value for name, value in node.details.items() if value is not None and name not in told and value != node.name}
    return tuple((plain(name), "\n".join(map(plain, value_text(name, value).splitlines()))) for name, value in told.items())


def workflow_of(graph: Graph, node_id: str) -> str | None:
    """The name of the run that started this one; its uid where it has no name; `None` for others."""
    parent = graph.parents.get(node_id)
    return None if parent is None else graph.parent_names.get(parent) or parent
