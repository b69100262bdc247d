"""Begin and end the runs of scripts, notebooks and functions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from lignin.base.clock import now
from lignin.base.errors import LigninError, NotFound, UsageError
from lignin.base.ids import new_uid
from lignin.base.messages import say
from lignin.base.redact import redact_text
from lignin.instance.annotate import said_in, store_said, tell_stored
from lignin.instance.beginning import begins_with
from lignin.instance.check_values import check_values
from lignin.instance.crashed import close_crashed
from lignin.instance.current_run import run_id_of
from lignin.instance.families import code_family
from lignin.instance.fields import INTERNAL
from lignin.instance.insert import insert_ignore
from lignin.instance.save_artifact import save_artifacts
from lignin.instance.spooled_runs import spool_end, spool_start
from lignin.instance.transforms import new_transform
from lignin.model import Artifact, Project, Registry, Run, Transform
from lignin.recording import Code, RunStatus, is_strict

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["begin_run", "end_run", "start_run"]


def begin_run(instance: Instance, *, code: Code, **options: Any) -> Run:
    """Begin a run as `start_run` does, with its options.

    A run inside another is a step of a pipeline, which must not break because the database is away: then it begins in
    the spool, unless `LIGNIN_STRICT` is set.

    Raises:
        LigninError: the run can't be recorded.
    """
    try:
        return start_run(instance, code=code, **options)
    except LigninError as e:
        is_away = isinstance(e.__cause__, DBAPIError) and not isinstance(e, UsageError)
        if options.get("parent") is None or options.get("features") or not is_away or is_strict():
            raise
        return spool_start(instance, e, code=code, **options)


def start_run(
    instance: Instance,
    *,
    code: Code,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    info: Mapping[str, Any] | None = None,
    environment: str | None = None,
    entrypoint: str | None = None,
    cli_args: str | None = None,
    parent: str | None = None,
    transform_uid: str | None = None,
    project: str | None = None,
    features: Mapping[Any, Any] | None = None,
) -> Run:
    """Begin a run of this code: its transform, or a new version of it, and a running run.

    Args:
        instance: the open instance.
        code: what runs.
        name: for people; the key's last part by default.
        params: named parameters, JSON values, redacted.
        info: more about the run, JSON values.
        environment: the installed packages as text; stored once by content.
        entrypoint: the function that was called.
        cli_args: the command line, redacted.
        parent: uid of the run that started this one, or an engine's `RunKey` as text.
        transform_uid: the stem that identifies the code across renames.
        project: name or uid of a project to label the run with.
        features: what is said of it, by feature.

    Returns:
        the run; `run.__dict__["_transform"]` is the transform, and `transform.__dict__["_made"]`
        says whether it is `created`, a `version`, or `loaded`.

    Raises:
        LigninError: the run can't be recorded.
    """
    if parent is None:
        # Whoever ran here before and was killed is told as such by who comes next.
        close_crashed(instance)
    parent_id = None if parent is None else run_id_of(instance, parent)
    project_id = None if project is None else _project_id(instance, project)
    said = None if features is None else check_values(instance, features)
    # Last: what is refused must leave nothing behind.
    environment_id = None if environment is None else _text_artifact(instance, environment, "environment")
    user_id, said_by = instance.user_id, said_in(instance) if said else {}

    uid, tries = new_uid(Run.uid_length), list[Run]()

    def work(session: Session) -> tuple[Run, Transform]:
        transform = _find_transform(instance, session, code, transform_uid)
        # An earlier try whose commit was not answered may have been stored after all.
        if tries and (held := session.scalars(select(Run).where(Run.uid == uid)).one_or_none()) is not None:
            return held, transform
        run = Run(
            uid=uid,
            name=redact_text(name) if name else transform.name,
            transform_id=transform.id,
            parent_id=parent_id,
            status=RunStatus.RUNNING.value,
            started_at=now(),
            params=dict(params or {}),
            info=dict(info or {}),
            entrypoint=entrypoint,
            cli_args=cli_args,
            environment_id=environment_id,
            branch_id=instance.branch_id,
            created_on_id=instance.branch_id,
            space_id=instance.space_id,
            created_by_id=user_id,
        )
        tries.append(run)
        session.add(run)
        session.flush()
        if project_id is not None:
            links = Registry.metadata.tables["run_project"]
            insert_ignore(session, links, [{"run_id": run.id, "project_id": project_id}])
        if said is not None:
            run.__dict__["_said"] = said
            store_said(instance, session, [(run, None)], said_by=said_by)
        return run, transform

    run, transform = instance.database.transact(work)
    run.__dict__["_transform"] = transform
    tell_stored(run)
    return run


def end_run(
    instance: Instance,
    run: Run,
    *,
    status: RunStatus,
    error: str | None = None,
    report: str | None = None,
    info: Mapping[str, Any] | None = None,
    report_suffix: str = ".txt",
    code: Code | None = None,
) -> None:
    """End a run.

    Where the database can't take it, the spool keeps how the run ended, for `lignin ingest --all`.

    Args:
        instance: the open instance.
        run: the run.
        status: how it ended.
        error: what went wrong.
        report: its log or page, as text.
        info: what to add to its own.
        report_suffix: what kind of text the report is.
        code: what its code has become, where that is not what it was at the start.

    Raises:
        LigninError: neither the database nor the spool takes it.
    """
    new: dict[str, Any] = {"status": RunStatus(status).value, "finished_at": now(), "error": error}
    if run.uid in instance.spooled:
        # Its row, if there is one by now, has yet to be told how it began.
        if spool_end(instance, run, new) is None:
            say("!", f"how run {run.uid} ended can't be kept: no spool can be written")
        return
    if report:
        try:
            new["report_id"] = _text_artifact(instance, report, "report", suffix=report_suffix)
        except LigninError as e:
            # Where a log can't be stored, as bytes or as a row, that the run ended still can.
            say("!", f"the log of run {run.uid} was not kept: {e}")
    if info:
        new["info"] = {**run.info, **info}

    def work(session: Session) -> Transform | None:
        transform = None if code is None else _moved_on(instance, session, run, code)
        moved = {} if transform is None else {"transform_id": transform.id}
        session.execute(update(Run).where(Run.id == run.id).values(**new, **moved))
        return transform

    try:
        transform = instance.database.transact(work)
        if transform is not None:
            run.__dict__["_transform"] = transform
            new["transform_id"] = transform.id
    except UsageError:
        raise
    except LigninError as e:
        spool = spool_end(instance, run, new)
        if spool is None:
            raise
        say("!", f"{e} How run {run.uid} ended waits in {spool}; bring it in with: lignin ingest --all")
    for name, value in new.items():
        set_committed_value(run, name, value)


def _find_transform(instance: Instance, session: Session, code: Code, stem: str | None) -> Transform:
    family = code_family(code.key, code.reference)
    if stem is not None:
        held = session.scalar(select(Transform.family).where(begins_with(Transform.uid, stem[: Transform.uid_length])).limit(1))
        family = held or family
    instance.database.lock(session, family)
    versions = session.scalars(select(Transform).where(Transform.family == family).order_by(Transform.uid)).all()
    living = [v for v in versions if v.branch_id == instance.branch_id]
    same = next((v for v in living if v.hash == code.hash), None)
    moment = now()
    for version in living:
        if version is not same and version.is_latest:
            version.is_latest = False
    session.flush()
    if same is not None:
        same.is_latest, same.used_at = True, moment
        if same.key != code.key and stem is not None:
            same.key = code.key
        session.flush()
        same.__dict__["_made"] = "loaded"
        return same
    transform = new_transform(instance, session, code, family=family, before=versions, used_at=moment, is_latest=True, stem=stem)
    session.add(transform)
    session.flush()
    transform.__dict__["_made"] = "version" if versions else "created"
    return transform


def _moved_on(instance: Instance, session: Session, run: Run, code: Code) -> Transform:
    """The transform of a code that was edited while its run went on.

    The version that the run itself has brought, and that no other run has used, becomes the edited
    one; unless that is in the catalogue already.
    """
    held = session.get_one(Transform, run.transform_id)
    instance.database.lock(session, held.family or held.uid)
    others = select(Transform.id).where(Transform.family == held.family, Transform.hash == code.hash, Transform.branch_id == instance.branch_id)
    used = select(Run.id).where(Run.transform_id == held.id, Run.id != run.id)
    is_own = run.transform.__dict__.get("_made") in {"created", "version"}
    if is_own and session.scalar(others.limit(1)) is None and session.scalar(used.limit(1)) is None:
        held.hash, held.source_code, held.version_tag = code.hash, code.source, code.version
        held.reference_type = "git" if code.version else "path" if code.reference else None
        session.flush()
        return held
    return _find_transform(instance, session, code, held.uid)


def _text_artifact(instance: Instance, text: str, what: str, *, suffix: str = ".txt") -> int:
    """A text as an internal artifact, stored once by content; its id."""
    with tempfile.TemporaryDirectory(prefix="lignin-") as folder:
        path = Path(folder) / f"{what}{suffix}"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        artifact = Artifact(path, kind=INTERNAL, description=what)
        save_artifacts(instance, [artifact])
    return artifact.id


def _project_id(instance: Instance, project: str) -> int:
    named = select(Project.id).where((Project.name == project) | (Project.uid == project), Project.branch_id > 0)
    found = instance.database.read(lambda session: session.scalars(named).first())
    if found is None:
        raise NotFound(f"there is no project {project!r}. Make it with: ln.Project(name={project!r}).save()")
    return found
