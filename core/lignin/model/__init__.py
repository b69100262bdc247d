"""The registries as SQLAlchemy tables: no query, no I/O."""

from lignin.model.annotated import Annotated
from lignin.model.artifact import Artifact, ArtifactState
from lignin.model.collection import Collection
from lignin.model.condition import Descending, Predicate, Q
from lignin.model.deletion import deletion
from lignin.model.feature import Feature
from lignin.model.labels import Project, Reference, ULabel
from lignin.model.links import collection_artifact, run_input, run_output, sighting
from lignin.model.note import Note
from lignin.model.people import ALL_SPACE, ARCHIVE, MAIN, TRASH, Branch, Space, User
from lignin.model.record import Record
from lignin.model.record_list import RecordList
from lignin.model.registry import (
    Owned,
    Parented,
    Registry,
    Related,
    ToMany,
    ToOne,
    Trashable,
    Typed,
    Versioned,
    fresh_tables,
)
from lignin.model.run import Run
from lignin.model.schema import FOUND, Schema, artifact_schema, schema_feature, schema_slot
from lignin.model.storage import Storage
from lignin.model.transform import Transform
from lignin.model.value import INDEXED_TEXT, VALUES, artifact_value, record_value, run_value

__all__ = [
    "ALL_SPACE",
    "ARCHIVE",
    "FOUND",
    "INDEXED_TEXT",
    "LINKS",
    "MAIN",
    "REGISTRIES",
    "TRASH",
    "VALUES",
    "Annotated",
    "Artifact",
    "ArtifactState",
    "Branch",
    "Collection",
    "Descending",
    "Feature",
    "Note",
    "Owned",
    "Parented",
    "Predicate",
    "Project",
    "Q",
    "Record",
    "RecordList",
    "Reference",
    "Registry",
    "Related",
    "Run",
    "Schema",
    "Space",
    "Storage",
    "ToMany",
    "ToOne",
    "Transform",
    "Trashable",
    "Typed",
    "ULabel",
    "User",
    "Versioned",
    "artifact_schema",
    "artifact_value",
    "collection_artifact",
    "deletion",
    "fresh_tables",
    "record_value",
    "run_input",
    "run_output",
    "run_value",
    "schema_feature",
    "schema_slot",
    "sighting",
]

REGISTRIES = {
    registry.__name__: registry
    for registry in (Artifact, Branch, Collection, Feature, Note, Project, Record, Reference, Run, Schema, Space, Storage, Transform, ULabel, User)
}
LINKS = tuple(table for table in Registry.metadata.tables.values() if "id" not in table.c)
"""The tables that are no registry: edges, links, values."""
