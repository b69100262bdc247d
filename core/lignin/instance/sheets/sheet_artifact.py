"""A sheet as an artifact, made in a run that tells where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lignin.base.context import current_run_uid
from lignin.base.errors import UsageError
from lignin.instance.sheets.sheet_frame import sheet_frame
from lignin.model import Artifact, Record
from lignin.recording import Code, RunStatus
from lignin.schema.values import is_list

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["sheet_artifact"]

_CODE = Code(kind="function", key="lignin.Record.to_artifact", hash="1", description="Writes a sheet of records as a table.")


def sheet_artifact(instance: Instance, sheet: Record, *, key: str | None, recurse: bool = False) -> Artifact:
    """Save a sheet as a table. The run that made it, inside the current run where there is one, has the sheet among its records.

    Several labels of one feature become a list, in the order of the alphabet.

    Args:
        instance: where.
        sheet: a saved type of records.
        key: of the artifact; its suffix says the format.
        recurse: with the records of the types below.

    Raises:
        UsageError: the record is no saved type, or has no name to make a key of.
    """
    if key is None and (sheet.name is None or "/" in sheet.name):
        raise UsageError(f"name the artifact: to_artifact(key='sheets/….parquet'); the record {sheet.uid} has no name that a key can be made of")
    frame = sheet_frame(instance, sheet, recurse=recurse)
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].map(_writable)
    run = instance.start_run(code=_CODE, name=f"sheet {sheet.name or sheet.uid}", params={"sheet": sheet.uid, "recurse": recurse}, parent=current_run_uid(instance=instance.config.uid))
    try:
        run.records.add(sheet)
        artifact = Artifact.from_dataframe(frame, key=key or f"sheets/{sheet.name}.parquet", run=run).save()
        artifact.records.add(sheet)
    except BaseException:
        instance.end_run(run, status=RunStatus.FAILED)
        raise
    instance.end_run(run, status=RunStatus.COMPLETED)
    return artifact


def _writable(value: Any) -> Any:
    return sorted(value) if is_list(value) and isinstance(value, set | frozenset) else value
