"""Look at everything, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from lignin.base.settings import InstanceConfig
from lignin.instance.database import Database
from lignin.instance.fsck.database import find_damage, find_dangling
from lignin.instance.fsck.drafts import find_remote_drafts
from lignin.instance.fsck.families import find_latest, find_origin, find_producer
from lignin.instance.fsck.moves import find_moves
from lignin.instance.fsck.objects import Looker, find_objects
from lignin.instance.fsck.places import find_unreachable, look_around
from lignin.instance.fsck.report import GRACE, Finding, Report
from lignin.instance.fsck.runs import find_crashed
from lignin.instance.fsck.spools import find_spools
from lignin.instance.fsck.strays import find_strays

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["examine", "examine_file"]

_COUNTED = ("artifacts", "unseen", "read", "objects", "families", "runs", "spools")


def examine(instance: Instance, *, rehash: float = 0, grace: timedelta = GRACE, chance: Random | None = None) -> Report:
    """Compare the catalogue with itself, with storage, with processes and with spools.

    Others may write meanwhile.

    Args:
        instance: the open instance.
        rehash: of how many artifacts in a hundred, chosen at random, to read and compare all bytes;
            the others are compared by size, and files in place by time too.
        grace: strays and unfinished saves that are younger may still be going on, and are left alone.
        chance: chooses them.
    """
    counts = dict.fromkeys(_COUNTED, 0)
    damage = tuple(find_damage(instance.database))
    if any(not finding.repairable for finding in damage):
        # What a damaged file answers is not to be believed.
        return Report(findings=damage, counts=counts)
    return Report(findings=(*damage, *_find(instance, counts, rehash=rehash, grace=grace, chance=chance or Random())), counts=counts)


def examine_file(config: InstanceConfig) -> Report | None:
    """What is wrong with the file of a database that can't be opened; `None` where it is sound, and something else must be."""
    if not config.db_url.startswith("sqlite:") or not Path(config.db_url.removeprefix("sqlite:///")).is_file():
        return None
    with closing(Database(config.db_url)) as database:
        damage = tuple(find_damage(database))
    return Report(findings=damage, counts=dict.fromkeys(_COUNTED, 0)) if damage else None


def _find(instance: Instance, counts: dict[str, int], *, rehash: float, grace: timedelta, chance: Random) -> Iterator[Finding]:
    roots, unseen = look_around(instance)
    looker = Looker(roots=roots, rehash=rehash, grace=grace, chance=chance)
    yield from chain(
        find_dangling(instance),
        find_unreachable(unseen),
        find_objects(instance, looker, counts),
        find_moves(instance),
        find_strays(instance, roots, grace=grace, counts=counts),
        find_remote_drafts(roots, grace=grace),
        find_latest(instance, counts),
        find_producer(instance),
        find_origin(instance),
        find_crashed(instance, counts),
        find_spools(instance, counts),
    )
