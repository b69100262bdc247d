"""The part of the graph above or below a record: three statements, whatever its size.

A node is an artifact (kind 0) or a run (kind 1). Upwards, an artifact leads to the run that made it,
or to its inferred origin; a run to the artifacts it read, and if it read none, to the run that
called it, through whose hands its data must have come. Downwards the same the other way round.
`union` keeps each node once, so diamonds and cycles cost nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text

from lignin.instance.database import Database

__all__ = ["ARTIFACT", "RUN", "Closure", "fetch_closure"]

ARTIFACT, RUN = 0, 1
Direction = Literal["ancestors", "descendants"]

_UP = """
    select case when up.kind = 0 and a.run_id is not null then 1
                when up.kind = 0 then 0
                when ri.artifact_id is not null then 0
                else 1 end,
           case when up.kind = 0 then coalesce(a.run_id, a.origin_id)
                else coalesce(ri.artifact_id, r.parent_id) end{depth}
    from up
    left join artifact a on up.kind = 0 and a.id = up.id
    left join run_input ri on up.kind = 1 and ri.run_id = up.id
    left join run r on up.kind = 1 and r.id = up.id
    where coalesce(a.run_id, a.origin_id, ri.artifact_id, r.parent_id) is not null
"""
_DOWN = """
    select case when step.n in (1, 4) then 1 else 0 end,
           coalesce(ri.run_id, copy.id, made.id, called.id){depth}
    from up
    cross join (select 1 as n union all select 2 union all select 3 union all select 4) step
    left join run_input ri on up.kind = 0 and step.n = 1 and ri.artifact_id = up.id
    left join artifact copy on up.kind = 0 and step.n = 2 and copy.origin_id = up.id
    left join artifact made on up.kind = 1 and step.n = 3 and made.run_id = up.id
    left join run called on up.kind = 1 and step.n = 4 and called.parent_id = up.id
        and not exists (select 1 from run_input own where own.run_id = called.id)
    where coalesce(ri.run_id, copy.id, made.id, called.id) is not null
"""
# A step into a run is half the way to the artifacts behind it: depth counts runs.
_DEPTH = ", up.depth + case when up.kind = 1 then 0 else 1 end"

# Of a run there is its id alone: what it is comes by these ids, without going up once more.
_NODES = """
select up.kind, up.id as node_id, a.id, a.uid, a.key, a.description, a.run_id, a.origin_id, a.size, a.hash, a.state, a.suffix, a.created_at, a.is_latest, a.n_files
from up left join artifact a on up.kind = 0 and a.id = up.id
"""
# How a statement takes many ids as one value.
_IDS = {"sqlite": "(select value from json_each(:{name}))", "postgresql": "(select unnest(cast(:{name} as integer[])))"}
_RUNS = """
select r.id, r.uid, r.name, r.engine, r.status, r.attempt, r.parent_id, r.started_at, r.finished_at, r.params, r.error,
       t.key as transform_key, t.version_tag as transform_version, p.uid as parent_uid, p.name as parent_name
from run r left join transform t on t.id = r.transform_id left join run p on p.id = r.parent_id
where r.id in {runs}
"""
# From the runs: `+` keeps SQLite from trying each artifact of the closure with each run of it.
_EDGES = """
select 0 as written, e.run_id, e.artifact_id, e.role from run_input e where e.run_id in {runs} and +e.artifact_id in {artifacts}
union all
select 1, e.run_id, e.artifact_id, e.role from run_output e where e.run_id in {runs} and +e.artifact_id in {artifacts}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Rows of the nodes by their ids, and the edges among them: whether written, run, artifact, role."""

    artifacts: Mapping[int, Any]
    runs: Mapping[int, Any]
    edges: Sequence[Any]


def fetch_closure(database: Database, *, kind: int, start: int, direction: Direction, depth: int | None) -> Closure:
    """All that leads to a node, or comes of it.

    Args:
        database: the open instance's.
        kind: `ARTIFACT` or `RUN`.
        start: the node's id.
        direction: which way.
        depth: how many runs away at most.
    """
    step = _UP if direction == "ancestors" else _DOWN
    if depth is None:
        head = f"with recursive up(kind, id) as (select cast(:kind as integer), cast(:start as integer) union {step.format(depth='')})"
    else:
        limited = step.format(depth=_DEPTH).rstrip() + " and (up.depth < :depth or up.kind = 1)"
        first = "select cast(:kind as integer), cast(:start as integer), 0"
        head = f"with recursive reached(kind, id, depth) as ({first} union {limited.replace('from up', 'from reached up')}), up as (select distinct kind, id from reached)"
    values = {"kind": kind, "start": start, **({} if depth is None else {"depth": depth})}
    with database.reading() as session:
        nodes = session.execute(text(head + _NODES), values).all()
        artifacts = [row for row in nodes if row.id is not None]
        ids = {"runs": [row.node_id for row in nodes if row.kind == RUN], "artifacts": [row.id for row in artifacts]}
        lists = {name: _IDS[database.engine.dialect.name].format(name=name) for name in ids}
        given: Mapping[str, Any] = {name: json.dumps(listed) for name, listed in ids.items()} if database.is_sqlite else ids
        runs = session.execute(text(_RUNS.format(**lists)), {"runs": given["runs"]}).all()
        edges = session.execute(text(_EDGES.format(**lists)), given).all()
    return Closure(
        artifacts={row.id: row for row in artifacts},
        runs={row.id: row for row in runs},
        edges=edges,
    )
