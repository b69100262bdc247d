"""Slots: where in a composite object a table, a dictionary or identifiers lie.

obs  var                 the frames of an AnnData or MuData
var.T                    the frame turned round: its row names are the columns
uns:study  uns:a:b       a dictionary or frame inside dictionaries
obsm:X_pca               a frame or array of coordinates
rna:obs  rna:var.T       of a modality of a MuData
ms:RNA  ms:RNA.T         the variables of a measurement of a TileDB-SOMA experiment
tables:cells:obs         of a table of a SpatialData; `attrs:sample` of its attributes
__external__             a dictionary beside the data
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lignin.base.errors import UsageError
from lignin.base.texts import shown

__all__ = ["EXTERNAL", "Slot", "SlotMissing", "find_slot", "parse_slot"]

EXTERNAL = "__external__"


class SlotMissing(LookupError):
    """An object has no such slot: `args[0]` says what it has instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A path into an object, and whether the table there is turned round."""

    path: tuple[str, ...]
    turned: bool = False

    def __str__(self) -> str:
        return ":".join(self.path) + (".T" if self.turned else "")


def parse_slot(text: str) -> Slot:
    """The slot that a text writes.

    Raises:
        UsageError: it writes none.
    """
    turned = text.endswith(".T")
    path = tuple((text[:-2] if turned else text).split(":"))
    if not all(part.strip() for part in path):
        raise UsageError(f"{shown(text)} is no slot: a part between the colons is empty. Write for example obs, var.T, uns:study or rna:obs.")
    return Slot(path=path, turned=turned)


def find_slot(data: Any, slot: Slot) -> Any:
    """What lies in an object under a slot's path.

    Raises:
        SlotMissing: nothing does.
    """
    found = data
    for number, part in enumerate(slot.path):
        found = _step(found, part, first=number == 0)
    return found


def _step(found: Any, part: str, *, first: bool) -> Any:
    keyed = isinstance(found, Mapping) or (not first and hasattr(found, "keys") and hasattr(found, "__getitem__"))
    if keyed and part in found.keys():  # noqa: SIM118 - a frame's keys are not what it iterates over
        return found[part]
    modalities = getattr(found, "mod", None)
    if isinstance(modalities, Mapping) and part in modalities:
        return modalities[part]
    tables = getattr(found, "tables", None)
    if first and isinstance(tables, Mapping) and part in tables and not hasattr(type(found), part):
        return tables[part]
    if not part.startswith("_") and not isinstance(found, Mapping) and hasattr(type(found), part):
        return getattr(found, part)
    raise SlotMissing(_has(found))


def _has(found: Any) -> str:
    keys = getattr(found, "keys", None)
    names = [str(key) for key in keys()] if callable(keys) else []
    modalities = getattr(found, "mod", None)
    names += list(modalities) if isinstance(modalities, Mapping) else []
    # What lies in a store says of itself what it would be in memory.
    kind = getattr(type(found), "otype", type(found).__name__)
    return f"{kind} with {', '.join(names[:10])}" if names else kind
