"""Lines as SVG path data."""

__all__ = ["TRACK", "around", "at", "curve", "number"]

TRACK = 7.0
"""Distance between lines that run side by side, in pixels."""

_RADIUS = 6.0


def curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """On from `start` to `end`, level at both; straight where they are level anyway."""
    if abs(start[1] - end[1]) < 0.5:
        return f"L{at(*end)}"
    middle = (start[0] + end[0]) / 2
    return f"C{at(middle, start[1])} {at(middle, end[1])} {at(*end)}"


def around(start: tuple[float, float], end: tuple[float, float], *, lane: int, right: float, top: float) -> str:
    """From a row's end into the next row, that begins at height `top`: right, down, back to the left, down, and in.

    `right` is the drawing's right end; lanes, counted from 0, run side by side.
    """
    out, level, back = right - 2 - lane * TRACK, top - 14 - lane * TRACK, 2 + lane * TRACK
    return (
        f"H{number(out - _RADIUS)}Q{at(out, start[1])} {at(out, start[1] + _RADIUS)}"
        f"V{number(level - _RADIUS)}Q{at(out, level)} {at(out - _RADIUS, level)}"
        f"H{number(back + _RADIUS)}Q{at(back, level)} {at(back, level + _RADIUS)}"
        f"V{number(end[1] - _RADIUS)}Q{at(back, end[1])} {at(back + _RADIUS, end[1])}"
        f"H{number(end[0])}"
    )


def at(x: float, y: float) -> str:
    """A point."""
    return f"{number(x)} {number(y)}"


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
