"""Bad input is refused when a record is made, or saved, by an error of ours that says what to do; nothing is stored."""

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import lignin as ln
from lignin.base.errors import LigninError

FRAME = pd.DataFrame({"gene": ["TP53", "MYC"], "count": [1, 2]})
KEYS = ["", " ", "/a.txt", "../a.txt", "a/../b.txt", "a//b.txt", "./a.txt", "a\0.txt", "a\n.txt", "a\\b.txt", "s3://b/a.txt", "x" * 1100 + ".txt", " a.txt", 5, b"a.txt", ["a.txt"], "\udcff.txt", "a.txt/"]  # fmt: skip


@pytest.fixture
def files(sqlite_instance):
    Path("a.txt").write_text("content")
    Path("empty").mkdir()
    Path("dangling").symlink_to("nowhere")
    os.mkfifo("pipe")
    return ln.Artifact("a.txt", key="saved.txt").save()


MADE_WRONGLY = [
    *[(f"key {key!r:.20}", lambda _, key=key: ln.Artifact("a.txt", key=key)) for key in KEYS],
    ("nothing", lambda _: ln.Artifact()),
    ("None", lambda _: ln.Artifact(None, key="a.txt")),
    ("an empty path", lambda _: ln.Artifact("", key="a.txt")),
    ("no such file", lambda _: ln.Artifact("missing.txt")),
    ("a link to nowhere", lambda _: ln.Artifact("dangling")),
    ("an empty folder", lambda _: ln.Artifact("empty")),
    ("a pipe", lambda _: ln.Artifact("pipe")),
    ("a path with NUL", lambda _: ln.Artifact("a\0b")),
    ("a bucket", lambda _: ln.Artifact("s3://bucket/a.txt")),
    ("a web page", lambda _: ln.Artifact("https://host/a.txt")),
    ("a number", lambda _: ln.Artifact(5)),
    ("a dict", lambda _: ln.Artifact({"a": 1}, key="a.json")),
    ("an array", lambda _: ln.Artifact(np.zeros(3), key="a.npy")),
    ("another suffix", lambda _: ln.Artifact("a.txt", key="a.csv")),
    ("no suffix", lambda _: ln.Artifact("a.txt", key="a")),
    ("a description that is no text", lambda _: ln.Artifact("a.txt", description=5)),
    ("a kind that is no text", lambda _: ln.Artifact("a.txt", kind=5)),
    ("a version that is no text", lambda _: ln.Artifact("a.txt", version_tag=1)),
    ("a run that is none", lambda _: ln.Artifact("a.txt", run="abc")),
    ("a run that is not saved", lambda _: ln.Artifact("a.txt", run=ln.Run())),
    ("a storage that is none", lambda _: ln.Artifact("a.txt", storage="/data")),
    ("a storage that is not saved", lambda _: ln.Artifact("a.txt", storage=ln.Storage("elsewhere"))),
    ("a revised uid", lambda a: ln.Artifact("a.txt", revises=a.uid)),
    ("an unsaved revised one", lambda _: ln.Artifact("a.txt", revises=ln.Artifact("a.txt"))),
    ("a frame with an image's key", lambda _: ln.Artifact.from_dataframe(FRAME, key="a.png")),
    ("a frame as h5ad", lambda _: ln.Artifact.from_dataframe(FRAME, key="a.h5ad")),
    ("an AnnData as csv", lambda _: ln.Artifact.from_anndata(ad.AnnData(np.zeros((1, 1))), key="a.csv")),
    ("mixed types in parquet", lambda _: ln.Artifact.from_dataframe(pd.DataFrame({"x": [1, "a", {}]}), key="a.parquet")),
    ("a collection of nothing", lambda _: ln.Collection([], key="c")),
    ("a collection of None", lambda _: ln.Collection(None, key="c")),
    ("a collection of texts", lambda _: ln.Collection(["a"], key="c")),
    ("a collection of unsaved ones", lambda _: ln.Collection([ln.Artifact("a.txt")], key="c")),
    ("a member twice", lambda a: ln.Collection([a, a], key="c")),
    ("a collection's key", lambda a: ln.Collection(a, key="../c")),
    ("a label without a name", lambda _: ln.ULabel().save()),
    ("a label of white space", lambda _: ln.ULabel(name=" ").save()),
    ("a label that is a number", lambda _: ln.ULabel(name=5).save()),
    ("a label with white space around", lambda _: ln.ULabel(name=" x").save()),
    ("a label that is too long", lambda _: ln.ULabel(name="x" * 300).save()),
    ("a label with NUL", lambda _: ln.ULabel(name="a\0b").save()),
    ("a label that no encoding takes", lambda _: ln.ULabel(name="\udcff").save()),
    ("an unknown field", lambda _: ln.ULabel(name="x", colour="red")),
    ("a storage in a bucket", lambda _: ln.Storage("s3://bucket").save()),
    ("a storage in a file", lambda _: ln.Storage("a.txt").save()),
    ("a type that is not saved", lambda _: ln.ULabel(name="x", type=ln.ULabel(name="y"))),
    ("a relation of another kind", lambda a: ln.ULabel(name="x", type=a)),
    ("saving what is no record", lambda _: ln.save(["a"])),
    ("labelling with a text", lambda a: a.ulabels.add("x")),
    ("labelling with an unsaved label", lambda a: a.ulabels.add(ln.ULabel(name="x"))),
    ("labelling an unsaved artifact", lambda _: ln.Artifact("a.txt").ulabels.add(ln.ULabel(name="x").save())),
    ("deleting an unsaved one", lambda _: ln.Artifact("a.txt").delete()),
    ("restoring what is not in the trash", lambda a: a.restore()),
    ("opening for writing", lambda a: a.open(mode="w")),
    ("another suffix for a saved one", lambda a: (setattr(a, "key", "saved.csv"), a.save())),
    ("no key for a saved one", lambda a: (setattr(a, "key", None), a.save())),
]


@pytest.mark.parametrize("act", [act for _, act in MADE_WRONGLY], ids=[name for name, _ in MADE_WRONGLY])
def test_it_is_refused_and_nothing_is_stored(files, act):
    before = sorted(Path(".lignin/storage").rglob("*"))
    with pytest.raises(LigninError) as caught:
        act(files)
    assert len(str(caught.value)) > 15
    assert ln.Artifact.all().count() == 1
    assert ln.Artifact.get(files.uid).key == "saved.txt"
    assert sorted(Path(".lignin/storage").rglob("*")) == before
    assert ln.Collection.all().count() == 0


def test_a_frame_saved_twice_is_one_artifact(sqlite_instance):
    one = ln.Artifact.from_dataframe(FRAME, key="counts.parquet").save()
    two = ln.Artifact.from_dataframe(FRAME.copy(), key="counts.parquet").save()
    assert one.uid == two.uid
    assert (one.n_observations, one.otype, one.suffix) == (2, "DataFrame", ".parquet")
    pd.testing.assert_frame_equal(two.load(), FRAME)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz"])
def test_a_frame_comes_back_from_every_table_format(sqlite_instance, suffix):
    artifact = ln.Artifact.from_dataframe(FRAME, key=f"counts{suffix}").save()
    pd.testing.assert_frame_equal(artifact.load(), FRAME)
    again = ln.Artifact.from_dataframe(FRAME, key=f"counts{suffix}").save()
    assert again.uid == artifact.uid


@pytest.mark.parametrize("key", ["cells.h5ad", "cells.anndata.zarr", "cells.zarr"])
def test_an_anndata_comes_back_as_it_was_and_is_the_same_when_saved_again(sqlite_instance, key):
    adata = ad.AnnData(np.arange(12, dtype="float32").reshape(4, 3), obs=pd.DataFrame({"type": list("aabb")}, index=list("wxyz")), var=pd.DataFrame(index=["g1", "g2", "g3"]))
    one = ln.Artifact.from_anndata(adata, key=key).save()
    assert (one.n_observations, one.otype) == (4, "AnnData")
    loaded = one.load()
    assert (loaded.X == adata.X).all()
    assert list(loaded.obs["type"]) == list("aabb")
    assert adata.obs["type"].dtype == object
    assert ln.Artifact.from_anndata(adata.copy(), key=key).save().uid == one.uid


def test_the_members_of_a_collection_keep_their_order_and_stay(sqlite_instance):
    parts = [ln.Artifact.from_dataframe(pd.DataFrame({"x": [n]}), key=f"{n}.parquet").save() for n in (3, 1, 2)]
    one = ln.Collection(parts[:2], key="all").save()
    assert ln.Collection(parts[:2], key="all").save().uid == one.uid
    two = one.append(parts[2]).save()
    assert (two.stem_uid, two.is_latest) == (one.stem_uid, True)
    assert list(two.load()["x"]) == [3, 1, 2]
    assert ln.Collection.get(key="all") == two
    with pytest.raises(LigninError, match="depend"):
        parts[0].delete(permanent=True)
    assert parts[0].load() is not None
