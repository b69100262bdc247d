"""What people said of a version goes over to the one that replaces it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.instance.insert import insert_ignore
from lignin.model import Artifact, Registry, artifact_value

__all__ = ["inherit"]


def inherit(session: Session, pairs: Iterable[tuple[int | None, Artifact]]) -> None:
    """Give artifacts the labels, projects and values of those that they replace; runs and collections keep naming the old."""
    for old_id, artifact in pairs:
        if old_id is None or artifact.id == old_id:
            continue
        for relation in Artifact.relations().values():
            through, own = getattr(relation, "through", None), getattr(relation, "own", "")
            if through is None or not getattr(relation, "editable", False):
                continue
            table = Registry.metadata.tables[through]
            rows = session.execute(select(table).where(table.c[own] == old_id)).mappings().all()
            insert_ignore(session, table, [{**{k: v for k, v in row.items() if k != "id"}, own: artifact.id} for row in rows])
        said = select(artifact_value).where(artifact_value.c.artifact_id == old_id, artifact_value.c.slot == "")
        rows = session.execute(said).mappings().all()
        insert_ignore(session, artifact_value, [{**row, "artifact_id": artifact.id} for row in rows])
