"""What an instance's policy makes of what engines tell: which files, under which keys, with which labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lignin.base.ids import new_uid
from lignin.base.redact import REDACTED
from lignin.base.texts import composed, problem_of_name
from lignin.instance.insert import insert_ignore
from lignin.instance.rows import owned_fields
from lignin.model import Project, Registry, Run, ULabel
from lignin.recording import Limits, Policy, Started, Story, Treatment

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["apply_policy", "label_runs"]

_MOST_LABELS = 50


def apply_policy(policy: Policy, story: Story) -> None:
    """Leave out the files that the policy leaves out, give the others their keys, and take secrets out."""
    if not policy.is_plain:
        claims = [claim for claim in story.claims if policy.treat(claim.ref) is not Treatment.NONE]
        given = {claim.ref: policy.key_of(claim.ref) if claim.ref.key is None else None for claim in claims}
        story.claims = tuple(claim if (key := given[claim.ref]) is None else replace(claim, ref=replace(claim.ref, key=key)) for claim in claims)
    if policy.limits.secret:
        story.started = {
            key: replace(event, params=_concealed(event.params, policy.limits), info=_concealed(event.info, policy.limits)) for key, event in story.started.items()
        }


def _concealed(value: Any, limits: Limits) -> Any:
    if isinstance(value, Mapping):
        return {name: REDACTED if limits.is_secret(str(name)) else _concealed(inner, limits) for name, inner in value.items()}
    return [_concealed(inner, limits) for inner in value] if isinstance(value, list) else value


def label_runs(instance: Instance, policy: Policy, started: Iterable[Started]) -> None:
    """Give runs that no other run has started the project and the labels of the policy, and those that were said with the run.

    A name that is not in the catalogue yet is made there.
    """
    wanted: dict[str, tuple[set[str], set[str]]] = {}
    for event in started:
        if event.parent is None:
            said = event.info.get("labels")
            projects = _names([policy.project, event.info.get("project")])
            labels = _names([*policy.labels, *(said if isinstance(said, list) else ())[:_MOST_LABELS]])
            if projects or labels:
                wanted[event.run.uid] = projects, labels
    if wanted:
        instance.database.transact(lambda session: _link(instance, session, wanted))


def _names(said: Iterable[object]) -> set[str]:
    return {composed(name) for name in said if isinstance(name, str) and problem_of_name(name) is None}


def _link(instance: Instance, session: Session, wanted: Mapping[str, tuple[set[str], set[str]]]) -> None:
    runs = dict(session.execute(select(Run.uid, Run.id).where(Run.uid.in_(list(wanted)))).tuples().all())
    for registry, place, table, column in ((Project, 0, "run_project", "project_id"), (ULabel, 1, "run_ulabel", "ulabel_id")):
        ids = _ids_of(instance, session, registry, sorted({name for pair in wanted.values() for name in pair[place]}))
        rows = [{"run_id": runs[uid], column: ids[name]} for uid, pair in wanted.items() if uid in runs for name in sorted(pair[place])]
        insert_ignore(session, Registry.metadata.tables[table], rows)


def _ids_of(instance: Instance, session: Session, registry: Any, names: Sequence[str]) -> Mapping[str, int]:
    found = {}
    for name in names:
        instance.database.lock(session, f"{registry.__name__} {name}")
        known = select(registry.id).where((registry.name == name) | (registry.uid == name), registry.branch_id > 0).order_by(registry.id).limit(1)
        held = session.scalar(known)
        if held is None:
            record = registry(name=name, uid=new_uid(registry.uid_length), **owned_fields(instance))
            session.add(record)
            session.flush()
            held = record.id
        found[name] = held
    return found
