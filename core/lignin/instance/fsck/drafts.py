"""What somebody began to write straight into a storage on a server, and never saved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from lignin.base.clock import now
from lignin.base.errors import StorageError
from lignin.instance.fsck.places import Root
from lignin.instance.fsck.report import Finding, Kind
from lignin.instance.lazy import DRAFTS
from lignin.storage import look

__all__ = ["find_remote_drafts"]

_DRAFT = re.compile(r"\.lazy\.[0-9A-Za-z]{6}\.part")


def find_remote_drafts(roots: Mapping[int, Root], *, grace: timedelta) -> Iterator[Finding]:
    """Drafts in which nobody has written for `grace`. A server that stops answering holds back no other finding."""
    for root in dict.fromkeys(roots.values()):
        folders = [f"{home}/{DRAFTS}" for home in root.homes] if root.listing is not None else []
        below = {name for folder in folders for name in _first_below(root, folder)}
        try:
            for name in sorted(below):
                place = root.where.path(name)
                seen = look(place)
                if seen is not None and now() - datetime.fromtimestamp(seen.mtime_ns / 1e9, UTC) >= grace:
                    problem = "it was written to storage and never saved. No record names it, so it can be deleted there"
                    yield Finding(kind=Kind.DRAFT, subject=str(place), problem=problem, repairable=False)
        except StorageError:
            continue


def _first_below(root: Root, folder: str) -> Iterator[str]:
    """The drafts in a folder, by their path from the root."""
    assert root.listing is not None
    for name, _ in root.listing.below(folder):
        own = name.removeprefix(f"{folder}/").partition("/")[0]
        if _DRAFT.fullmatch(own):
            yield f"{folder}/{own}"
