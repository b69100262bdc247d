"""What may be a key, and which suffix a name has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lignin.base.errors import InvalidKey
from lignin.storage import check_key, suffix_of

REFUSED = [
    None, 5, b"a", ["a"], "", " ", " a", "a ", "/a", "/", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "a/./b", "./a", "a\0b",
    "a\nb", "a\rb", "a\tb", "a\x1bb", "a\x7fb", "a\\b", "C:\\x", "s3://bucket/x", "file:///x", "x" * 1025, "\udcff", "a\u2028b", "a\u2029b",
]  # fmt: skip
ALLOWED = ["a", "a/b.c", ".hidden", "a b/c d.txt", "größe.csv", "数据/表.tsv", "a..b", "...", "it's", "'; drop table artifact; --", "a%b_c", "x" * 1024, "a:b", "a*?[x]"]  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_what_cannot_be_a_key_is_refused_with_its_reason(key):
    with pytest.raises(InvalidKey, match="key") as caught:
        check_key(key)
    assert caught.value.value is key


@pytest.mark.parametrize("key", ALLOWED)
def test_what_people_write_is_allowed_as_it_is(key):
    assert check_key(key) == key


@given(st.text())
def test_a_key_that_is_allowed_stays_below_its_root(key):
    try:
        check_key(key)
    except InvalidKey:
        return
    assert not key.startswith("/")
    assert ".." not in key.split("/")
    assert "\0" not in key
    key.encode()


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.h5ad", ".h5ad"), ("a.fastq.gz", ".fastq.gz"), ("x/a.b.vcf.gz", ".vcf.gz"), ("a.anndata.zarr", ".anndata.zarr"), ("a.zarr/", ".zarr"),
        ("a.tar.gz", ".tar.gz"), ("a.v1.csv", ".csv"), ("v1.2", ""), ("a.2024", ""), ("folder", ""), (".hidden", ""), (".hidden.txt", ".txt"),
        ("a.", ""), ("a.b c", ""), ("A.FASTQ.GZ", ".FASTQ.GZ"), ("v1.2/folder", ""), ("sample.1.gz", ".gz"), ("a.ome.tiff", ".ome.tiff"),
    ],
)  # fmt: skip
def test_a_suffix_is_composite_where_that_means_something(name, suffix):
    assert suffix_of(name) == suffix


@given(st.text())
def test_a_suffix_is_always_the_end_of_the_name(name):
    assert name.rstrip("/").endswith(suffix_of(name))
