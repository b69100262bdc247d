"""What a store says about something that lies in it, without reading it."""

from dataclasses import dataclass

__all__ = ["Seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A file or folder as its store sees it.

    Attributes:
        size: in bytes; of a folder, the sum over its files; `None` where a web server does not say.
        mtime_ns: when it last changed; of a folder, its newest file.
        is_folder: whether it is a folder, or a prefix with objects below it.
        etag: the store's own checksum, where it keeps one; of a folder, one over those of its files.
        n_files: for folders, where the store counts them.
    """

    size: int | None
    mtime_ns: int
    is_folder: bool
    etag: str | None = None
    n_files: int | None = None
