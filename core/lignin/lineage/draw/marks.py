"""How a status looks, in the terminal and as a small picture: always a shape, never a colour alone."""

from dataclasses import dataclass

from lignin.lineage.graph import Node

__all__ = ["MARKS", "Mark", "mark_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The look of a status.

    Attributes:
        symbol: one terminal cell.
        style: rich style.
        tone: `good`, `bad`, `idle`, `busy`: the class of its colour in pictures.
        path: SVG path data around (0, 0), within ±4, drawn as a stroke.
        word: shown beside the symbol where the symbol does not speak for itself.
    """

    symbol: str
    style: str
    tone: str
    path: str
    word: str | None = None


_CROSS = "M-3 -3L3 3M3 -3L-3 3"
_BAR = "M-3.4 0L3.4 0"

MARKS = {
    "completed": Mark(symbol="✓", style="green", tone="good", path="M-3.4 .4L-1 2.8L3.6 -2.8"),
    "failed": Mark(symbol="✗", style="bold red", tone="bad", path=_CROSS, word="failed"),
    "crashed": Mark(symbol="✗", style="bold red", tone="bad", path=_CROSS, word="crashed"),
    "cached": Mark(symbol="=", style="cyan", tone="good", path="M-3.2 -1.7L3.2 -1.7M-3.2 1.7L3.2 1.7", word="cached"),
    "running": Mark(symbol="▸", style="yellow", tone="busy", path="M-2 -3.2L3 0L-2 3.2Z", word="running"),
    "scheduled": Mark(symbol="○", style="yellow", tone="busy", path="M0 -3.2V0H2.8", word="scheduled"),
    "skipped": Mark(symbol="»", style="dim", tone="idle", path="M-3 -3L0 0L-3 3M0 -3L3 0L0 3", word="skipped"),
    "cancelled": Mark(symbol="-", style="dim", tone="idle", path=_BAR, word="cancelled"),
    "rolled back": Mark(symbol="<", style="dim", tone="idle", path="M2 -3.2L-3 0L2 3.2", word="rolled back"),
}


def mark_of(node: Node) -> Mark | None:
    """The mark of a run's status; `None` for artifacts and for runs whose status is not known."""
    if node.type != "run" or node.status is None:
        return None
    return MARKS.get(node.status) or Mark(symbol="?", style="dim", tone="idle", path=_BAR, word=node.status)
