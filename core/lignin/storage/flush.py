"""To the disk itself: what was flushed is there after a power cut, too."""

import os
from pathlib import Path

__all__ = ["flush_file", "flush_folder"]


def flush_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk.

    Raises:
        OSError: they can't be written.
    """
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, so that what was renamed into it has its name after a power cut.

    Raises:
        OSError: they can't be written. Systems that open no folders (Windows) keep names by themselves.
    """
    flags = getattr(os, "O_DIRECTORY", None)
    if flags is None:
        return
    descriptor = os.open(folder, os.O_RDONLY | flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
