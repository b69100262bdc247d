"""The table of formats: by suffix, and by what a store says of itself."""

import json

import pytest

from lignin.base.errors import FormatError
from lignin.formats import format_of_suffix, format_there, suffixes_of, type_of_object
from lignin.formats.arrays import ANNDATA_ZARR
from lignin.formats.multimodal import MUDATA_ZARR, SPATIALDATA_ZARR
from lignin.formats.stores import PLAIN_ZARR
from lignin.storage import suffix_of

STORES = {
    ("zarr.json", '{"attributes": {"encoding-type": "anndata"}}'): ANNDATA_ZARR,
    (".zattrs", '{"encoding-type": "MuData"}'): MUDATA_ZARR,
    ("zarr.json", '{"attributes": {"spatialdata_attrs": {"version": "0.2"}}}'): SPATIALDATA_ZARR,
    ("zarr.json", '{"attributes": {}}'): PLAIN_ZARR,
    ("zarr.json", '{"attributes": []}'): PLAIN_ZARR,
    ("zarr.json", "[1]"): PLAIN_ZARR,
    (".zattrs", "junk"): PLAIN_ZARR,
    ("other", ""): PLAIN_ZARR,
}


@pytest.mark.parametrize(("files", "known"), STORES.items())
def test_a_zarr_store_is_of_the_type_that_it_says(tmp_path, files, known):
    (tmp_path / files[0]).write_text(files[1])
    assert format_there(tmp_path, ".zarr") is known


def test_a_store_of_another_type_than_claimed_is_refused(tmp_path):
    (tmp_path / "zarr.json").write_text(json.dumps({"attributes": {"encoding-type": "anndata"}}))
    assert format_there(tmp_path, ".zarr", otype="AnnData") is ANNDATA_ZARR
    with pytest.raises(FormatError, match="holds a AnnData"):
        format_there(tmp_path, ".zarr", otype="SpatialData")
    with pytest.raises(FormatError, match="no zarr store"):
        format_there(tmp_path / "nothing", ".zarr", otype="AnnData")


@pytest.mark.parametrize("otype", ["DataFrame", "AnnData", "MuData", "SpatialData", "tiledbsoma"])
def test_each_suffix_of_an_object_has_a_format_and_is_one_for_keys(otype):
    for suffix in suffixes_of(otype):
        assert format_of_suffix(suffix, otype=otype) is not None
        assert suffix_of(f"a{suffix}") == suffix


def test_a_class_that_only_has_a_known_name_is_none_of_ours():
    class DataFrame:
        pass

    with pytest.raises(FormatError, match="DataFrame"):
        type_of_object(DataFrame(), suffix="")
