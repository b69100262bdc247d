"""The graph around a record: right on every shape, in a set number of statements, on both stores."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import UsageError
from lignin.instance.record import CatalogueRecorder
from lignin.lineage import explore
from lignin.recording import Code, Ended, FileRef, Produced, RunKey, RunStatus, Started, Used

START = datetime(2026, 1, 1, tzinfo=UTC)


def key(name):
    return RunKey(engine="snakemake", scope="w", id=name)


def ref(name, *, content=None, size=1000, time=0):
    return FileRef(uri=f"s3://bucket/{name}", size=size, mtime_ns=10**18 + time, content_id=f"b3:{content or name:0>64}")


def job(name, *, reads=(), writes=(), parent=None, at=0):
    """All events of one run."""
    run, moment = key(name), START + timedelta(seconds=at)
    return [
        Started(run=run, name=name, at=moment, parent=parent and key(parent), code=Code(kind="task", key=name, hash="1")),
        *(Used(run=run, ref=r if isinstance(r, FileRef) else ref(r)) for r in reads),
        *(Produced(run=run, ref=r if isinstance(r, FileRef) else ref(r)) for r in writes),
        Ended(run=run, status=RunStatus.COMPLETED, at=moment + timedelta(seconds=1)),
    ]


@pytest.fixture
def record(instance):
    recorder = CatalogueRecorder(instance)
    return lambda *jobs: recorder.record_many(event for events in jobs for event in events)


def names(record_, **options):
    return {node.name.removeprefix("s3://bucket/") for node in explore(record_, **options).nodes}


def edges(record_, **options):
    found = explore(record_, **options)
    name = {node.id: node.name.removeprefix("s3://bucket/") for node in found.nodes}
    return {(name[e.source], name[e.target], e.kind) for e in found.edges}


def artifact(name):
    return ln.Artifact.get(key=f"s3://bucket/{name}")


def test_a_chain_is_followed_to_its_first_input_and_to_its_last_output(record):
    record(job("one", reads=["a"], writes=["b"]), job("two", reads=["b"], writes=["c"]), job("other", reads=["x"], writes=["y"]))
    assert edges(artifact("c")) == {("a", "one", "input"), ("one", "b", "output"), ("b", "two", "input"), ("two", "c", "output")}
    assert edges(artifact("a"), direction="descendants") == edges(artifact("c"))
    assert names(artifact("b")) == {"b", "one", "a"}


def test_a_diamond_shows_each_node_once(record):
    record(
        job("top", reads=["a"], writes=["b", "c"]),
        job("left", reads=["b"], writes=["d"]),
        job("right", reads=["c"], writes=["e"]),
        job("join", reads=["d", "e"], writes=["f"]),
    )
    found = explore(artifact("f"))
    assert len(found.nodes) == len({n.id for n in found.nodes}) == 10
    assert len(found.edges) == 10
    assert found.nodes[0].id == found.focus == artifact("f").uid


def test_many_diamonds_on_top_of_one_another_take_no_longer(record):
    jobs = [job(f"r{n}", reads=[f"a{n}", f"b{n}"], writes=[f"a{n + 1}", f"b{n + 1}"], at=n) for n in range(60)]
    record(*jobs)
    assert len(explore(artifact("a60")).nodes) == 60 + 2 * 60 + 1


def test_a_cycle_ends(record):
    record(job("there", reads=["a"], writes=["b"]), job("back", reads=["b"], writes=["a"], at=5))
    everything = {"a", "b", "there", "back"}
    assert names(artifact("a")) == names(artifact("b")) == everything
    assert names(artifact("a"), direction="descendants") == everything
    assert names(artifact("a"), depth=1) == {"a", "back", "b"}


def test_depth_counts_runs(record):
    record(*(job(f"r{n}", reads=[f"f{n}"], writes=[f"f{n + 1}"], at=n) for n in range(5)))
    assert names(artifact("f5"), depth=0) == {"f5"}
    assert names(artifact("f5"), depth=2) == {"f5", "r4", "f4", "r3", "f3"}
    assert names(artifact("f0"), depth=1, direction="descendants") == {"f0", "r0", "f1"}


def test_a_copy_that_nobody_recorded_is_followed_and_marked(record):
    record(job("make", reads=["a"], writes=["b"]), job("use", reads=[ref("copy", content="b", time=9)], writes=["c"], at=10))
    assert ("b", "copy", "inferred") in edges(artifact("c"))
    assert names(artifact("c")) == {"c", "use", "copy", "b", "make", "a"}
    frame = artifact("c").lineage()
    assert frame.loc[frame.inferred, "name"].tolist() == ["s3://bucket/b"]


def test_nothing_is_inferred_from_a_tiny_file(record):
    record(job("make", writes=[ref("b", size=2)]), job("use", reads=[ref("copy", content="b", size=2)], writes=["c"], at=10))
    assert names(artifact("c")) == {"c", "use", "copy"}


def test_a_run_without_files_of_its_own_got_its_data_from_its_caller(record):
    record(
        job("flow", reads=["a"]),
        job("task", writes=["b"], parent="flow", at=1),
        job("precise", reads=["x"], writes=["y"], parent="flow", at=1),
    )
    assert edges(artifact("b")) == {("a", "flow", "input"), ("flow", "task", "call"), ("task", "b", "output")}
    assert "a" not in names(artifact("y"))
    assert names(artifact("a"), direction="descendants") == {"a", "flow", "task", "b"}


def test_a_workflow_that_only_started_a_task_has_no_part_in_its_file(record):
    record(job("top"), job("middle", parent="top", at=1), job("task", writes=["b"], parent="middle", at=2))
    assert names(artifact("b")) == {"b", "task"}
    assert names(ln.Run.get(name="top"), direction="descendants") == {"top", "middle", "task", "b"}


def test_a_run_that_made_the_same_again_is_seen_from_above_only(record):
    record(job("first", reads=["a"], writes=["b"]), job("again", reads=["a"], writes=["b"], at=60))
    assert ("first", "b", "output") in edges(artifact("b"))
    assert "again" not in names(artifact("b"))
    assert ("again", "b", "recreated") in edges(artifact("a"), direction="descendants")


def test_a_flow_that_returns_its_tasks_file_did_not_make_it(record):
    record(job("flow", reads=["a"], writes=["b"]), job("task", reads=["a"], writes=["b"], parent="flow", at=1))
    assert edges(artifact("b")) == {("a", "task", "input"), ("task", "b", "output")}
    assert ("flow", "b", "recreated") not in edges(artifact("a"), direction="descendants")


def test_runs_and_transforms_have_a_lineage_too(record):
    record(job("one", reads=["a"], writes=["b"]), job("two", reads=["b"], writes=["c"], at=3))
    run = ln.Run.get(name="two")
    assert names(run) == {"two", "b", "one", "a"}
    assert names(run.transform) == names(run)


@pytest.mark.parametrize("size", [3, 300])
def test_three_statements_whatever_the_size(instance, record, size):
    record(*(job(f"r{n}", reads=[f"f{n}"], writes=[f"f{n + 1}"], at=n) for n in range(size)))
    last, asked = artifact(f"f{size}"), []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]) if a[2].lstrip().startswith(("with", "select")) else None)
    assert len(explore(last).nodes) == 2 * size + 1
    assert len(asked) == 3


def test_the_frame_has_the_nearest_first(record):
    record(job("one", reads=["a"], writes=["b"]), job("two", reads=["b"], writes=["c"], at=3))
    frame = artifact("c").lineage()
    assert frame.columns.tolist() == ["uid", "type", "name", "engine", "status", "distance", "inferred"]
    assert frame.distance.tolist() == [0, 1, 2, 3, 4]
    assert frame.type.tolist() == ["artifact", "run", "artifact", "run", "artifact"]


@pytest.mark.parametrize("options", [{"direction": "up"}, {"depth": -1}, {"depth": "2"}])
def test_a_question_that_makes_no_sense_is_refused(record, options):
    record(job("one", reads=["a"], writes=["b"]))
    with pytest.raises(UsageError):
        explore(artifact("b"), **options)


def test_what_is_not_saved_has_no_lineage(sqlite_instance):
    with pytest.raises(UsageError, match="not saved"):
        explore(ln.ULabel(name="x"))
    with pytest.raises(UsageError, match="has no lineage"):
        explore(ln.ULabel(name="x").save())


@pytest.mark.parametrize(("name", "begins"), [("x.html", "<!doctype html>"), ("x.svg", "<svg"), ("x.mmd", "flowchart"), ("x.txt", "s3://")])
def test_a_picture_is_written_as_the_files_name_says(record, tmp_path, name, begins):
    record(job("one", reads=["a"], writes=["b"]))
    path = artifact("b").view_lineage(path=tmp_path / name)
    assert path.read_text(encoding="utf-8").lstrip().lower().startswith(begins)


def test_a_terminal_gets_a_tree(record, capsys):
    record(job("one", reads=["a"], writes=["b"]))
    artifact("b").view_lineage()
    printed = capsys.readouterr().out
    assert "s3://bucket/b" in printed
    assert "one" in printed
