"""The schema: made at once or by migrations it is the same; another one is refused with what to do."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from lignin.base.errors import SchemaVersionError
from lignin.instance import open_instance
from lignin.instance import schema_version as versions
from lignin.instance.database import Database
from lignin.instance.migrate import migrate
from lignin.instance.migrations import HEAD
from lignin.model import Registry, fresh_tables

# An index over an expression can't be read back from SQLite, and Alembic and SQLAlchemy say so; the last test reads its text.
pytestmark = [
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index:UserWarning"),
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning"),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """A database that Alembic knows and that has no table of ours."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{tmp_path / 'empty.db'}"
    database = Database(url)
    yield database
    database.close()


def differences(database):
    with database.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Registry.metadata)


def tables(database):
    with database.engine.connect() as connection:
        return dict(connection.exec_driver_sql("select name, sql from sqlite_master where sql is not null and name not like 'alembic%'").tuples().all())


def set_version(instance, version):
    with instance.database.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :v"), {"v": version})


def test_migrations_make_the_tables_that_are_made_at_once(empty, monkeypatch):
    monkeypatch.setattr("lignin.instance.migrate.schema_version", lambda database: "none")
    assert migrate(empty) == ("none", HEAD)
    assert differences(empty) == []


def test_a_new_instance_has_the_newest_schema_and_nothing_to_migrate(instance):
    assert differences(instance.database) == []
    assert migrate(instance.database) == (HEAD, HEAD)


def test_a_process_that_made_tables_on_postgresql_makes_whole_ones_on_sqlite(postgres_url, tmp_path):
    server = Database(postgres_url)
    with server.engine.begin() as connection:
        fresh_tables().create_all(connection)
    server.close()
    local = Database(f"sqlite:///{tmp_path / 'later.db'}")
    with local.engine.begin() as connection:
        fresh_tables().create_all(connection)
    assert "REFERENCES run" in tables(local)["artifact"]
    local.close()


def test_on_sqlite_both_ways_write_the_same_statements(tmp_path, monkeypatch):
    monkeypatch.setattr("lignin.instance.migrate.schema_version", lambda database: "none")
    subprocess.run([sys.executable, "-m", "lignin", "init"], cwd=tmp_path, check=True, capture_output=True)
    databases = [Database(f"sqlite:///{tmp_path / name}") for name in ("migrated.db", ".lignin/lignin.db")]
    migrate(databases[0])
    # Columns and constraints stand on lines of their own, in an order that does not matter.
    plain = [{name: sorted(line.strip(" ,\t") for line in sql.splitlines()) for name, sql in tables(d).items()} for d in databases]
    for database in databases:
        database.close()
    assert plain[0] == plain[1]
    assert any("REFERENCES run" in line for line in plain[0]["artifact"])


def test_a_newer_schema_is_refused(instance):
    set_version(instance, "9999")
    with pytest.raises(SchemaVersionError, match="newer Lignin made it"):
        open_instance(instance.config)
    with pytest.raises(SchemaVersionError, match="pip install --upgrade lignin"):
        migrate(instance.database)


def test_an_older_schema_says_what_to_run(instance, monkeypatch):
    monkeypatch.setattr(versions, "REVISIONS", ("0000", *versions.REVISIONS))
    set_version(instance, "0000")
    with pytest.raises(SchemaVersionError, match="lignin migrate"):
        open_instance(instance.config)


def test_a_database_of_somebody_else_is_refused(empty):
    with pytest.raises(SchemaVersionError, match="holds no Lignin catalogue"):
        migrate(empty)
