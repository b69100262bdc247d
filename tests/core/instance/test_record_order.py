"""Whatever order a spool comes in, in whatever batches, however often: the catalogue ends the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from lignin.base.ids import derived_uid
from lignin.base.settings import host_name
from lignin.instance.record import CatalogueRecorder
from lignin.model import LINKS, Artifact, Run, Transform, run_input, run_output
from lignin.recording import (
    Code,
    Ended,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
    dump,
    load,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = [RunKey(engine="e", scope="w", id=name, attempt=attempt) for name in "abcd" for attempt in (1, 2)]
CONTENTS = {"x": 100, "y": 100, "z": 200, "tiny": 3}
FOLDER_CONTENT = "folder"
# Shrinking takes minutes, with a database under every step.
slow = settings(deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large])


def place(name, folder):
    """Files in the instance's folder, outside of it, on another machine, and in a bucket."""
    return {
        "inside": ("file://" + str(folder / "results/report.tsv"), host_name()),
        "twin": ("file://" + str(folder / "other/results/report.tsv"), host_name()),
        "outside": ("file:///data/reads.v1.fastq", host_name()),
        "elsewhere": ("file:///data/reads.v1.fastq", "node7"),
        "bucket": ("s3://bucket/reads.fastq", None),
    }[name]


@st.composite
def sightings(draw, histories):
    """A word on a file: at one of the moments of its history, with its content or without."""
    name = draw(st.sampled_from(sorted(histories)))
    if draw(st.integers(0, 9)) == 0:
        return name, FileRef(uri="", state=RefState.MISSING)
    mtime = draw(st.integers(0, len(histories[name]) - 1))
    content = histories[name][mtime]
    is_folder = content == FOLDER_CONTENT
    ref = FileRef(uri="", size=CONTENTS.get(content, 64), mtime_ns=1000 + mtime)
    if draw(st.booleans()):
        kind = "b3d:" if is_folder else "b3:"
        return name, replace(ref, content_id=kind + content.ljust(64, "0"), n_files=2 if is_folder else None)
    return name, replace(ref, state=draw(st.sampled_from([RefState.PRESENT, RefState.CHANGED, RefState.TEMPORARY])))


@st.composite
def stories(draw):
    """Some runs with parents, files and endings: each told once, or twice with other words."""
    content = st.sampled_from([*CONTENTS, FOLDER_CONTENT])
    histories = draw(st.dictionaries(st.sampled_from(["inside", "twin", "outside", "elsewhere", "bucket"]), st.lists(content, min_size=1, max_size=4), min_size=1, max_size=3))
    events = []
    for number, run in enumerate(RUNS[: draw(st.integers(1, 6))]):
        parent = st.none() | st.sampled_from(RUNS[:number] or [RUNS[-1]])
        code = Code(kind="task", key=run.id, hash=draw(st.sampled_from(["h1", "h2"])), source="s")
        for telling in range(draw(st.integers(0, 2))):
            at = AT + timedelta(seconds=draw(st.integers(0, 5)), milliseconds=telling)
            events.append(Started(run=run, name=f"{run.id}{telling}", at=at, parent=draw(parent), code=code, params={"told": telling}))
        for _ in range(draw(st.integers(0, 2))):
            status = draw(st.sampled_from([RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CRASHED, RunStatus.CACHED]))
            reused = draw(parent) if status is RunStatus.CACHED else None
            events.append(Ended(run=run, status=status, at=AT + timedelta(seconds=draw(st.integers(6, 9))), error=draw(st.sampled_from([None, "e"])), reused=reused))
        for kind in draw(st.lists(st.sampled_from([Used, Produced]), max_size=3)):
            name, ref = draw(sightings(histories))
            events.append((kind, run, name, ref, draw(st.sampled_from(["", "role"]))))
    return events


def placed(events, folder):
    """The events with the places of their files; each as it comes from a spool."""
    whole = []
    for event in events:
        if isinstance(event, tuple):
            kind, run, name, ref, role = event
            uri, host = place(name, folder)
            whole.append(kind(run=run, ref=replace(ref, uri=uri, host=host), role=role))
        else:
            whole.append(event)
    return [load(dump(event)) for event in whole]


def wipe(instance):
    """Take out all that was recorded."""
    with instance.database.engine.execution_options(lignin_write=True).begin() as connection:
        for table in LINKS:
            connection.execute(delete(table))
        for registry in (Artifact, Run, Transform):
            table = registry.__table__
            loops = {c.name: None for c in table.c if c.nullable and c.name in {"run_id", "origin_id", "parent_id", "transform_id"}}
            connection.execute(update(table).values(loops))
        for registry in (Artifact, Run, Transform):
            connection.execute(delete(registry.__table__))


def graph(instance):
    """All that the catalogue says, without the ids and uids that chance gave."""
    artifact, run, transform = (registry.__table__ for registry in (Artifact, Run, Transform))
    with instance.database.reading() as session:
        rows = session.execute(select(artifact)).all()
        runs = {row.id: row for row in session.execute(select(run))}
        codes = {row.id: (row.key, row.hash, row.is_latest) for row in session.execute(select(transform))}
        edges = {table.name: session.execute(select(table)).all() for table in (run_input, run_output)}
    names = {row.id: (row.family.split(":", 2)[2], row.storage_id, row.hash, row.size, None if row.hash else row.mtime_ns) for row in rows}
    uids = {row.id: row.uid for row in runs.values()}
    return {
        "artifacts": sorted(
            (
                repr(names[r.id]), r.key, r.state, r.is_latest, r.mtime_ns or 0, r.n_files or 0, r.suffix, r.otype or "",
                uids.get(r.run_id, ""), repr(names.get(r.origin_id)),
            )
            for r in rows
        ),
        "runs": sorted(
            (
                r.uid, r.name or "", r.status, str(r.started_at), str(r.finished_at), repr(r.params), r.error or "", r.attempt,
                uids.get(r.parent_id, ""), uids.get(r.origin_id, ""), repr(codes.get(r.transform_id)),
            )
            for r in runs.values()
        ),
        "edges": sorted((name, uids[e.run_id], repr(names[e.artifact_id]), e.role) for name, listed in edges.items() for e in listed),
    }  # fmt: skip


def check_once(instance, data):
    events = placed(data.draw(stories()), instance.config.folder)
    recorder = CatalogueRecorder(instance)
    wipe(instance)
    recorder.record_many(events)
    expected = graph(instance)
    assert_sound(expected)
    wipe(instance)
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    shuffled = data.draw(st.permutations([*events, *again]))
    while shuffled:
        count = data.draw(st.integers(1, len(shuffled)))
        recorder.record_many(shuffled[:count])
        shuffled = shuffled[count:]
    assert graph(instance) == expected
    recorder.record_many(events)
    assert graph(instance) == expected


def assert_sound(graph):
    latest = {}
    for name, _, _, is_latest, *_ in graph["artifacts"]:
        family = tuple(name.split(", ")[:2])
        latest[family] = latest.get(family, 0) + is_latest
    assert set(latest.values()) <= {1}
    for *_, run, origin in graph["artifacts"]:
        assert not (run and origin != "None")
        assert "tiny" not in origin


@settings(slow, max_examples=60)
@given(data=st.data())
def test_order_batches_and_repetition_do_not_matter(sqlite_instance, data):
    check_once(sqlite_instance, data)


@settings(slow, max_examples=8)
@given(data=st.data())
def test_order_batches_and_repetition_do_not_matter_on_both_stores(instance, data):
    check_once(instance, data)


@pytest.mark.parametrize("reverse", [False, True])
def test_an_older_word_of_a_rewritten_file_is_of_its_content_then(sqlite_instance, reverse):
    """A at 1, B at 2, A again at 3; and somebody who read it at 1 without reading its bytes."""
    uri, host = place("inside", sqlite_instance.config.folder)
    a1 = FileRef(uri=uri, host=host, size=100, mtime_ns=1, content_id="b3:" + "a" * 64)
    writer, reader = RUNS[0], RUNS[2]
    events = [
        Produced(run=writer, ref=a1),
        Produced(run=writer, ref=replace(a1, mtime_ns=2, content_id="b3:" + "b" * 64)),
        Produced(run=writer, ref=replace(a1, mtime_ns=3)),
        Used(run=reader, ref=replace(a1, content_id=None)),
    ]
    for event in events[::-1] if reverse else events:
        CatalogueRecorder(sqlite_instance).record(event)
    read = sqlite_instance.query(Run).get(uid=reader.uid).input_artifacts.one()
    assert (read.hash, read.is_latest, read.state, read.mtime_ns) == (a1.content_id, True, "stored", 3)
    assert read.versions.count() == 2


def test_the_uid_of_a_run_is_the_same_in_every_catalogue():
    assert RUNS[0].uid == derived_uid("e:w:a:1")


def test_the_code_of_an_outranked_telling_is_not_written(instance):
    """An import knows less than the hooks did, and where their spools are not at hand, it makes up another code."""
    key, live, bare = RunKey(engine="e", scope="w", id="a"), Code(kind="task", key="live", hash="h1"), Code(kind="task", key="bare", hash="h2")
    recorder = CatalogueRecorder(instance)
    recorder.record(Started(run=key, name="live", at=AT + timedelta(microseconds=2), code=live))
    for told in (Started(run=key, name="bare", at=AT, code=bare), Started(run=key, name="live", at=AT + timedelta(microseconds=2), code=live)):
        recorder.record(told)
    assert instance.query(Transform).to_list("key") == ["live"]
    assert instance.query(Run).one().transform.key == "live"


def test_a_large_batch_is_taken_whole(instance):
    """More files than a PostgreSQL server has places for locks."""
    key = RunKey(engine="e", scope="w", id="large")
    refs = [FileRef(uri=f"s3://bucket/{n}.csv", size=100, mtime_ns=1, content_id=f"etag:{n}") for n in range(8_000)]
    CatalogueRecorder(instance).record_many([Started(run=key, name="large", at=AT), *(Produced(run=key, ref=ref) for ref in refs)])
    assert instance.query(Artifact).filter(run__uid=key.uid).count() == 8_000
