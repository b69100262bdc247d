"""The catalogue as Parquet files, and back, on either back end."""

import json

import pyarrow.parquet as pq
import pytest

from lignin.base.errors import FormatError, SchemaVersionError, StorageError, UsageError
from lignin.instance import init
from lignin.instance.copies import export_parquet, import_parquet
from lignin.instance.copies.tables import catalogue_tables
from lignin.instance.fsck import examine
from lignin.model import Registry


def test_sqlite_to_postgresql_to_sqlite_loses_nothing(sqlite_instance, postgres_url, filled, contents, tmp_path):
    filled(sqlite_instance)
    before = contents(sqlite_instance.database)
    counts = export_parquet(sqlite_instance.database, tmp_path / "one")
    assert counts == {name: len(rows) for name, rows in before.items()}
    second, third = (init(tmp_path / name, db=url) for name, url in (("second", postgres_url), ("third", None)))
    assert import_parquet(second.database, tmp_path / "one") == counts
    assert contents(second.database) == before
    export_parquet(second.database, tmp_path / "two")
    import_parquet(third.database, tmp_path / "two")
    assert contents(third.database) == before
    for instance in (second, third):
        assert [f for f in examine(instance).findings if f.kind.value in {"dangling", "latest", "producer", "origin"}] == []
        instance.close()


def test_new_rows_follow_after_those_that_were_imported(instance, filled, contents, tmp_path):
    filled(instance)
    before = contents(instance.database)
    export_parquet(instance.database, tmp_path / "one")
    import_parquet(instance.database, tmp_path / "one", force=True)
    filled(instance)
    after = contents(instance.database)
    for name, rows in before.items():
        assert set(map(repr, rows)) <= set(map(repr, after[name])) or name in {"artifact", "collection", "transform", "run"}
    assert len(after["run"]) > len(before["run"])


def test_a_catalogue_that_is_not_empty_is_left_alone(instance, filled, contents, tmp_path):
    export_parquet(instance.database, tmp_path / "empty")
    filled(instance)
    before = contents(instance.database)
    with pytest.raises(UsageError, match="not empty"):
        import_parquet(instance.database, tmp_path / "empty")
    assert contents(instance.database) == before
    import_parquet(instance.database, tmp_path / "empty", force=True)
    assert contents(instance.database)["artifact"] == []


def test_a_folder_that_is_not_empty_is_left_alone(instance, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "note.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        export_parquet(instance.database, folder)
    assert [path.name for path in folder.iterdir()] == ["note.txt"]
    with pytest.raises(StorageError):
        export_parquet(instance.database, folder / "note.txt" / "below")


def test_an_export_that_is_not_whole_is_refused(instance, filled, contents, tmp_path):
    filled(instance)
    folder = tmp_path / "one"
    export_parquet(instance.database, folder)
    before = contents(instance.database)
    listed = (folder / "catalogue.json").read_text()
    artifacts = (folder / "artifact.parquet").read_bytes()

    def refuse(kind):
        with pytest.raises(kind):
            import_parquet(instance.database, folder, force=True)
        assert contents(instance.database) == before
        (folder / "catalogue.json").write_text(listed)
        (folder / "artifact.parquet").write_bytes(artifacts)

    (folder / "catalogue.json").unlink()
    refuse(FormatError)
    (folder / "catalogue.json").write_text("[]")
    refuse(FormatError)
    (folder / "catalogue.json").write_text(json.dumps({**json.loads(listed), "schema": "9999"}))
    refuse(SchemaVersionError)
    (folder / "artifact.parquet").unlink()
    refuse(FormatError)
    (folder / "artifact.parquet").write_bytes(artifacts[: len(artifacts) // 2])
    refuse(FormatError)
    table = pq.read_table(folder / "artifact.parquet")
    pq.write_table(table.slice(1), folder / "artifact.parquet")
    refuse(FormatError)
    pq.write_table(table.drop_columns(["hash"]), folder / "artifact.parquet")
    refuse(FormatError)


def test_rows_that_do_not_fit_change_nothing(instance, filled, contents, tmp_path):
    filled(instance)
    folder = tmp_path / "one"
    export_parquet(instance.database, folder)
    before = contents(instance.database)
    table = pq.read_table(folder / "run.parquet")
    column = table.schema.get_field_index("transform_id")
    pq.write_table(table.set_column(column, "transform_id", [[None if value is None else 999 for value in table["transform_id"].to_pylist()]]).cast(table.schema), folder / "run.parquet")
    with pytest.raises(Exception, match="nothing was changed"):
        import_parquet(instance.database, folder, force=True)
    assert contents(instance.database) == before


def test_every_table_has_its_file(sqlite_instance, tmp_path):
    export_parquet(sqlite_instance.database, tmp_path / "one")
    assert {table.name for table in catalogue_tables()} == set(Registry.metadata.tables)
    assert {path.stem for path in (tmp_path / "one").glob("*.parquet")} == set(Registry.metadata.tables)
