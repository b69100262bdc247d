"""Values come with what they are said of, in one transaction, and many may say them at once."""

from pathlib import Path

import pytest
from sqlalchemy import event, func, select

import lignin as ln
from lignin.base.errors import NotFound, ValidationError
from lignin.model import artifact_value

WRITER = """
import sys, time
from pathlib import Path
import lignin as ln
number, start = int(sys.argv[1]), Path(sys.argv[2])
artifacts = [ln.Artifact.get(key=f"{n}.txt") for n in range(2)]
start.with_name(f"ready-{number}").touch()
while not start.exists():
    time.sleep(0.002)
for turn in range(2):
    # Each in another order, and the same values and labels as all others beside its own.
    for artifact in artifacts[number % 2 :] + artifacts[: number % 2]:
        artifact.features.add_values({"same": 7, "label": ["shared", f"kind {turn}"]})
        artifact.features.add_values({"label": f"own {number}", "items": [f"{number}-{turn}"]})
        artifact.features.update_values({"last": number, "labels": ["shared"] if number % 2 else ["shared", f"own {number}"]})
    path = Path(f"made-{turn}.txt")
    ln.Artifact(path, key=f"made-{turn}.txt", features={"same": 7, "label": [f"own {number}", "shared"]}).save()
    ln.Record(name=f"record {turn}", features={"same": 7, "label": f"own {number}"}).save()
"""


@pytest.fixture
def features(instance):
    ln.ULabel(name="T cell").save()
    return {name: ln.Feature(name=name, dtype=dtype).save() for name, dtype in {"n": int, "cell_type": ln.ULabel}.items()}


def test_an_artifact_is_not_stored_without_its_values(instance, features):
    Path("a.txt").write_text("a")
    artifact = ln.Artifact("a.txt", key="a.txt", features={"n": 1, "cell_type": "T cell"})
    ln.ULabel.get(name="T cell").delete(permanent=True)
    with pytest.raises(NotFound, match="somebody deleted it"):
        artifact.save()
    assert artifact.id is None
    assert not ln.Artifact.filter().exists()
    ln.Artifact("a.txt", key="a.txt", features={"n": 1}).save()
    with pytest.raises(ValidationError, match="another value already"):
        ln.Artifact("a.txt", key="a.txt", features={"n": 2}).save()
    assert ln.Artifact.get(key="a.txt").features.get_values() == {"n": 1}


def test_values_and_their_artifact_become_visible_together(instance, features):
    Path("a.txt").write_text("a")
    artifact = ln.Artifact("a.txt", key="a.txt", features={"n": 1})
    told = []

    def note(*args):
        told.append(args[2].split()[0].upper())

    def commit(_connection):
        told.append("COMMIT")

    engine = instance.database.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", commit)
    artifact.save()
    event.remove(engine, "before_cursor_execute", note)
    event.remove(engine, "commit", commit)
    written = [place for place, word in enumerate(told) if word == "INSERT"]
    assert len(written) >= 2
    assert "COMMIT" not in told[written[0] : written[-1]]


def test_several_files_of_one_content_and_key_have_all_values(instance, features):
    for name in "ab":
        Path(f"{name}.txt").write_text("same")
    ln.save([ln.Artifact("a.txt", key="x.txt", features={"n": 1}), ln.Artifact("b.txt", key="x.txt", features={"n": 1, "cell_type": "T cell"})])
    assert ln.Artifact.get(key="x.txt").features.get_values() == {"n": 1, "cell_type": "T cell"}


def test_a_tracked_run_is_described_from_its_beginning(instance, features, monkeypatch):
    monkeypatch.setattr("sys.argv", ["script.py"])
    with pytest.raises(ValidationError, match="temperature"):
        ln.track(key="script.py", kind="script", source_code="x = 1", features={"temperature": 3})
    assert not ln.Run.filter().exists()
    ln.track(key="script.py", kind="script", source_code="x = 1", features={"n": 3, "cell_type": "T cell"})
    run = ln.context.run
    ln.finish()
    assert ln.Run.get(run.uid).features.get_values() == {"n": 3, "cell_type": "T cell"}
    assert ln.Run.filter(n=3, cell_type="T cell").one() == run


def test_sixteen_processes_annotate_the_same_artifacts(instance, together):
    writers = 16
    ln.save([ln.ULabel(name=name) for name in ("shared", *(f"kind {n}" for n in range(2)), *(f"own {n}" for n in range(writers)))])
    for name, dtype in {"same": int, "last": int, "label": ln.ULabel, "labels": ln.ULabel, "items": list[str]}.items():
        ln.Feature(name=name, dtype=dtype).save()
    for n in range(2):
        Path(f"{n}.txt").write_text(f"file {n}")
        ln.Artifact(f"{n}.txt", key=f"{n}.txt").save()
    for turn in range(2):
        Path(f"made-{turn}.txt").write_text(f"made {turn}")
    together(writers, WRITER)
    everybody = {f"own {n}" for n in range(writers)}
    for n in range(2):
        values = ln.Artifact.get(key=f"{n}.txt").features.get_values()
        assert values["same"] == 7
        assert values["label"] == {"shared", *(f"kind {n}" for n in range(2)), *everybody}
        assert sorted(values["items"]) == sorted(f"{n}-{turn}" for n in range(writers) for turn in range(2))
        last = values["last"]
        assert values["labels"] == ("shared" if last % 2 else {"shared", f"own {last}"})
    for turn in range(2):
        assert ln.Artifact.get(key=f"made-{turn}.txt").features.get_values() == {"same": 7, "label": {"shared", *everybody}}
        assert ln.Record.get(name=f"record {turn}").features.get_values() == {"same": 7, "label": everybody}
    value = artifact_value.c
    twice = select(value.artifact_id).group_by(value.artifact_id, value.feature_id, value.integer, value.text, value.registry, value.target_id).having(func.count() > 1)
    assert not instance.database.read(lambda session: session.execute(twice).all())
