"""What a record looks like as JSON: the fields of each registry, fetched in one statement."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import aliased

from lignin.base.clock import to_iso
from lignin.instance import Instance, QuerySet
from lignin.model import REGISTRIES, Registry, ToOne

__all__ = ["fetch_fields", "registry_of"]

# Scripts rely on these names and what they hold.
_FIELDS = {
    "Artifact": ("uid", "key", "suffix", "size", "hash", "n_files", "run", "created_at", "version", "is_latest"),
    "Run": (
        "uid", "transform", "name", "engine", "status", "attempt", "parent", "origin",
        "params", "info", "started_at", "finished_at", "error",
    ),
    "Transform": ("uid", "key", "kind", "version", "hash", "reference", "description", "created_at", "is_latest"),
    "Collection": ("uid", "key", "description", "hash", "run", "created_at", "version", "is_latest"),
    "Storage": ("uid", "root", "host", "type", "role", "region", "description", "created_at"),
    "User": ("uid", "handle", "name", "created_at"),
    "ULabel": ("uid", "name", "type", "is_type", "description", "created_at"),
    "Feature": ("uid", "name", "dtype", "unit", "type", "is_type", "nullable", "description", "created_at"),
    "Schema": ("uid", "name", "itype", "otype", "n_members", "hash", "type", "is_type", "description", "created_at"),
    "Record": ("uid", "name", "type", "is_type", "description", "created_at"),
    "Reference": ("uid", "name", "type", "is_type", "doi", "url", "date", "description", "created_at"),
    "Note": ("uid", "target_registry", "target_id", "kind", "content", "created_at"),
    "Project": ("uid", "name", "type", "is_type", "abbr", "description", "url", "created_at"),
    "Branch": ("uid", "name", "status", "description", "created_at"),
    "Space": ("uid", "name", "description", "created_at"),
}  # fmt: skip
# Other records, by the field that names them.
_NAMED_BY = {"run": "uid", "transform": "key", "parent": "uid", "origin": "uid", "type": "name"}
_AT_ONCE = 1000


def registry_of(name: str) -> type[Registry]:
    """The registry of a lower-case name, as the command line spells it."""
    return next(registry for title, registry in REGISTRIES.items() if title.lower() == name)


def fetch_fields(instance: Instance, found: QuerySet[Any]) -> Iterator[Mapping[str, Any]]:
    """The fields of each record, in one statement whatever their number, and few of them in memory."""
    registry = found.registry
    statement, columns = found.statement(), []
    fields = _FIELDS[registry.__name__]
    relations = registry.relations()
    for field in fields:
        relation = relations.get(field)
        if field == "version":
            columns += [registry.version_tag.label("version_tag"), registry.uid.label("version_uid")]
        elif isinstance(relation, ToOne):
            target: Any = aliased(REGISTRIES[relation.target])
            statement = statement.outerjoin(target, target.id == getattr(registry, relation.key))
            columns.append(getattr(target, _NAMED_BY[field]).label(field))
        else:
            columns.append(getattr(registry, field).label(field))
    with instance.database.reading() as session:
        rows = session.execute(statement.with_only_columns(*columns, maintain_column_froms=True).execution_options(yield_per=_AT_ONCE))
        for row in rows:
            values = row._mapping
            yield {
                field: values["version_tag"] or values["version_uid"][-4:] if field == "version" else _plain(values[field])
                for field in fields
            }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_iso(value)
    return value.isoformat() if isinstance(value, date) else value
