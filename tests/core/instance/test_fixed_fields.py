"""What a record is can't be set, what people say of it can; and what was trashed stays in the trash."""

from datetime import UTC, datetime

import pytest

import lignin as ln
from lignin.base.errors import UsageError
from lignin.instance.record import CatalogueRecorder
from lignin.recording import FileRef, Produced, RunKey, Started, encode_params


@pytest.fixture
def artifact(sqlite_instance, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("content")
    return ln.Artifact(path, key="a.txt").save()


@pytest.mark.parametrize(
    ("field", "value"), [("hash", "xx"), ("size", -5), ("is_latest", False), ("uid", "x" * 20), ("family", "key:b"), ("state", "gone"), ("run_id", 7)]
)
def test_what_an_artifact_is_can_not_be_set(artifact, field, value):
    held = getattr(artifact, field)
    setattr(artifact, field, value)
    with pytest.raises(UsageError, match=field):
        artifact.save()
    assert getattr(ln.Artifact.get(key="a.txt"), field) == held


def test_what_people_say_of_an_artifact_can_be_set(artifact):
    artifact.description, artifact.version_tag = "A line", "v1"
    artifact.save()
    again = ln.Artifact.get(key="a.txt")
    assert (again.description, again.version) == ("A line", "v1")


def produced(instance, *, time):
    run = RunKey(engine="snakemake", scope="w", id=str(time))
    ref = FileRef(uri="s3://bucket/out.txt", size=100, mtime_ns=time, content_id="b3:" + "0" * 64)
    CatalogueRecorder(instance).record_many([Started(run=run, name="job", at=datetime(2026, 1, time, tzinfo=UTC)), Produced(run=run, ref=ref)])


def test_a_trashed_file_stays_trashed_when_it_is_told_again_and_is_there_anew_when_it_was_written_anew(instance):
    produced(instance, time=1)
    ln.Artifact.get(key="s3://bucket/out.txt").delete()
    produced(instance, time=1)
    assert ln.Artifact.filter(key="s3://bucket/out.txt").count() == 0
    produced(instance, time=2)
    anew = ln.Artifact.filter(key="s3://bucket/out.txt").one()
    assert anew.is_latest
    assert anew.uid.endswith("0001")
    assert anew.run.external_id == "2"


def test_the_value_after_a_secret_option_is_blanked():
    params = encode_params({"command": ["tool", "--api-token", "hunter2", "--threads", "4"], "plain": ["-n", "5"]})
    assert params == {"command": ["tool", "--api-token", "***", "--threads", "4"], "plain": ["-n", "5"]}
