"""The doors "reconcile" and "import": runs from Prefect's own store, as the live hooks would have told them.

What was recorded live is told again from its spool, which has what Prefect does not keep: source, files, resolved
parameters, and which process it was. For runs that nobody saw, Prefect's own word is all there is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from lignin.recording import Recorder
from prefect_lignin.account import Asset, Row, attempts, needs_states
from prefect_lignin.notes import read_notes
from prefect_lignin.store import Store, open_store
from prefect_lignin.tell import Reading, tell

__all__ = ["read"]


def read(target: str | None, *, recorder: Recorder, since: datetime | None, closing: bool) -> None:
    """Tell `recorder` every flow run and task run that Prefect's store knows.

    Args:
        target: URL of the API, URL or file of a Prefect database, or name of a profile; by default what Prefect would
            use here.
        recorder: what is told.
        since: leave out runs that began before.
        closing: end flow runs whose process is gone, which the store has as running for ever.

    Raises:
        NotFound: there is no such database or profile.
        LigninError: the API can't be reached.
    """
    # Before the store: what is written meanwhile is then known to the store, at worst, and told from there.
    notes = read_notes(since=since)
    with open_store(target) as store:
        reading = _read(store, since=since)
    for event in tell(reading, notes, closing=closing):
        recorder.record(event)


def _read(store: Store, *, since: datetime | None) -> Reading:
    rows = {row.id: row for row in store.flow_runs(since=since)}
    tasks = {row.id: row for row in store.task_runs(since=since)}
    if since is not None:
        _add_callers(store, rows, tasks)
    rows |= {own: task for own, task in tasks.items() if task.flow_run_id is None or not task.flow_attempt or task.flow_run_id in rows}
    told = {own: attempts(row, store.states(row) if needs_states(row) else None) for own, row in rows.items() if row.stands_for is None}
    assets: dict[str, list[Asset]] = defaultdict(list)
    for asset in store.assets(since=since):
        assets[asset.task_run_id].append(asset)
    return Reading(
        rows=dict(sorted(rows.items(), key=lambda item: (item[1].began or item[1].state.at, item[0]))),
        attempts=told,
        assets=assets,
        flow_names=store.flow_names(),
        link=store.link,
    )


def _add_callers(store: Store, flows: dict[str, Row], tasks: dict[str, Row]) -> None:
    """The runs above those that began late enough, so that no run hangs from one that nobody tells of."""
    while True:
        known = {*flows, *tasks}
        _add(tasks, store.task_runs_by_id(_missing((row.place_in_flow for row in flows.values()), tasks)))
        _add(tasks, store.task_runs_by_id(_missing((row.caller for row in tasks.values()), tasks)))
        places = [tasks[row.place_in_flow] for row in flows.values() if row.place_in_flow in tasks]
        _add(flows, store.flow_runs_by_id(_missing((row.flow_run_id for row in places), flows)))
        if known == {*flows, *tasks}:
            return


def _missing(ids: Iterable[str | None], known: Mapping[str, Row]) -> set[str]:
    return {own for own in ids if own is not None and own not in known}


def _add(known: dict[str, Row], rows: Iterable[Row]) -> None:
    known.update((row.id, row) for row in rows)
