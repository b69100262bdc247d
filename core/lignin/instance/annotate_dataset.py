"""Say of a stored artifact what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from lignin.base.errors import Locked
from lignin.instance.curate import Found
from lignin.instance.current_run import current_run_id
from lignin.instance.rows import as_before_on_failure, find_row, update_record
from lignin.instance.save_found import found_rows, store_found
from lignin.model import Artifact

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["annotate_dataset"]


def annotate_dataset(instance: Instance, artifact: Artifact, found: Found, *, description: str | None = None) -> None:
    """Store what was found in an artifact's content, in one transaction.

    Raises:
        Locked: it is locked.
        NotFound: it was deleted meanwhile.
    """
    rows, run_id = found_rows(found), current_run_id(instance)
    assert rows is not None
    new: dict[str, Any] = {"schema_id": found.schema.id, **({} if description is None else {"description": description})}

    def work(session: Session) -> None:
        instance.database.lock(session, *rows.locks)
        row = find_row(session, Artifact, artifact.id)
        if row.is_locked:
            raise Locked(f"{artifact!r} is locked. Unlock it first: record.is_locked = False; record.save()")
        update_record(session, artifact, new)
        store_found(instance, session, rows, artifact, run_id=run_id)

    with as_before_on_failure(artifact):
        instance.database.transact(work)
