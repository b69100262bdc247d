"""`lignin list`: the fields that scripts rely on, filters, order, and what it costs."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

import lignin as ln
from lignin.cli.options import REGISTRY_NAMES
from lignin.instance import ingest
from lignin.recording import Code, Ended, FileRef, Produced, RunKey, RunStatus, Spool, Started, Used

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN_FIELDS = [
    "uid", "transform", "name", "engine", "status", "attempt", "parent", "origin", "params", "info",
    "started_at", "finished_at", "error",
]  # fmt: skip
ARTIFACT_FIELDS = ["uid", "key", "suffix", "size", "hash", "n_files", "run", "created_at", "version", "is_latest"]


def key(name, attempt=1):
    return RunKey(engine="snakemake", scope="w1", id=name, attempt=attempt)


def tell(spool, run, *, status=RunStatus.COMPLETED, parent=None, reused=None, error=None, **more):
    code = Code(kind="task", key=f"Snakefile::{run.id}", hash=run.id)
    spool.record(Started(run=run, name=run.id, at=AT, parent=parent, code=code, **more))
    spool.record(Ended(run=run, status=status, at=AT.replace(minute=1), reused=reused, error=error))


@pytest.fixture
def workflow(instance):
    """A workflow of three jobs, one of which failed first and one of which was cached."""
    spool = Spool(instance.config.spool, engine="snakemake")
    tell(spool, key("all"))
    tell(spool, key("trim"), status=RunStatus.FAILED, parent=key("all"), error="exit code 1")
    tell(spool, key("trim", 2), parent=key("all"), params={"quality": 20, "fdr": 0.05, "paired": True, "mode": "fast"}, info={"threads": 4})
    tell(spool, key("count"), status=RunStatus.CACHED, parent=key("all"), reused=key("trim", 2))
    ref = FileRef(uri="file:///data/a.fastq.gz", host="far", size=5, mtime_ns=1, content_id="b3:" + "a" * 64)
    spool.record(Produced(run=key("trim", 2), ref=ref))
    spool.record(Used(run=key("count"), ref=ref))
    spool.close()
    ingest(instance, spool.path)
    return instance


@contextmanager
def counted(instance):
    statements = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    yield statements


def test_runs_have_exactly_the_fields_of_the_stable_surface(workflow, lignin):
    runs = {(r["name"], r["attempt"]): r for r in lignin("list", "run", "--json").json}
    assert all(list(run) == RUN_FIELDS for run in runs.values())
    trim = runs["trim", 2]
    assert trim == {
        "uid": key("trim", 2).uid,
        "transform": "Snakefile::trim",
        "name": "trim",
        "engine": "snakemake",
        "status": "completed",
        "attempt": 2,
        "parent": key("all").uid,
        "origin": None,
        "params": {"quality": 20, "fdr": 0.05, "paired": True, "mode": "fast"},
        "info": {"threads": 4},
        "started_at": "2026-11-24T12:00:00.000000+00:00",
        "finished_at": "2026-11-24T12:01:00.000000+00:00",
        "error": None,
    }
    assert runs["count", 1]["origin"] == key("trim", 2).uid
    assert runs["trim", 1]["error"] == "exit code 1"


def test_artifacts_have_exactly_the_fields_of_the_stable_surface(workflow, lignin):
    (artifact,) = lignin("list", "artifact", "--json").json
    assert list(artifact) == ARTIFACT_FIELDS
    assert (artifact["key"], artifact["suffix"], artifact["size"], artifact["n_files"]) == ("file://far/data/a.fastq.gz", ".fastq.gz", 5, None)
    assert (artifact["hash"], artifact["run"], artifact["version"], artifact["is_latest"]) == ("b3:" + "a" * 64, key("trim", 2).uid, "0000", True)


def test_a_script_has_no_engine(sqlite_instance, lignin, script):
    script("lignin track\nlignin finish\n")
    assert lignin("list", "run", "--filter", "engine=null", "--json").json[0]["engine"] is None


RUNS_BY = (
    (["status=failed"], ["trim"]),
    (["status__in=failed,cached"], ["count", "trim"]),
    (["engine=snakemake", "attempt=2"], ["trim"]),
    (["attempt__gt=1"], ["trim"]),
    (["transform=Snakefile::count"], ["count"]),
    (["transform__key__startswith=Snakefile::c"], ["count"]),
    (["params__quality=20"], ["trim"]),
    (["params__fdr__lt=0.1"], ["trim"]),
    (["params__paired=true"], ["trim"]),
    (["params__mode=fast"], ["trim"]),
    (["params__mode=slow"], []),
    (["info__threads__gte=4"], ["trim"]),
    (["parent=null"], ["all"]),
    (["parent__isnull=yes"], ["all"]),
    (["parent__name=all"], ["count", "trim", "trim"]),
    (["parent=UID"], ["count", "trim", "trim"]),
    (["parent=UID[:8]"], ["count", "trim", "trim"]),
    (["initiated_by_run=all"], ["count", "trim", "trim"]),
    (["origin__isnull=false"], ["count"]),
    (["error=null", "status=completed"], ["trim", "all"]),
    (["error__contains=code"], ["trim"]),
    (["started_at__gte=2026-11-24"], ["count", "trim", "trim", "all"]),
    (["started_at__range=2026-11-25,2026-11-26"], []),
    (["created_by__handle__startswith="], ["count", "trim", "trim", "all"]),
    (["input_artifacts__suffix=.fastq.gz"], ["count"]),
    (["engine=null"], []),
    (["name=tr'im; drop table run"], []),
)


def test_filters_read_values_by_what_the_field_holds(workflow, lignin):
    whole = key("all").uid
    for filters, names in RUNS_BY:
        typed = [f.replace("UID[:8]", whole[:8]).replace("UID", whole) for f in filters]
        options = [part for f in typed for part in ("--filter", f)]
        found = sorted(r["name"] for r in lignin("list", "run", *options, "--json").json)
        assert found == sorted(names), filters


def test_several_filters_may_follow_one_option(workflow, lignin):
    said = lignin("list", "run", "--filter", "engine=snakemake", "attempt=2", "--json")
    assert [r["name"] for r in said.json] == ["trim"]


ARTIFACTS_BY = (
    (["size__gt=1000"], False),
    (["size__gt=1"], True),
    (["run=UID"], True),
    (["transform__key=Snakefile::trim"], True),
    (["transform=Snakefile::trim"], True),
    (["run__transform=Snakefile::trim"], True),
    (["run__parent__name=all"], True),
    (["is_latest=true", "version=0000"], True),
    (["version=0001"], False),
    (["n_files=null", "suffix=.fastq.gz"], True),
    (["input_of_runs__name=count"], True),
    (["branch=trash"], False),
)


def test_artifacts_are_filtered_through_their_relations(workflow, lignin):
    for filters, found in ARTIFACTS_BY:
        typed = [f.replace("UID", key("trim", 2).uid) for f in filters]
        assert bool(lignin("list", "artifact", "--filter", *typed, "--json").json) is found, filters


def test_the_newest_comes_first_and_json_has_all(saved, lignin):
    for number in range(25):
        saved(f"{number:02}.txt", str(number))
    keys = [a["key"] for a in lignin("list", "artifact", "--json").json]
    assert keys == [f"{number:02}.txt" for number in reversed(range(25))]
    assert [a["key"] for a in lignin("list", "artifact", "--json", "--limit", "2").json] == ["24.txt", "23.txt"]
    table = lignin("list", "artifact")
    assert table.out.count(".txt") == 20
    assert "24.txt" in table.out
    assert table.err == "! only the newest 20 are shown; ask for more with --limit\n"
    assert lignin("list", "artifact", "--limit", "25").out.count(".txt") == 25


def test_the_table_fits_80_columns_and_loses_no_text(saved, lignin):
    long = "/".join(["a-long-folder-name"] * 5) + "/[bold]ünïcode.txt"
    uid = saved(long, "x")
    said = lignin("list", "artifact")
    assert max(map(len, said.out.splitlines())) <= 80
    assert "\x1b" not in said.out
    assert uid in said.out
    column = "".join(line[said.out.index("key") : said.out.index("key") + 34].strip() for line in said.out.splitlines()[2:])
    assert long in column


def test_nothing_to_list_is_said_and_is_an_empty_array(sqlite_instance, lignin):
    assert lignin("list", "run").err == "• there is no run yet\n"
    assert lignin("list", "run", "--filter", "status=failed").err == "• no run meets this\n"
    assert lignin("list", "run", "--json").json == []


def test_every_registry_can_be_listed_both_ways(workflow, lignin):
    ln.ULabel(name="control").save().notes.comment("as bought")
    ln.Project(name="atlas").save()
    ln.Feature(name="dose", dtype=float).save()
    ln.Schema(["dose"], name="doses").save()
    ln.Record(name="sample 1").save()
    ln.Reference(name="a paper").save()
    ln.Collection([ln.Artifact.get(suffix=".fastq.gz")], key="all").save()
    for registry in REGISTRY_NAMES:
        (first, *_) = lignin("list", registry, "--json").json
        assert first["uid"] in lignin("list", registry).out


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(workflow, lignin):
    with counted(workflow) as statements:
        lignin("list", "run", "--json")
        few = len(statements)
        spool = Spool(workflow.config.spool, engine="snakemake")
        for number in range(50):
            tell(spool, key(f"job{number}"), parent=key("all"), reused=key("trim", 2))
        spool.close()
        ingest(workflow, spool.path)
        statements.clear()
        assert len(lignin("list", "run", "--json").json) == 54
    assert len(statements) == few
    # Each with its `begin` on SQLite: the question for killed runs, and the list.
    assert few <= 4, statements
