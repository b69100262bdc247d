"""Experiments of TileDB-SOMA: saved as the folder that they are, opened and loaded, and checked by the schemas of their slots."""

import importlib
import importlib.util
import shutil
import warnings
from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import FormatError, UsageError, ValidationError

KEY = "pbmc.tiledbsoma"


@pytest.fixture(scope="session")
def blood():
    """150 of the 700 blood cells that scanpy ships, with 60 genes: 10x Genomics' PBMC 68k, reduced."""
    folder = Path(importlib.util.find_spec("scanpy").submodule_search_locations[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = ad.read_h5ad(folder / "datasets" / "10x_pbmc68k_reduced.h5ad")
    return ad.AnnData(whole.X[:150, :60], obs=whole.obs[["bulk_labels", "n_genes", "percent_mito"]][:150], var=whole.var[["means"]][:60])


@pytest.fixture(scope="session")
def soma():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("tiledbsoma"), importlib.import_module("tiledbsoma.io")


@pytest.fixture(scope="session")
def written(blood, soma, tmp_path_factory):
    path = tmp_path_factory.mktemp("soma") / KEY
    soma[1].from_anndata(path.as_posix(), blood, measurement_name="RNA")
    return path


@pytest.fixture
def path(written, sqlite_instance):
    return Path(shutil.copytree(written, sqlite_instance.config.folder / "own" / KEY))


@pytest.fixture
def schema(path, blood):
    """Cells by their labels, and genes by their symbols, of which the instance has a table."""
    ln.ULabel.from_values(list(blood.obs.bulk_labels.cat.categories), create=True).save()
    cells = [ln.Feature(name="bulk_labels", dtype=ln.ULabel).save(), ln.Feature(name="n_genes", dtype=int).save(), ln.Feature(name="percent_mito", dtype=float).save()]
    ln.Artifact.from_dataframe(pd.DataFrame({"symbol": blood.var_names}), key="vocabularies/bionty.Gene.parquet").save()
    genes = ln.Schema(itype="bionty.Gene.symbol", maximal_set=True).save()
    slots = {"obs": ln.Schema(cells, index=ln.Feature(name="cell", dtype=str).save()).save(), "ms:RNA.T": genes}
    return ln.Schema(slots=slots, name="experiment", otype="tiledbsoma").save()


def test_an_experiment_is_a_folder_that_is_opened_and_loaded(path, soma, blood):
    artifact = ln.Artifact.from_tiledbsoma(path, key=KEY).save()
    assert (artifact.otype, artifact.suffix, artifact.n_observations, artifact.kind) == ("tiledbsoma", ".tiledbsoma", 150, "dataset")
    assert artifact.n_files > 10
    shutil.rmtree(path)
    with artifact.open() as experiment:
        assert isinstance(experiment, soma[0].Experiment)
        assert set(experiment.ms.keys()) == {"RNA"}
        found = experiment.obs.read(value_filter="n_genes > 1000").concat().to_pandas()
    assert set(found.obs_id) == set(blood.obs_names[blood.obs.n_genes > 1000])
    adata = artifact.load()
    assert adata.shape == blood.shape
    assert list(adata.obs_names) == list(blood.obs_names)
    assert (adata.X != blood.X).sum() == 0
    with pytest.raises(UsageError, match=r"no measurement 'ATAC'. It has: RNA"):
        artifact.load(measurement_name="ATAC")
    artifact.cache(verify=True)


def test_an_experiment_in_hand_is_saved_from_where_it_lies(path, soma):
    with soma[0].Experiment.open(path.as_posix()) as experiment:
        artifact = ln.Artifact.from_tiledbsoma(experiment, key=KEY).save()
    assert ln.Artifact.from_tiledbsoma(experiment, key=KEY).save() == artifact
    assert ln.Artifact(path, key="plain.tiledbsoma").save().hash == artifact.hash
    with soma[0].Experiment.open(path.as_posix(), mode="w") as experiment, pytest.raises(UsageError, match=r"Close it first: experiment\.close"):
        ln.Artifact.from_tiledbsoma(experiment, key=KEY)


def test_what_is_no_experiment_is_refused(path, blood):
    (path.parent / "junk.tiledbsoma").mkdir()
    (path.parent / "junk.tiledbsoma" / "a.txt").write_text("hello")
    with pytest.raises(FormatError, match="can't be read as an experiment of TileDB-SOMA"):
        ln.Artifact.from_tiledbsoma(path.parent / "junk.tiledbsoma", key=KEY)
    (path.parent / "a.txt").write_text("hello")
    with pytest.raises(FormatError, match=r"those end with \.tiledbsoma"):
        ln.Artifact.from_tiledbsoma(path.parent / "a.txt")
    with pytest.raises(FormatError, match=r"tiledbsoma\.io\.from_anndata"):
        ln.Artifact.from_tiledbsoma(blood, key=KEY)


def test_each_slot_of_an_experiment_is_checked(path, schema, capsys):
    artifact = ln.Artifact.from_tiledbsoma(path, key=KEY, schema=schema).save()
    assert "✓ valid by 'experiment': obs: 4 columns, ms:RNA.T: 60 identifiers" in capsys.readouterr().err
    text = artifact.describe()
    assert "ms:RNA.T (60 of bionty.Gene.symbol)" in text
    assert "bulk_labels   cat[ULabel]  " in text
    assert "cell" in text
    strict = ln.Schema(slots={"obs": ln.Schema([ln.Feature(name="donor", dtype=str).save()]).save(), "ms:ATAC.T": ln.Schema(itype=ln.Feature).save()}).save()
    with pytest.raises(ValidationError) as e:
        ln.Artifact.from_tiledbsoma(path, key=KEY, schema=strict)
    assert {(p.slot, p.kind.name.lower()) for p in e.value.report.problems} == {("obs", "missing_column"), ("ms:ATAC.T", "missing_slot")}


def test_names_of_variables_may_be_a_feature_as_in_lamindb(path, schema, blood):
    named = ln.Feature(name="var_id", dtype="cat[bionty.Gene.symbol]").save()
    by_column = ln.Schema(slots={"ms:RNA.T": ln.Schema([named], name="variables").save()}, name="by column").save()
    assert ln.Artifact.from_tiledbsoma(path, key=KEY, schema=by_column).save().schemas.one().n_members == 1
    ln.Artifact.from_dataframe(pd.DataFrame({"symbol": blood.var_names[1:]}), key="vocabularies/bionty.Gene.parquet").save()
    with pytest.raises(ValidationError, match=rf"(?s)ms:RNA\.T · var_id: 1 value is not in bionty\.Gene\.symbol.*{blood.var_names[0]}"):
        ln.Artifact.from_tiledbsoma(path, key=KEY, schema=by_column)


def test_a_curator_registers_terms_and_changes_no_experiment(path, schema, soma):
    ln.ULabel.get(name="Dendritic").delete(permanent=True)
    with soma[0].Experiment.open(path.as_posix()) as experiment:
        curator = ln.curators.TiledbsomaExperimentCurator(experiment, schema)
    assert set(curator.slots) == {"obs", "ms:RNA.T"}
    assert curator.slots["obs"].cat.non_validated == {"bulk_labels": ["Dendritic"]}
    with pytest.raises(UsageError, match=r"tiledbsoma\.io\.update_obs"):
        curator.standardize()
    curator.slots["obs"].cat.add_new_from("bulk_labels")
    artifact = curator.save_artifact(key=KEY)
    assert artifact.schema == schema
    assert ln.curators.TiledbsomaExperimentCurator(artifact, schema).validate().ok


def test_drift_of_experiments_is_that_of_their_frames(path, blood, soma):
    old = ln.Artifact.from_tiledbsoma(path, key=KEY).save()
    more = blood.copy()
    more.obs["n_genes"] += 100
    later = path.parent / "later.tiledbsoma"
    soma[1].from_anndata(later.as_posix(), more, measurement_name="RNA")
    new = ln.Artifact.from_tiledbsoma(later, key=KEY).save()
    found = ln.drift(old, new)
    assert [(table.slot, table.rows) for table in found.tables] == [("obs", (150, 150)), ("ms:RNA", (60, 60))]
    assert [column.name for column in found.changed] == ["n_genes"]
    assert "obs n_genes: distance" in new.describe()


def test_an_experiment_in_a_folder_is_one_artifact(path):
    (path.parent / "notes.txt").write_text("hello")
    made = ln.Artifact.from_dir(path.parent, key="raw").save()
    assert {artifact.key for artifact in made} == {f"raw/{KEY}", "raw/notes.txt"}
    assert next(artifact for artifact in made if artifact.key == f"raw/{KEY}").otype == "tiledbsoma"
