"""Catalogues with a life behind them, and ways to damage them for real."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import lignin as ln
from lignin.instance.fsck import examine, repair

HOURS = 3600


@pytest.fixture
def kept(tmp_path):
    """Saves a text from outside of any storage, so that its bytes are copied; the artifact."""

    def save(key, content, **options):
        source = tmp_path / "outside" / Path(key or "nameless.txt").name
        source.parent.mkdir(exist_ok=True)
        source.write_text(content, encoding="utf-8")
        return ln.Artifact(source, key=key, **options).save()

    return save


@pytest.fixture
def in_place(request):
    """Saves a text inside the storage, where it stays; the artifact."""

    def save(name, content):
        root = Path(ln.Storage.get(role="managed").root)
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return ln.Artifact(path, key=name).save()

    return save


@pytest.fixture
def sql():
    """Edits rows behind the catalogue's back."""

    def run(instance, statement, **values):
        with instance.database.engine.execution_options(lignin_write=True).begin() as connection:
            # Foreign keys would stand in the way of damage.
            if not instance.database.is_sqlite:
                connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text(statement), values)

    return run


@pytest.fixture
def kinds():
    """The kinds of what an examination finds, sorted."""

    def look(instance, **options):
        return sorted(finding.kind.value for finding in examine(instance, **options).findings)

    return look


@pytest.fixture
def mended():
    """Repairs, and shows that doing it again finds nothing to do; the first report."""

    def mend(instance, *, left=(), **options):
        report = repair(instance, examine(instance, **options))
        again = examine(instance, **options)
        assert sorted(finding.kind.value for finding in again.findings) == sorted(left)
        return report

    return mend


@pytest.fixture
def aged():
    """Makes a file or folder look untouched for two hours."""

    def age(path):
        then = time.time() - 2 * HOURS
        for place in [path, *(path.rglob("*") if Path(path).is_dir() else ())]:
            os.utime(place, (then, then))

    return age


@pytest.fixture
def at_once():
    """No grace: what is unfinished counts at once."""
    return {"grace": timedelta(0)}
