"""The schema: made at once or by migrations it is the same; another one is refused with what to do."""

import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Date, DateTime, Float, Integer, MetaData, String, select, text
from sqlalchemy.types import JSON

from lignin.base.errors import SchemaVersionError
from lignin.instance import open_instance
from lignin.instance import schema_version as versions
from lignin.instance.database import Database
from lignin.instance.migrate import migrate
from lignin.instance.migrations import HEAD, REVISIONS
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


def upgrade(database, revision):
    """Bring a database to a schema that there was, as `migrate` does."""
    with database.engine.connect().execution_options(lignin_write=True) as connection, connection.begin():
        config = import_module("lignin.instance.migrate").scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def reflected(connection):
    found = MetaData()
    found.reflect(connection)
    return [table for name, table in found.tables.items() if name != "alembic_version"]


def fill(database):
    """Three rows in every table of whatever schema it is, each of which refers to rows of its own number."""

    def value(column, number):
        match column.type:
            case _ if column.foreign_keys or (column.primary_key and not isinstance(column.type, String)):
                return number
            case Boolean():
                return number == 1
            case Integer():
                return number
            case Float():
                return number / 2
            case DateTime():
                return datetime(2026, 1, number, tzinfo=UTC)
            case Date():
                return date(2026, 1, number)
            case JSON():
                return {"number": number, "text": "é"}
            case _:
                return f"{column.table.name} {column.name} {number} é"

    with database.engine.connect().execution_options(lignin_write=True) as connection:
        # Rows refer to each other in circles.
        if database.is_sqlite:
            connection.detach()
            connection.connection.cursor().execute("pragma foreign_keys=off")
        with connection.begin():
            if not database.is_sqlite:
                connection.execute(text("set local session_replication_role = replica"))
            for table in reflected(connection):
                connection.execute(table.insert(), [{c.name: value(c, n) for c in table.c} for n in (1, 2, 3)])


def contents(database):
    """The values of every table, by row and column."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(({c: row[c] for c in row} for row in connection.execute(select(table)).mappings()), key=repr) for table in reflected(connection)
        }


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


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_filled_database_of_every_schema_there_was_becomes_the_newest(empty, revision):
    upgrade(empty, revision)
    fill(empty)
    before = contents(empty)
    assert all(len(rows) == 3 for rows in before.values())
    assert migrate(empty) == (revision, HEAD)
    assert differences(empty) == []
    after = contents(empty)
    for table in before.keys() & after.keys():
        kept = before[table][0].keys() & after[table][0].keys()
        assert [{c: row[c] for c in kept} for row in after[table]] == [{c: row[c] for c in kept} for row in before[table]]
    if empty.is_sqlite:
        with empty.engine.connect() as connection:
            assert connection.exec_driver_sql("pragma foreign_key_check").all() == []


def test_a_migration_that_fails_on_its_way_leaves_the_database_as_it_was(empty, tmp_path, monkeypatch):
    upgrade(empty, HEAD)
    fill(empty)
    module = import_module("lignin.instance.migrate")
    before = contents(empty)
    shutil.copytree(module.SCRIPTS, tmp_path / "scripts")
    (tmp_path / "scripts" / "versions" / "v9999_next.py").write_text(
        f"""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", {HEAD!r}
def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("artifact") as batch:
        batch.add_column(sa.Column("extra", sa.String()))
    op.execute("delete from run_input")
    raise ValueError("half way")
"""
    )
    monkeypatch.setattr(module, "SCRIPTS", tmp_path / "scripts")
    monkeypatch.setattr(module, "HEAD", "9999")
    with pytest.raises(ValueError, match="half way"):
        migrate(empty)
    assert contents(empty) == before
    assert differences(empty) == []
    assert versions.schema_version(empty) == HEAD
