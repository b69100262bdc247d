"""How many statements an act asks of the database: a constant, however many rows there are."""

from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import event

import lignin as ln

# What a driver sends to begin and end; it asks nothing.
FRAME = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")


@pytest.fixture
def asked(instance):
    """A context in which statements are noted."""
    engine = instance.database.engine

    @contextmanager
    def noting():
        told = []

        def note(*args):
            if not args[2].upper().startswith(FRAME):
                told.append(args[2])

        event.listen(engine, "before_cursor_execute", note)
        yield told
        event.remove(engine, "before_cursor_execute", note)

    return noting


def files(folder, count):
    place = Path(folder)
    place.mkdir()
    for number in range(count):
        (place / f"{number}.txt").write_text(f"{folder} {number}")
    return place


def known(instance, *, rows):
    """A catalogue of so many artifacts with labels, in a run."""
    ln.track()
    label = ln.ULabel(name=f"label {rows}").save()
    for artifact in ln.Artifact.from_dir(files(f"folder{rows}", rows), key=f"folder{rows}").save():
        artifact.ulabels.add(label)
    ln.finish()


@pytest.mark.parametrize("rows", [3, 40])
def test_acts_ask_a_constant_number_of_statements(instance, asked, rows, monkeypatch):
    monkeypatch.setattr("sys.argv", ["script.py"])
    Path("script.py").write_text("pass\n")
    known(instance, rows=rows)
    artifact = ln.Artifact.get(key=f"folder{rows}/1.txt")
    with asked() as statements:
        artifact.describe()
    assert len(statements) <= 5, statements
    with asked() as statements:
        frame = ln.Artifact.to_dataframe(include=["ulabels__name", "run__name", "created_by__handle"])
    assert len(frame) == min(rows, 20)
    assert len(statements) <= 3, statements
    path = Path("new.txt")
    path.write_text("new")
    new = ln.Artifact(path, key="new.txt")
    with asked() as statements:
        new.save()
    assert len(statements) <= 4, statements
    path.write_text("newer")
    newer = ln.Artifact(path, key="new.txt")
    with asked() as statements:
        newer.save()
    assert len(statements) <= 7, statements


def test_datasets_are_checked_saved_and_described_in_few_statements(instance, asked):
    ln.track()
    ln.ULabel.from_values(["a", "b"], create=True).save()
    for n in range(12):
        ln.Feature(name=f"label{n}", dtype=ln.ULabel).save()
        ln.Feature(name=f"number{n}", dtype=float).save()
    ln.Schema(itype=ln.Feature, name="by name").save()
    frame = pd.DataFrame({f"label{n}": ["a", "b"] for n in range(12)} | {f"number{n}": [1, 2] for n in range(12)})
    ln.Artifact.from_dataframe(frame[:1], key="a.parquet", schema="by name").save()
    with asked() as statements:
        new = ln.Artifact.from_dataframe(frame, key="a.parquet", schema="by name")
    # The schema and its members, the registered features, and one look into the registry of labels.
    assert len(statements) <= 10, statements
    with asked() as statements:
        new.save()
    assert len(statements) <= 14, statements
    with asked() as statements:
        assert "since 0000: 1 → 2 observations" in new.describe()
    assert len(statements) <= 5, [str(s)[:90] for s in statements]
    ln.finish()
