"""The registries as SQLAlchemy tables: no query, no I/O."""

from lignin.model.artifact import Artifact, ArtifactState
from lignin.model.artifact_list import ArtifactList
from lignin.model.collection import Collection
from lignin.model.deletion import deletion
from lignin.model.labels import Project, ULabel
from lignin.model.links import LINKS, collection_artifact, run_input, run_output, sighting
from lignin.model.people import ALL_SPACE, ARCHIVE, MAIN, TRASH, Branch, Space, User
from lignin.model.registry import (
    Owned,
    Registry,
    Related,
    ToMany,
    ToOne,
    Trashable,
    Versioned,
    fresh_tables,
)
from lignin.model.run import Run
from lignin.model.storage import Storage
from lignin.model.transform import Transform

__all__ = [
    "ALL_SPACE",
    "ARCHIVE",
    "LINKS",
    "MAIN",
    "REGISTRIES",
    "TRASH",
    "Artifact",
    "ArtifactList",
    "ArtifactState",
    "Branch",
    "Collection",
    "Owned",
    "Project",
    "Registry",
    "Related",
    "Run",
    "Space",
    "Storage",
    "ToMany",
    "ToOne",
    "Transform",
    "Trashable",
    "ULabel",
    "User",
    "Versioned",
    "collection_artifact",
    "deletion",
    "fresh_tables",
    "run_input",
    "run_output",
    "sighting",
]

REGISTRIES = {
    registry.__name__: registry
    for registry in (Artifact, Branch, Collection, Project, Run, Space, Storage, Transform, ULabel, User)
}
