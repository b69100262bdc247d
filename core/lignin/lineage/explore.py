"""From a record to the graph around it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from sqlalchemy import select

from lignin.base.errors import NotFound, UsageError
from lignin.base.ports import current
from lignin.instance import Instance
from lignin.lineage.closure import ARTIFACT, RUN, Closure, fetch_closure
from lignin.lineage.graph import Edge, Graph, Node
from lignin.model import Artifact, Registry, Run, Transform

__all__ = ["distances", "explore", "explore_far"]

Direction = Literal["ancestors", "descendants"]


def explore(record: Registry, *, direction: str = "ancestors", depth: int | None = None, details: bool = True) -> Graph:
    """The graph that leads to an artifact, run or transform (its last run), or comes of it.

    Args:
        record: a saved artifact, run or transform.
        direction: `ancestors` or `descendants`.
        depth: how many runs away at most; all by default.
        details: whether the nodes say more than their name and state.

    Raises:
        UsageError: another direction, a negative depth, or a record that has no lineage.
    """
    return explore_far(record, direction=direction, depth=depth, details=details)[0]


def explore_far(record: Registry, *, direction: str, depth: int | None, details: bool) -> tuple[Graph, Mapping[str, int]]:
    """The same, and how many steps each node is from the record."""
    if direction not in {"ancestors", "descendants"}:
        raise UsageError(f"direction is 'ancestors' or 'descendants', not {direction!r}")
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise UsageError(f"depth is a number of runs from 0, not {depth!r}")
    instance = cast(Instance, current())
    kind, start = _start(instance, record)
    way = cast(Direction, direction)
    closure = fetch_closure(instance.database, kind=kind, start=start, direction=way, depth=depth)
    nodes = {(ARTIFACT, i): _artifact_node(row, _artifact_details(row) if details else {}) for i, row in closure.artifacts.items()}
    nodes |= {(RUN, i): _run_node(row, _run_details(row) if details else {}) for i, row in closure.runs.items()}
    if (kind, start) not in nodes:
        raise NotFound(f"{record!r} is no longer in the database; somebody deleted it")
    focus = nodes[kind, start]
    edges = _without_idle_callers(tuple(_edges(closure, nodes)), focus=focus.id)
    away = distances(focus.id, edges, direction=way)
    ordered = sorted((node for node in nodes.values() if node.id in away), key=lambda n: (away[n.id], n.type, n.name, n.id))
    found = Graph(
        focus=focus.id,
        direction=way,
        nodes=tuple(ordered),
        edges=tuple(edge for edge in edges if edge.source in away and edge.target in away),
        parents={row.uid: row.parent_uid for row in closure.runs.values() if row.parent_uid},
        parent_names={row.parent_uid: row.parent_name or row.parent_uid for row in closure.runs.values() if row.parent_uid},
    )
    return found, away


def distances(focus: str, edges: tuple[Edge, ...], *, direction: str) -> Mapping[str, int]:
    """How many steps each node is from the focus."""
    beside: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        here, there = (edge.target, edge.source) if direction == "ancestors" else (edge.source, edge.target)
        beside[here].append(there)
    away, layer = {focus: 0}, [focus]
    while layer:
        following = [n for node in layer for n in beside[node] if n not in away]
        away.update((n, away[layer[0]] + 1) for n in following)
        layer = list(dict.fromkeys(following))
    return away


def _start(instance: Instance, record: Registry) -> tuple[int, int]:
    row_id: int | None = record.id
    if row_id is None:
        raise UsageError(f"{record!r} is not saved yet, so it has no lineage. Save it first.")
    match record:
        case Artifact():
            return ARTIFACT, row_id
        case Run():
            return RUN, row_id
        case Transform():
            with instance.database.reading() as session:
                last = select(Run.id).where(Run.transform_id == row_id).order_by(Run.started_at.desc(), Run.id.desc()).limit(1)
                run_id = session.scalar(last)
            if run_id is None:
                raise NotFound(f"{record.key or record.uid} was never run, so it has no lineage")
            return RUN, run_id
        case _:
            raise UsageError(f"a {type(record).__name__} has no lineage; artifacts, runs and transforms have one")


def _artifact_node(row: Any, details: Mapping[str, Any]) -> Node:
    return Node(id=row.uid, type="artifact", name=row.key or row.description or row.uid, status=row.state, details=details)


def _run_node(row: Any, details: Mapping[str, Any]) -> Node:
    return Node(id=row.uid, type="run", name=row.name or row.transform_key or row.uid, engine=row.engine, status=row.status, details=details)


def _artifact_details(row: Any) -> Mapping[str, Any]:
    details = {
        "key": row.key,
        "description": row.description,
        "size": row.size,
        "n_files": row.n_files,
        "hash": row.hash,
        "state": row.state,
        "created_at": str(row.created_at)[:19],
        "version": row.uid[-4:],
        "is_latest": bool(row.is_latest),
    }
    return {name: value for name, value in details.items() if value is not None}


def _run_details(row: Any) -> Mapping[str, Any]:
    params = json.loads(row.params) if isinstance(row.params, str) else row.params
    details = {
        "transform": row.transform_key,
        "version": row.transform_version,
        "engine": row.engine,
        "status": row.status,
        "attempt": row.attempt if row.engine else None,
        "workflow": row.parent_name,
        "started_at": None if row.started_at is None else str(row.started_at)[:19],
        "finished_at": None if row.finished_at is None else str(row.finished_at)[:19],
        "error": row.error,
        **{f"params.{name}": value for name, value in (params or {}).items()},
    }
    return {name: value for name, value in details.items() if value is not None}


def _edges(closure: Closure, nodes: Mapping[tuple[int, int], Node]) -> Iterator[Edge]:
    """Every step of the data between two nodes, each once."""
    roles: dict[tuple[int, int], str] = {}
    readers: set[int] = set()
    read = {(run_id, artifact_id) for written, run_id, artifact_id, _ in closure.edges if not written}
    for written, run_id, artifact_id, role in closure.edges:
        made_by = closure.artifacts[artifact_id].run_id if written else None
        if not written:
            readers.add(run_id)
            yield Edge(source=nodes[ARTIFACT, artifact_id].id, target=nodes[RUN, run_id].id, role=role, kind="input")
        elif made_by == run_id:
            roles[run_id, artifact_id] = role
        elif (run_id, artifact_id) not in read and not _contains(closure, run_id=run_id, made_by=made_by):
            yield Edge(source=nodes[RUN, run_id].id, target=nodes[ARTIFACT, artifact_id].id, role=role, kind="recreated")
    for artifact_id, made in closure.artifacts.items():
        node = nodes[ARTIFACT, artifact_id]
        if made.run_id is not None and (RUN, made.run_id) in nodes:
            yield Edge(source=nodes[RUN, made.run_id].id, target=node.id, role=roles.get((made.run_id, artifact_id), ""), kind="output")
        elif made.origin_id is not None and (ARTIFACT, made.origin_id) in nodes:
            yield Edge(source=nodes[ARTIFACT, made.origin_id].id, target=node.id, kind="inferred")
    for run_id, row in closure.runs.items():
        if run_id not in readers and row.parent_id in closure.runs:
            yield Edge(source=nodes[RUN, row.parent_id].id, target=nodes[RUN, run_id].id, kind="call")


def _without_idle_callers(edges: tuple[Edge, ...], *, focus: str) -> tuple[Edge, ...]:
    """Calls count where they lead to data: a workflow that only started a task has no part in its file."""
    while True:
        fed = {edge.target for edge in edges}
        kept = tuple(edge for edge in edges if edge.kind != "call" or edge.source in fed or edge.source == focus)
        if len(kept) == len(edges):
            return edges
        edges = kept


def _contains(closure: Closure, *, run_id: int, made_by: int | None) -> bool:
    """Whether a run is that which made something, or one above it."""
    above, seen = made_by, set[int]()
    while above is not None and above not in seen:
        if above == run_id:
            return True
        seen.add(above)
        above = closure.runs[above].parent_id if above in closure.runs else None
    return False
