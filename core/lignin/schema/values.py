"""One value against one dtype: what fits, what can be converted without loss, and what counts as missing.

This is the meaning of a dtype. The checks of whole columns are the same, only faster.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from numbers import Integral, Number, Real
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from lignin.schema.dtype import Categorical, Dtype, Kind, ListOf, Simple

__all__ = ["convert", "encodable", "fits", "is_list", "is_missing", "plain", "told_type", "zone_of"]

_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def plain(value: Any) -> Any:
    """The Python value of a NumPy scalar; any other value as it is."""
    if type(value).__module__ != "numpy" or getattr(value, "ndim", 1) != 0:
        return value
    if type(value).__name__ == "datetime64":
        return value.astype("datetime64[us]").item()
    return value.item()


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: `None`, NaN, and the signs that pandas and NumPy have for it."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    if type(value).__name__ in {"datetime64", "timedelta64"}:
        return str(value) == "NaT"
    if isinstance(value, float):
        return math.isnan(value)
    if type(value).__name__ == "Decimal":
        return bool(value.is_nan())
    # NumPy's smaller floats are Python's only in part.
    return isinstance(value, Real) and not isinstance(value, Integral) and math.isnan(value)


def is_list(value: Any) -> bool:
    """Whether a value holds several: a list, tuple, set, or array of one dimension."""
    return isinstance(value, list | tuple | set | frozenset) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def told_type(value: Any) -> str:
    """A value's type as a message names it."""
    return type(plain(value)).__name__


def fits(value: Any, dtype: Dtype) -> bool:
    """Whether a value that is not missing is of a dtype, as it is. Of a label only that it is text."""
    match dtype:
        case ListOf(item=item):
            return is_list(value) and all(not is_missing(v) and fits(v, item) for v in value)
        case Categorical():
            return isinstance(value, str) and encodable(value)
        case Simple(kind=kind, zone=zone):
            return _fits_simple(plain(value), kind, zone)


def convert(value: Any, dtype: Dtype) -> Any:
    """A value that is not missing as one of a dtype, without loss.

    Raises:
        ValueError: there is none.
    """
    if isinstance(dtype, ListOf):
        if not is_list(value):
            raise ValueError(f"{value!r} is no list")
        return [convert(v, dtype.item) for v in value]
    value = plain(value)
    if is_missing(value):
        raise ValueError("a missing value is of no dtype")
    if fits(value, dtype):
        return _canonical(value, dtype)
    if isinstance(dtype, Categorical):
        raise ValueError(f"{value!r} is no label")  # noqa: TRY004 - what can't be converted is one error
    found = _convert_simple(value, dtype.kind)
    if is_missing(found) or not fits(found, dtype):
        raise ValueError(f"{value!r} is no {dtype}")
    return _canonical(found, dtype)


def encodable(text: str) -> bool:
    """Whether a text can be stored at all: one that was read with the wrong encoding may hold halves of surrogate pairs."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def zone_of(value: datetime) -> str | None:
    """The name of a time's zone; `None` where it has none."""
    zone = value.tzinfo
    if zone is None:
        return None
    if zone is UTC or str(zone) in {"UTC", "Etc/UTC", "tzutc()", "Z"}:
        return "UTC"
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)


def _fits_simple(value: Any, kind: Kind, zone: str | None) -> bool:
    truth = isinstance(value, bool)
    match kind:
        case Kind.INT:
            return isinstance(value, Integral) and not truth
        case Kind.FLOAT | Kind.NUM:
            return isinstance(value, Real) and not truth
        case Kind.BOOL:
            return truth
        case Kind.STR:
            return isinstance(value, str) and encodable(value)
        case Kind.DATE:
            return isinstance(value, date) and (not isinstance(value, datetime) or (value.tzinfo is None and value.time() == time()))
        case Kind.DATETIME:
            return isinstance(value, datetime) and (zone is None or zone_of(value) == zone)
        case Kind.DICT:
            return isinstance(value, Mapping)
        case Kind.PATH:
            return isinstance(value, PurePath) or (isinstance(value, str) and bool(value) and "\0" not in value and encodable(value))
        case Kind.URL:
            return isinstance(value, str) and encodable(value) and _is_url(value)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path.strip("/"))) and not any(c.isspace() for c in text)


def _canonical(value: Any, dtype: Dtype) -> Any:
    if isinstance(dtype, Simple):
        if dtype.kind is Kind.DATE and isinstance(value, datetime):
            return value.date()
        if dtype.kind is Kind.FLOAT and isinstance(value, Integral) and int(float(value)) == value:
            return float(value)
    return value


def _convert_simple(value: Any, kind: Kind) -> Any:
    """The nearest that a value can be as another kind; what does not fit is found by the caller."""
    if isinstance(value, str) and "_" in value and kind in {Kind.INT, Kind.FLOAT, Kind.NUM}:
        raise ValueError(f"{value!r} is no number")
    try:
        match kind:
            case Kind.INT:
                return _whole(value)
            case Kind.FLOAT | Kind.NUM:
                return int(value) if isinstance(value, bool) else float(value)
            case Kind.BOOL:
                return _truth(value)
            case Kind.STR | Kind.PATH | Kind.URL if isinstance(value, Number | date | PurePath):
                return str(value)
            case Kind.DATE if isinstance(value, str):
                return datetime.fromisoformat(value.strip())
            case Kind.DATETIME if isinstance(value, str):
                return datetime.fromisoformat(value.strip())
            case Kind.DATETIME if isinstance(value, date) and not isinstance(value, datetime):
                return datetime.combine(value, time())
    except (OverflowError, TypeError, ArithmeticError) as e:
        raise ValueError(str(e)) from e
    return value


def _whole(value: Any) -> int:
    if isinstance(value, str):
        # As people write it: "3", "+3", and "3.0" as spreadsheets export it.
        text = value.strip()
        if text.lstrip("+-").isdecimal():
            return int(text)
        value = float(text)
    number = int(value)
    if number != value:
        raise ValueError(f"{value!r} is no whole number")
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        value = _TRUTHS.get(value.strip().lower(), value)
    if isinstance(value, Real) and value in {0, 1}:
        value = bool(value)
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")  # noqa: TRY004 - what can't be converted is one error
    return value
