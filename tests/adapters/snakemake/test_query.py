"""What `storage.lignin("…")` takes."""

import pytest

from snakemake_lignin.query import Query, problem_of


@pytest.mark.parametrize(
    ("text", "key", "version"),
    [
        ("study/counts.h5ad", "study/counts.h5ad", None),
        ("lignin://study/{sample}.h5ad", "study/{sample}.h5ad", None),
        ("study/counts.h5ad?version=0001", "study/counts.h5ad", "0001"),
        ("lignin://odd?name.csv?version=v1.2", "odd?name.csv", "v1.2"),
        ("odd?version=/a.csv", "odd?version=/a.csv", None),
    ],
)
def test_a_query_is_a_key_and_maybe_a_version(text, key, version):
    query = Query.parse(text)
    assert (query.key, query.version) == (key, version)
    assert Query.parse(str(query)) == query
    assert str(query).startswith("lignin://")
    assert problem_of(text) is None


@pytest.mark.parametrize("text", ["", "lignin://", "s3://bucket/key", "lignin://s3://bucket/key", "/absolute", "a//b", "a/", "../a", "a/./b"])
def test_what_is_no_key_is_refused(text):
    assert problem_of(text) is not None
