"""`lignin.toml`: which files a pipeline's run brings in, under which keys, with which labels; the same for every engine."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import BytesGone, ContentChanged, UsageError
from lignin.instance.ingest import ingest
from lignin.recording import (
    Courier,
    Ended,
    Guard,
    Produced,
    RunKey,
    RunStatus,
    Spool,
    Started,
    Used,
    encode_params,
    observe,
    policy_of,
)
from lignin.recording.policy import Policy, _glob

AT = datetime(2026, 1, 1, tzinfo=UTC)


def policy(text):
    Path("lignin.toml").write_text(text)


def written(name, text):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)
    return path


def run(instance, name, files, *, reads=(), params=None, temporary=()):
    """A run as an engine's adapter tells it, with its files, ingested."""
    spool = Spool(instance.config.spool, engine="test")
    courier = Courier(spool, guard=Guard("test", strict=True))
    key, task = RunKey(engine="test", scope="w", id=name), RunKey(engine="test", scope="w", id=f"{name}.task")
    courier.record(Started(run=key, name=name, at=AT, params=params or {}))
    courier.record(Started(run=task, name="task", at=AT, parent=key))
    for path in reads:
        courier.record(Used(run=task, ref=observe(path), role=""))
    for path, text in files.items():
        courier.record(Produced(run=task, ref=observe(written(path, text), temporary=path in temporary), role=""))
    for ended in (task, key):
        courier.record(Ended(run=ended, status=RunStatus.COMPLETED, at=AT))
    assert courier.flush(30)
    spool.close()
    return ingest(instance, spool.path)


def keys():
    return sorted(artifact.key for artifact in ln.Artifact.all())


def test_without_a_policy_every_file_is_an_artifact_with_its_content(instance):
    run(instance, "a", {"results/a.txt": "some content", "work/b.txt": "another"})
    assert keys() == ["results/a.txt", "work/b.txt"]
    assert all(artifact.hash.startswith("b3:") for artifact in ln.Artifact.all())


def test_files_are_taken_and_left_out_by_patterns(instance):
    policy('[files]\ninclude = ["results/**", "/data/**"]\nexclude = ["**/*.log"]\n')
    run(instance, "a", {"results/a.txt": "one", "results/deep/a.log": "two", "scratch/c.txt": "three", "results/deep/d.txt": "four"})
    assert keys() == ["results/a.txt", "results/deep/d.txt"]
    assert ln.Run.filter(name="task").one().status == "completed"


@pytest.mark.parametrize(("word", "expected"), [("hash", {"work/b.txt", "t.txt", "a.txt"}), ("link", {"work/b.txt", "t.txt", "a.txt"}), ("none", {"a.txt"})])
def test_files_on_the_way_are_read_linked_or_left_out(instance, word, expected):
    policy(f'[files]\nintermediate = ["work/**"]\nintermediates = "{word}"\n')
    report = run(instance, "a", {"work/b.txt": "on the way", "t.txt": "temporary", "a.txt": "the result"}, temporary=["t.txt"])
    assert set(keys()) == expected
    read = {artifact.key for artifact in ln.Artifact.all() if artifact.hash}
    assert read == (expected if word == "hash" else {"a.txt"})
    assert report.hashed == 0
    if word == "link":
        assert ln.Artifact.get(key="work/b.txt").size == len("on the way")


def test_a_location_gets_its_key_from_the_policy_and_versions_by_it(instance):
    policy('[keys]\n"results/{sample}/counts.{kind}" = "counts/{sample}.{kind}"\n"results/{path}" = "rnaseq/{path}"\n')
    run(instance, "a", {"results/s1/counts.tsv": "1", "results/x/y/z.txt": "2", "other.txt": "3"})
    assert keys() == ["counts/s1.tsv", "other.txt", "rnaseq/x/y/z.txt"]
    path = written("elsewhere.tsv", "by hand")
    assert ln.Artifact(path, key="counts/s1.tsv").save().version == "0001"
    run(instance, "b", {"late.txt": "4"}, reads=["results/x/y/z.txt"])
    assert ln.Artifact.get(key="rnaseq/x/y/z.txt").version == "0000"


@pytest.mark.parametrize("how", ["link", "copy"])
def test_what_the_next_run_overwrites_can_still_be_read(instance, how):
    policy(f'[files]\nretain = "{how}"\n')
    run(instance, "a", {"r.csv": "x\n1\n", "folder/one.txt": "in a folder"})
    run(instance, "b", {"r.csv": "x\n2\n"})
    old = ln.Artifact.get(uid__endswith="0000", key="r.csv")
    assert old.load()["x"].tolist() == [1]
    assert ln.Artifact.get(key="r.csv").load()["x"].tolist() == [2]
    kept = old.cache()
    old.delete(permanent=True)
    assert not kept.exists()


def test_what_was_written_through_a_link_is_never_served(instance):
    policy('[files]\nretain = "link"\n')
    run(instance, "a", {"r.txt": "first"})
    artifact = ln.Artifact.get(key="r.txt")
    # In place, so that the link holds it too.
    with Path("r.txt").open("r+") as stream:
        stream.write("other")
    with pytest.raises(ContentChanged):
        artifact.load()


def test_nothing_is_kept_unless_it_is_asked_for(instance):
    run(instance, "a", {"r.txt": "first"})
    run(instance, "b", {"r.txt": "second"})
    with pytest.raises(BytesGone):
        ln.Artifact.get(uid__endswith="0000", key="r.txt").load()
    assert not (instance.config.home / "retained").exists()


def test_workflows_get_their_project_and_labels_and_tasks_do_not(instance, monkeypatch):
    ln.Project(name="Plates").save()
    policy('[runs]\nproject = "Plates"\nlabels = ["nightly"]\n')
    monkeypatch.setenv("LIGNIN_LABELS", "urgent, é")
    run(instance, "a", {})
    run(instance, "b", {})
    monkeypatch.setenv("LIGNIN_PROJECT", "Other")
    run(instance, "c", {})
    found = ln.Run.get(name="a")
    assert {label.name for label in found.ulabels.all()} == {"nightly", "urgent", "é"}
    assert [project.name for project in found.projects.all()] == ["Plates"]
    assert {project.name for project in ln.Run.get(name="c").projects.all()} == {"Plates", "Other"}
    assert ln.ULabel.filter(name="nightly").count() == ln.Project.filter(name="Plates").count() == 1
    assert not any(task.ulabels.all() for task in ln.Run.filter(name="task"))


def test_secrets_and_limits_of_parameters_are_the_policy_s(instance):
    policy('[params]\nsecret = ["patient_*"]\nmax_text = 10\nmax_items = 2\n')
    params = encode_params({"patient_id": "P-17", "deep": {"Patient_Name": "Ann"}, "text": "x" * 30, "items": [1, 2, 3], "author": "Bo"})
    assert params == {"patient_id": "***", "deep": {"Patient_Name": "***"}, "text": f"{'x' * 10}… (30 characters)", "items": [1, 2, "… 1 more"], "author": "Bo"}
    # What another machine has told without the policy is taken out as well.
    run(instance, "a", {}, params={"patient_id": "P-17", "deep": [{"patient_name": "Ann"}]})
    assert ln.Run.get(name="a").params == {"patient_id": "***", "deep": [{"patient_name": "***"}]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[files", "can't read"),
        ("[file]\n", r"section \[file\] that is unknown. There are: files, runs, params, keys"),
        ("files = 3\n", r"files is a section: \[files\]"),
        ("[files]\nincluded = []\n", r"\[files\] included, which is unknown. There are: include"),
        ("[files]\ninclude = 'x'\n", "no list of texts"),
        ("[files]\nintermediates = 'some'\n", "none of hash, link, none"),
        ("[files]\nretain = true\n", "none of none, link, copy"),
        ("[keys]\n'a/{x}' = 'b/{y}'\n", r"the key 'b/\{y\}' has y, which its pattern 'a/\{x\}' has not"),
        ("[keys]\n'a/{x}/{x}' = 'b'\n", "names a part twice"),
        ("[keys]\n'a' = 3\n", "which is no text"),
        ("[params]\nmax_text = 0\n", "no whole number from 1"),
        ("[runs]\nlabels = ['']\n", "no list of texts"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_and_the_spool_waits(sqlite_instance, text, said):
    policy(text)
    with pytest.raises(UsageError, match=said):
        Policy.read(Path.cwd())
    with pytest.raises(UsageError, match=said):
        run(sqlite_instance, "a", {"a.txt": "one"})
    assert ln.Run.all().count() == 0
    Path("lignin.toml").unlink()
    (spool,) = sqlite_instance.config.spool.glob("*.jsonl")
    ingest(sqlite_instance, spool)
    assert ln.Run.filter(name="a").one().status == "completed"


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("results/*", ["results/a.txt", "results/.hidden"], ["results/a/b", "xresults/a", "results"]),
        ("**/*.log", ["a.log", "x/y/a.log"], ["a.logs", "log"]),
        ("a?c/**", ["abc/x", "abc/x/y"], ["a/c/x", "abc"]),
        ("s3://bucket/**", ["s3://bucket/x/y"], ["s3://bucket2/x"]),
        ("a+[b].txt", ["a+[b].txt"], ["aab.txt"]),
    ],
)
def test_patterns_mean_what_they_say(pattern, inside, outside):
    assert all(_glob(pattern).fullmatch(name) for name in inside)
    assert not any(_glob(pattern).fullmatch(name) for name in outside)


def test_the_policy_is_that_of_the_folder_and_read_anew_when_it_changes(sqlite_instance, tmp_path):
    assert policy_of().exclude == ()
    policy('[files]\nexclude = ["a"]\n')
    assert policy_of().exclude == ("a",)
    Path("deep").mkdir()
    assert policy_of(Path("deep")).exclude == ("a",)
    outside = tmp_path / "outside"
    outside.mkdir()
    assert policy_of(outside) == Policy()
