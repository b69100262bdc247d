"""The first page of a question is the same, however it is found."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

import lignin as ln
from lignin.instance import first_page

COUNT = 90


@pytest.fixture
def many(instance, monkeypatch):
    """Artifacts of which many, few and none meet a condition, at one end of the table or anywhere; looked for a few rows at once."""
    ln.save([ln.ULabel(name=f"kind {n}") for n in range(3)])
    for name, dtype in {"place": int, "noise": float, "note": str, "label": ln.ULabel}.items():
        ln.Feature(name=name, dtype=dtype).save()
    labels = {label.name: label for label in ln.ULabel.filter()}
    for n in range(COUNT):
        Path(f"{n}.txt").write_text(str(n))
    artifacts = [
        ln.Artifact(f"{n}.txt", key=f"{n}.txt", features={"place": n, "noise": n * 37 % 90, "note": f"note {n % 30}", "label": labels[f"kind {n // 45}"]})
        for n in range(COUNT)
    ]
    ln.save(artifacts)
    artifacts[3].features.add_values({"label": "kind 1"})
    artifacts[80].ulabels.add(labels["kind 0"])
    ln.Artifact.get(key="85.txt").delete()
    for name, value in {"_SMALL": 10, "_LEAST": 6, "_ROUNDS": (2, 4)}.items():
        monkeypatch.setattr(first_page, name, value)


CONDITIONS = [
    lambda: ln.Q(place__gt=44), lambda: ln.Q(place__lt=30), lambda: ln.Q(place=7), lambda: ln.Q(noise__gt=45), lambda: ln.Q(noise__gt=500), lambda: ln.Q(note="note 7"),
    lambda: ln.Q(note__startswith="note"), lambda: ln.Q(label="kind 0"), lambda: ln.Q(label="kind 1"), lambda: ln.Q(label="kind 2"), lambda: ~ln.Q(label="kind 0"),
    lambda: ln.Q(label="kind 1", noise__gt=45), lambda: ln.Q(label="kind 0", place__gt=50), lambda: ln.Q(place__lt=5) | ln.Q(place__gt=85), lambda: ln.Q(noise=None),
    lambda: ln.Feature.get(name="place") != 80, lambda: ln.Q(ulabels__name="kind 0"), lambda: ln.Q(ulabels=ln.ULabel.get(name="kind 1")), lambda: ln.Q(label__name__contains="1"),
    lambda: ln.Q(label__in=ln.ULabel.filter(name="kind 1")), lambda: ln.Q(created_by__handle__contains="", place__gte=0), lambda: ln.Q(storage__role="managed"),
    lambda: ln.Q(ulabels__isnull=True), lambda: ln.Q(place__gte=0, key__startswith="8"),
]  # fmt: skip


def test_a_page_holds_the_first_of_all(many):
    for place, make in enumerate(CONDITIONS):
        found = ln.Artifact.filter(make())
        for order in ((), ("-id",), ("-key",)):
            ordered = found.order_by(*order) if order else found
            every = [artifact.id for artifact in ordered]
            for begin, end in ((0, 1), (3, 8), (0, 20), (0, 100)):
                assert [artifact.id for artifact in ordered[begin:end]] == every[begin:end], (place, order, begin, end)
        assert found.exists() is bool(every), place
        assert found.exists() is found[:0].exists() or every
        frame = found.to_dataframe(limit=5, include=["features", "created_by__handle", "ulabels__name"])
        assert list(frame.index) == sorted(every_id(found), reverse=True)[:5], place


def every_id(found):
    return [artifact.id for artifact in found]


@contextmanager
def noted(instance):
    told = []

    def note(*args):
        told.append(args[2])

    event.listen(instance.database.engine, "before_cursor_execute", note)
    yield told
    event.remove(instance.database.engine, "before_cursor_execute", note)


def test_a_page_that_many_rows_fill_is_found_without_looking_at_all_of_them(instance, many):
    for found in (ln.Artifact.filter(noise__gt=20), ln.Artifact.filter(label="kind 0"), ln.Artifact.filter(label="kind 0", noise__gt=20)):
        with noted(instance) as statements:
            assert len(list(found.order_by("-id")[:5])) == 5
        asked = [statement for statement in statements if "artifact_value" in statement]
        assert asked
        assert not any("artifact.id IN (SELECT" in statement for statement in asked)
    with noted(instance) as statements:
        assert len(list(ln.Artifact.filter(noise__gt=20))) > 50
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1 + 1, "one for the feature, one for the artifacts"
    assert any("artifact.id IN (SELECT" in statement for statement in statements)


def test_runs_and_records_are_found_so_too(instance, monkeypatch):
    for name, value in {"_SMALL": 2, "_LEAST": 4, "_ROUNDS": (2, 4)}.items():
        monkeypatch.setattr(first_page, name, value)
    ln.Feature(name="dose", dtype=float).save()
    ln.save([ln.Record(name=f"mouse {n}", features={"dose": n % 4}) for n in range(30)])
    for found in (ln.Record.filter(dose=3), ln.Record.filter(dose__gt=0), ln.Record.filter(dose__gt=9)):
        names = [record.name for record in found]
        assert [record.name for record in found[:4]] == names[:4]
        assert [record.name for record in found.order_by("-id")[:4]] == names[::-1][:4]
