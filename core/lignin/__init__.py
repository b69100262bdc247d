"""Lignin: one lineage tree over pipelines, scripts and notebooks, and the data that hangs on it.

    import lignin as ln

    ln.track()
    ln.Artifact("sample.fasta", key="sample.fasta").save()
    ln.finish()

Names are loaded when they are first used, so that the import itself costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lignin.base import errors
    from lignin.base.errors import LigninError
    from lignin.instance import Q, connect, disconnect, init
    from lignin.instance.save import save_records as save
    from lignin.instance.settings import settings
    from lignin.model import (
        Artifact,
        Branch,
        Collection,
        Feature,
        Project,
        Record,
        Reference,
        Run,
        Schema,
        Space,
        Storage,
        Transform,
        ULabel,
        User,
    )
    from lignin.tracking import context, finish, flow, step, track

__version__ = "0.1.0"

__all__ = [
    "Artifact",
    "Branch",
    "Collection",
    "Feature",
    "LigninError",
    "Project",
    "Q",
    "Record",
    "Reference",
    "Run",
    "Schema",
    "Space",
    "Storage",
    "Transform",
    "ULabel",
    "User",
    "connect",
    "context",
    "disconnect",
    "errors",
    "finish",
    "flow",
    "init",
    "save",
    "settings",
    "step",
    "track",
]

_HOMES = {
    "lignin.model": (
        "Artifact", "Branch", "Collection", "Feature", "Project", "Record", "Reference", "Run", "Schema", "Space", "Storage", "Transform", "ULabel", "User",
    ),
    "lignin.instance": ("Q", "connect", "disconnect", "init"),
    "lignin.instance.settings": ("settings",),
    "lignin.tracking": ("context", "finish", "flow", "step", "track"),
    "lignin.base.errors": ("LigninError",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    elif name == "save":
        value = import_module("lignin.instance.save").save_records
    elif name == "errors":
        value = import_module("lignin.base.errors")
    else:
        raise AttributeError(f"module 'lignin' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
