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
    from lignin.instance import Q, connect, curators, disconnect, init
    from lignin.instance.drift_artifacts import drift_of as drift
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
    "curators",
    "disconnect",
    "drift",
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
_RENAMED = {"save": ("lignin.instance.save", "save_records"), "drift": ("lignin.instance.drift_artifacts", "drift_of")}
_MODULES = {"errors": "lignin.base.errors", "curators": "lignin.instance.curators"}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    elif name in _RENAMED:
        home, own = _RENAMED[name]
        value = getattr(import_module(home), own)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'lignin' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
