"""`schema=`: what is saved was checked, and is found by what is in it."""

import gzip
import io
from itertools import takewhile

import numpy as np
import pandas as pd
import polars as pl
import pytest
import zarr
from sqlalchemy import func, select

import lignin as ln
from lignin.base.errors import FormatError, NotFound, UsageError, ValidationError
from lignin.model import FOUND, Artifact, Schema, artifact_schema, artifact_value


def count(instance, table, *where):
    return instance.database.read(lambda session: session.scalar(select(func.count()).select_from(table).where(*where)))


def test_a_frame_is_checked_and_saved_with_what_was_found_in_it(instance, penguins, penguin_schema, capsys):
    artifact = ln.Artifact.from_dataframe(penguins, key="penguins.parquet", schema=penguin_schema).save()
    assert "✓ valid by 'penguins': 8 columns" in capsys.readouterr().err
    assert artifact.schema == penguin_schema
    found = artifact.schemas.one()
    assert (found.kind, found.n_members) == (FOUND, 8)
    assert sorted(found.features.all().to_list("name")) == sorted(penguins.columns)
    assert list(penguin_schema.validated_artifacts.all()) == [artifact]
    text = artifact.describe()
    assert "Dataset features (valid by 'penguins')" in text
    assert "species            cat[ULabel]  Adelie, Gentoo, Chinstrap" in text
    assert "sex                cat          male, female" in text
    # Three species as records, three islands and two sexes as texts.
    assert count(instance, artifact_value, artifact_value.c.registry == "ULabel", artifact_value.c.slot == "columns") == 3
    assert count(instance, artifact_value, artifact_value.c.text.is_not(None)) == 5


def test_an_invalid_frame_is_refused_with_all_problems_and_nothing_is_stored(instance, penguins, penguin_schema):
    penguins.loc[:2, "species"] = "Adelei"
    penguins["year"] = penguins["year"].astype(str)
    with pytest.raises(ValidationError) as e:
        ln.Artifact.from_dataframe(penguins.drop(columns="sex"), key="penguins.parquet", schema="penguins")
    assert [str(p.kind) for p in e.value.report.problems] == ["missing column", "unknown terms", "wrong type"]
    assert "did you mean 'Adelie'?" in str(e.value)
    assert (count(instance, Artifact), count(instance, Schema, Schema.kind == FOUND)) == (0, 0)


def test_what_was_saved_before_without_a_schema_is_annotated(instance, penguins, capsys, define_penguins):
    plain = ln.Artifact.from_dataframe(penguins, key="penguins.parquet").save()
    assert plain.schema is None
    schema = define_penguins()
    artifact = ln.Artifact.from_dataframe(penguins, key="penguins.parquet", schema=schema).save()
    assert "returning artifact with same content" in capsys.readouterr().err
    assert artifact == plain
    assert artifact.schema == schema
    assert ln.Artifact.get(key="penguins.parquet").schema == schema
    assert artifact.schemas.one().n_members == 8


def test_what_is_found_is_replaced_when_more_is_known(instance, penguins, capsys, define_penguins):
    ln.Feature(name="year", dtype=int).save()
    first = ln.Artifact.from_dataframe(penguins, key="penguins.parquet", schema="valid_features").save()
    told = capsys.readouterr().err
    assert "! 7 of 8 columns are not registered as features, and were not checked" in told
    assert "ln.Feature(name='species', dtype='str').save()" in told
    assert first.schemas.one().n_members == 1
    define_penguins()
    again = ln.Artifact.from_dataframe(penguins, key="penguins.parquet", schema="valid_features").save()
    assert again == first
    assert again.schemas.one().n_members == 8
    assert count(instance, artifact_schema) == 1
    ln.Artifact.from_dataframe(penguins, key="penguins.parquet", schema="valid_features").save()
    assert count(instance, artifact_value) == 8


def test_columns_that_nobody_registered_are_told_and_refused_where_the_schema_says_so(sqlite_instance, penguins, capsys, define_penguins):
    schema = define_penguins()
    penguins["nest"] = "N1"
    ln.Artifact.from_dataframe(penguins, key="a.parquet", schema=schema).save()
    assert "! 1 of 9 columns is not in the schema, and was not checked\n    nest" in capsys.readouterr().err
    strict = ln.Schema(list(schema.features.all()), name="strict", maximal_set=True).save()
    with pytest.raises(ValidationError, match="1 of 9 columns is not in the schema"):
        ln.Artifact.from_dataframe(penguins, key="a.parquet", schema=strict)


def test_the_same_features_are_found_once_and_hidden_from_lists(instance, penguins, penguin_schema):
    ln.Artifact.from_dataframe(penguins, key="a.parquet", schema=penguin_schema).save()
    ln.Artifact.from_dataframe(penguins[penguins.columns[::-1]][:9], key="b.parquet", schema=penguin_schema).save()
    assert [schema.name for schema in ln.Schema.filter()] == ["penguins"]
    found = ln.Schema.filter(kind=FOUND).one()
    assert found.artifacts.count() == 2
    assert ln.Artifact.filter(schemas__features__name="species").count() == 2
    assert ln.Artifact.filter(schema__name="penguins").count() == 2


def test_several_artifacts_are_saved_at_once(instance, penguins, penguin_schema):
    made = [ln.Artifact.from_dataframe(part, key=f"{island}.parquet", schema=penguin_schema) for island, part in penguins.groupby("island")]
    ln.save(made)
    assert [artifact.schemas.one().n_members for artifact in made] == [8, 8, 8]
    assert "island             cat          Dream\n" in made[1].describe()


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv", "csv.gz", "feather"])
def test_files_are_checked_as_frames_are(sqlite_instance, penguins, suffix, define_penguins):
    schema = define_penguins()
    path = sqlite_instance.config.folder / f"penguins.{suffix}"
    match suffix:
        case "parquet":
            penguins.to_parquet(path)
        case "feather":
            penguins.to_feather(path)
        case _:
            penguins.to_csv(path, index=False, sep="\t" if "tsv" in suffix else ",")
    artifact = ln.Artifact(path, key=path.name, schema=schema).save()
    assert artifact.schemas.one().n_members == 8
    assert "species            cat[ULabel]  Adelie, Gentoo, Chinstrap" in artifact.describe()
    with pytest.raises(ValidationError, match="year"):
        ln.Artifact(path, key=path.name, schema=ln.Schema([ln.Feature(name="year", dtype=bool, type=ln.Feature(name="T", is_type=True).save()).save()]).save())


def test_a_text_file_holds_what_its_schema_says(sqlite_instance):
    for name, dtype in (("sample", str), ("day", "date"), ("n", int), ("passed", bool)):
        ln.Feature(name=name, dtype=dtype).save()
    path = sqlite_instance.config.folder / "runs.csv"
    # What looks like a number is a sample, and a number may be missing.
    path.write_text("sample,day,n,passed\n001,2025-10-24,1,True\nA2,2025-10-25,,False\n")
    assert ln.Artifact(path, schema="valid_features").save().schemas.one().n_members == 4
    path.write_text("sample,day,n,passed\n001,24 Oct,1.5,True\n")
    with pytest.raises(ValidationError) as e:
        ln.Artifact(path, schema="valid_features")
    assert [p.column for p in e.value.report.problems] == ["day", "n"]


def test_row_names_are_checked_in_memory_and_in_parquet(sqlite_instance):
    sample, dose = ln.Feature(name="sample", dtype=str).save(), ln.Feature(name="dose", dtype=float).save()
    schema = ln.Schema([dose], index=sample, maximal_set=True).save()
    df = pd.DataFrame({"dose": [1.0, 2.0]}, index=pd.Index(["a", "b"], name="sample"))
    df.to_parquet("doses.parquet")
    for artifact in (ln.Artifact.from_dataframe(df, key="a.parquet", schema=schema), ln.Artifact("doses.parquet", key="b.parquet", schema=schema)):
        artifact.save()
        assert "sample  str    row names" in artifact.describe()
        assert artifact.schemas.one().index == sample
    df.reset_index(drop=True).to_parquet("numbered.parquet")
    with pytest.raises(ValidationError, match="rows named by 'sample'"):
        ln.Artifact("numbered.parquet", schema=schema)


def test_polars_frames_eager_and_lazy(sqlite_instance, penguins, define_penguins):
    schema = define_penguins()
    frame = pl.from_pandas(penguins)
    eager = ln.Artifact.from_dataframe(frame, key="eager.parquet", schema=schema).save()
    lazy = ln.Artifact.from_dataframe(frame.lazy(), key="lazy.parquet", schema=schema).save()
    assert eager.schemas.one() == lazy.schemas.one()
    with pytest.raises(ValidationError, match="'Adelei'"):
        ln.Artifact.from_dataframe(frame.lazy().with_columns(species=pl.lit("Adelei")), key="bad.parquet", schema=schema)


def test_a_zarr_group_of_columns_is_a_table(sqlite_instance):
    for name, dtype in (("dose", float), ("count", int)):
        ln.Feature(name=name, dtype=dtype).save()
    group = zarr.open_group("doses.zarr", mode="w")
    group.create_array("dose", data=np.linspace(0, 1, 250_001))
    group.create_array("count", data=np.arange(250_001))
    group.create_array("matrix", data=np.zeros((2, 2)))
    artifact = ln.Artifact("doses.zarr", schema="valid_features").save()
    assert artifact.schemas.one().n_members == 2
    group.create_array("more", data=np.arange(3))
    with pytest.raises(FormatError, match="different lengths"):
        ln.Artifact("doses.zarr", schema="valid_features")


def test_what_is_no_table_or_can_not_be_read_is_an_error_of_ours(sqlite_instance, define_penguins):
    define_penguins()
    for name, content, message in (("a.txt", b"hello", "no table"), ("b.parquet", b"hello", "can't be read"), ("c.csv", "é,b\nü,1\n".encode("latin-1"), "can't be read")):
        path = sqlite_instance.config.folder / name
        path.write_bytes(content)
        with pytest.raises(FormatError, match=message):
            ln.Artifact(path, schema="valid_features")
    packed = sqlite_instance.config.folder / "d.csv.gz"
    packed.write_bytes(gzip.compress(b"year\n2007\n"))
    assert ln.Artifact(packed, schema="valid_features").save().schemas.one().n_members == 1
    with pytest.raises(FormatError):
        ln.Artifact.from_dataframe(io.StringIO("x"), schema="valid_features")


@pytest.mark.parametrize(("given", "error"), [("no such schema", NotFound), (5, UsageError), (object, UsageError)])
def test_only_saved_schemas_and_their_names_are_schemas(sqlite_instance, penguins, given, error):
    with pytest.raises(error):
        ln.Artifact.from_dataframe(penguins, key="a.parquet", schema=given)


def test_many_labels_are_kept_up_to_a_thousand(sqlite_instance):
    ln.Feature(name="sample", dtype="cat").save()
    df = pd.DataFrame({"sample": [f"s{n}" for n in range(2_500)]})
    artifact = ln.Artifact.from_dataframe(df, key="a.parquet", schema="valid_features").save()
    assert count(sqlite_instance, artifact_value) == 1_000
    assert "(at least 1,000)" in artifact.describe()


def test_a_newer_version_says_in_short_what_changed(instance, penguins, penguin_schema):
    ln.Feature(name="nest", dtype=str).save()
    ln.Artifact.from_dataframe(penguins[penguins.species != "Gentoo"], key="p.parquet", schema="valid_features").save()
    newer = ln.Artifact.from_dataframe(penguins.assign(nest="N1").drop(columns="sex"), key="p.parquet", schema="valid_features").save()
    assert "├── since 0000: 220 → 344 observations; +nest; −sex; species +1: Gentoo" in newer.describe()


def numbers_since(artifact):
    """The lines of a description that tell how the numbers differ from those of the version before."""
    lines = artifact.describe().splitlines()
    at = next((n for n, line in enumerate(lines) if "since " in line), None)
    return [] if at is None else [line.strip(" │├└─") for line in takewhile(lambda line: line.startswith(("│   ", "    ")), lines[at + 1 :])]


def test_a_newer_version_says_how_its_numbers_are_distributed(instance, penguins):
    older = ln.Artifact.from_dataframe(penguins, key="p.parquet").save()
    heavier = penguins.assign(body_mass_g=penguins.body_mass_g * 1.1, bill_depth_mm=penguins.bill_depth_mm.where(penguins.index > 33))
    newer = ln.Artifact.from_dataframe(heavier, key="p.parquet").save()
    by_name = {column.name: column for column in ln.drift(older, newer).changed}
    told = numbers_since(newer)
    assert told[0] == f"body_mass_g: {'; '.join(by_name['body_mass_g'].changes)}"
    assert told[0].startswith("body_mass_g: distance 0.")
    assert "median 4050 → 4455" in told[0]
    assert told[1].startswith("bill_depth_mm: missing 0.6% → 10.2%; distance 0.")
    assert len(told) == 2
    same = ln.Artifact.from_dataframe(heavier.assign(note="x"), key="p.parquet").save()
    assert numbers_since(same) == []


@pytest.mark.parametrize("suffix", ["h5ad", "zarr"])
def test_a_newer_version_of_cells_says_it_by_part(sqlite_instance, cells, suffix):
    cells.obs["n_genes"] = range(21)
    ln.Artifact.from_anndata(cells, key=f"c.{suffix}").save()
    cells.obs["n_genes"] = range(10, 31)
    assert numbers_since(ln.Artifact.from_anndata(cells, key=f"c.{suffix}").save()) == ["obs n_genes: distance 0.476, median 10 → 20"]


def test_a_version_whose_bytes_are_gone_large_or_changed_is_described_without_its_numbers(sqlite_instance, penguins, monkeypatch):
    one = ln.Artifact.from_dataframe(penguins, key="q.parquet").save()
    two = ln.Artifact.from_dataframe(penguins.assign(year=1), key="q.parquet").save()
    assert numbers_since(two) == ["year: distance 1.000, median 2008 → 1"]
    monkeypatch.setattr("lignin.instance.describe_drift._LARGEST_TABLE", 100)
    assert numbers_since(two) == []
    monkeypatch.undo()
    one.path.write_bytes(b"no parquet")
    assert numbers_since(two) == []
    one.path.unlink()
    assert numbers_since(two) == []


def test_a_locked_artifact_is_not_annotated(sqlite_instance, penguins, define_penguins):
    penguins.to_parquet("p.parquet")
    artifact = ln.Artifact("p.parquet", key="p.parquet").save()
    artifact.is_locked = True
    artifact.save()
    define_penguins()
    with pytest.raises(ln.errors.Locked):
        ln.Artifact("p.parquet", key="p.parquet", schema="penguins").save()
    assert count(sqlite_instance, artifact_schema) == 0
