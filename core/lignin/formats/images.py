"""Images: pixels through Pillow, scientific TIFF through tifffile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lignin.base.errors import FormatError
from lignin.formats.format import Format, open_there, require

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["IMAGE", "TIFF"]


def _load_image(path: Path) -> Any:
    with _open_image(path) as image:
        image.load()
    return image


def _open_image(place: Path | UPath, *, mode: str = "r") -> Any:
    """An image whose header is read, and whose pixels will be when they are asked for."""
    pillow = require("PIL.Image", extra="images")
    try:
        return pillow.open(_source(place))
    except pillow.DecompressionBombError as e:
        raise FormatError(f"{place} claims more pixels than Pillow takes for a picture: {e}. Raise PIL.Image.MAX_IMAGE_PIXELS if you trust it.") from e


def _load_tiff(path: Path, **options: Any) -> Any:
    tifffile = require("tifffile", extra="images")
    try:
        return tifffile.imread(path, **options)
    except tifffile.TiffFileError as e:
        raise FormatError(f"{path} is no TIFF: {e}") from e


def _open_tiff(place: Path | UPath, *, mode: str, **options: Any) -> Any:
    """A `TiffFile`: pages, series and metadata, whose pixels are read when they are asked for."""
    tifffile = require("tifffile", extra="images")
    named = {} if isinstance(place, Path) else {"name": place.name}
    try:
        return tifffile.TiffFile(_source(place), **named, **options)
    except tifffile.TiffFileError as e:
        raise FormatError(f"{place} is no TIFF: {e}") from e


def _source(place: Path | UPath) -> Any:
    return place if isinstance(place, Path) else open_there(place)


IMAGE = Format(suffixes=(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"), load=_load_image, open=_open_image, streams=True)
TIFF = Format(suffixes=(".tif", ".tiff", ".ome.tif", ".ome.tiff"), load=_load_tiff, open=_open_tiff, streams=True)
