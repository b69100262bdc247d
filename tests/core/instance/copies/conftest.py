"""A catalogue with a row in about every table, and a way to compare two."""

from datetime import date

import pytest
from sqlalchemy import select

import lignin as ln
from lignin.base.clock import now
from lignin.instance.copies.tables import catalogue_tables
from lignin.instance.record import CatalogueRecorder
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Started, Used


@pytest.fixture
def filled(tmp_path):
    """Fills an instance with a bit of everything."""

    def fill(instance):
        sources = tmp_path / "outside"
        sources.mkdir(exist_ok=True)

        def saved(name, content):
            (sources / name).write_text(content, encoding="utf-8")
            return ln.Artifact(sources / name, key=name, description="ein Würfel 🎲 'quoted'; -- \\ \t").save()

        project = ln.Project(name="Genome", start_date=date(2024, 2, 29)).save()
        ln.track(key="script.py", kind="script", source_code="x = 1\n", params={"fdr": 0.05, "null": None, "list": [1, "é", True], "big": 2**53}, project="Genome")
        both = [saved("a.txt", "content that is long enough for an origin"), saved("b.txt", "two")]
        both[0].load()
        ln.Collection(both, key="both").save()
        kind = ln.ULabel(name="kind", is_type=True).save()
        label = ln.ULabel(name="control", type=kind).save()
        both[0].ulabels.add(label)
        both[0].projects.add(project)
        ln.finish()
        saved("copy.txt", "content that is long enough for an origin")
        saved("a.txt", "another version")
        saved("trashed.txt", "away").delete()
        recorder, path = CatalogueRecorder(instance), tmp_path / "outside" / "reads.fq"
        parent, child = (RunKey(engine="snakemake", scope="s", id=name) for name in ("flow", "task"))
        ref = FileRef(uri=path.as_uri(), host="node", size=5, mtime_ns=1_700_000_000_123_456_789, content_id="b3:" + "0" * 64)
        recorder.record_many((
            Started(run=parent, name="flow", at=now()),
            Started(run=child, name="task", at=now(), parent=parent, params={"threads": 4}, info={"wildcards": {}}),
            Used(run=child, ref=ref),
            Produced(run=child, ref=ref, role="log"),
            Produced(run=child, ref=FileRef(uri=path.as_uri(), host="node", size=5, mtime_ns=1_800_000_000_000_000_001, content_id="b3:" + "0" * 64)),
            Ended(run=child, status=RunStatus.FAILED, at=now(), error="no\nluck"),
        ))

    return fill


@pytest.fixture
def contents():
    """All rows of all tables, as values that can be compared across back ends."""

    def read(database):
        with database.engine.connect() as connection:
            return {table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))] for table in catalogue_tables()}

    return read
