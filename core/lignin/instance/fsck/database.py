"""The database by itself: damage to its file, and rows that name rows which are not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ForeignKey, Table, delete, exists, func, select, text, update
from sqlalchemy.exc import DBAPIError

from lignin.instance.fsck.report import Finding, Kind
from lignin.model import ALL_SPACE, MAIN, REGISTRIES, VALUES, Note, Registry, collection_artifact

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lignin.instance.database import Database
    from lignin.instance.instance import Instance

__all__ = ["find_damage", "find_dangling", "mend_damage", "mend_dangling"]

_MOST = 20
_INSTEAD = {"branch_id": MAIN, "created_on_id": MAIN, "space_id": ALL_SPACE}


def find_damage(database: Database) -> Iterator[Finding]:
    """Ask SQLite whether its file is sound; PostgreSQL looks after its own."""
    if not database.is_sqlite:
        return
    place = str(database.engine.url.database)
    try:
        with database.engine.connect() as connection:
            said = [str(line) for line in connection.scalars(text(f"pragma integrity_check({_MOST})"))]
    except DBAPIError as e:
        yield Finding(kind=Kind.DATABASE, subject=place, problem=f"SQLite can't read it: {e.orig}. Restore a backup", repairable=False)
        return
    for line in said:
        if line != "ok":
            # An index can be made anew from its table.
            is_index = "missing from index" in line or "wrong # of entries in index" in line
            yield Finding(kind=Kind.DATABASE, subject=place, problem=f"SQLite finds: {line}", repairable=is_index)


def mend_damage(instance: Instance, finding: Finding) -> Finding:
    """Make all indexes anew."""
    if not finding.repairable:
        return finding
    instance.database.transact(lambda session: session.execute(text("reindex")))
    with instance.database.engine.connect() as connection:
        said = [str(line) for line in connection.scalars(text(f"pragma integrity_check({_MOST})"))]
    return replace(finding, repaired=finding.problem.removeprefix("SQLite finds: ") not in said)


def find_dangling(instance: Instance) -> Iterator[Finding]:
    """All references to rows that are not there, by column."""
    for table in Registry.metadata.sorted_tables:
        for column in table.c:
            for key in column.foreign_keys:
                yield from _find_in(instance, table, column, key)
    for pointing in (*VALUES.values(), Registry.metadata.tables[Note.__tablename__]):
        yield from _find_pointing(instance, pointing)


def mend_dangling(instance: Instance, finding: Finding) -> Finding:
    """Forget links that lead nowhere, and references that need not be there; a branch or space becomes the built-in one."""
    table = Registry.metadata.tables[finding.target[0]]
    column = table.c[finding.target[1]]
    if not column.foreign_keys:
        if not finding.repairable:
            return finding
        (name,) = finding.target[2:]
        instance.database.transact(lambda session: session.execute(delete(table).where(_points_nowhere(table, name))))
        return replace(finding, repaired=True)
    (key,) = column.foreign_keys
    if not _is_repairable(table, column):
        return finding

    def work(session: Session) -> None:
        if "id" not in table.c:
            session.execute(delete(table).where(_dangles(column, key)))
        else:
            session.execute(update(table).where(_dangles(column, key)).values({column: _INSTEAD.get(column.name)}))

    instance.database.transact(work)
    return replace(finding, repaired=True)


def _find_in(instance: Instance, table: Table, column: Column[Any], key: ForeignKey) -> Iterator[Finding]:
    with instance.database.reading() as session:
        count = session.scalar(select(func.count()).select_from(table).where(_dangles(column, key)))
    if count:
        yield Finding(
            kind=Kind.DANGLING,
            subject=f"{table.name}.{column.name}",
            problem=f"{count} of its values name a {key.column.table.name} that is not there",
            repairable=_is_repairable(table, column),
            target=(table.name, column.name),
        )


def _find_pointing(instance: Instance, table: Table) -> Iterator[Finding]:
    """Values of features whose terms are gone, and notes on what is gone, by registry: no foreign key holds those."""
    registry, rows = _registry_of(table), "rows" if table.name == Note.__tablename__ else "values"
    with instance.database.reading() as session:
        names = session.scalars(select(registry).where(table.c.target_id.is_not(None)).distinct()).all()
        counts = {name: session.scalar(select(func.count()).select_from(table).where(_points_nowhere(table, name))) for name in sorted(names)}
    for name, count in counts.items():
        if count:
            yield Finding(
                kind=Kind.DANGLING,
                subject=f"{table.name}.target_id",
                problem=f"{count} of its {rows} name a {name} that is not there" if name in REGISTRIES else f"{count} of its {rows} are of {name}, which is not installed here",
                repairable=name in REGISTRIES,
                target=(table.name, "target_id", name),
            )


def _points_nowhere(table: Table, name: str) -> Any:
    registry: Any = REGISTRIES.get(name)
    mine = (_registry_of(table) == name) & table.c.target_id.is_not(None)
    # Of a registry that is not installed nothing is known.
    return mine if registry is None else mine & ~exists().where(registry.id == table.c.target_id)


def _registry_of(table: Table) -> Column[Any]:
    return table.c.registry if "registry" in table.c else table.c.target_registry


def _dangles(column: Column[Any], key: ForeignKey) -> Any:
    # Under another name: a table may refer to itself.
    other = key.column.table.alias()
    return column.is_not(None) & ~exists().where(other.c[key.column.name] == column)


def _is_repairable(table: Table, column: Column[Any]) -> bool:
    if table is collection_artifact:
        # A collection that silently loses a member would no longer be what its hash says.
        return column.name == "collection_id"
    return "id" not in table.c or bool(column.nullable) or column.name in _INSTEAD
