"""Features and schemas as values."""

import subprocess
import sys

import pytest

from lignin.base.errors import UsageError
from lignin.schema import FeatureSpec, SchemaSpec, parse_target


def test_a_feature_takes_what_stands_for_a_dtype():
    assert str(FeatureSpec(name="x", dtype=list[int]).dtype) == "list[int]"


@pytest.mark.parametrize("name", ["", " x", "a\0b", "a\nb", 5, None, "a\u200bb"])
def test_a_feature_has_a_plain_name(name):
    with pytest.raises(UsageError, match="can't name a feature"):
        FeatureSpec(name=name, dtype=int)


def test_a_default_is_of_the_dtype():
    assert FeatureSpec(name="x", dtype=float, default=3).default == 3
    with pytest.raises(UsageError, match="the default 'a' of the feature 'x' is no int"):
        FeatureSpec(name="x", dtype=int, default="a")


X, Y = FeatureSpec(name="x", dtype=int), FeatureSpec(name="y", dtype=str)


@pytest.mark.parametrize(("more", "said"), [
    ({"features": (X, X)}, "lists 'x' twice"), ({"features": (X,), "optional": {"y"}}, "does not list 'y'"),
    ({"slots": {"obs": SchemaSpec()}, "features": (X,)}, "has its features in them"), ({"slots": {"obs:": SchemaSpec()}}, "no slot"), ({"itype": "gene"}, "capital letter"),
])
def test_a_schema_that_makes_no_sense_is_refused(more, said):
    with pytest.raises(UsageError, match=said):
        SchemaSpec(**more)


def test_what_changes_a_check_changes_the_content_id_and_nothing_else_does():
    plain = SchemaSpec(features=(X, Y))
    same = [
        SchemaSpec(features=(Y, X), name="another"), SchemaSpec(features=(FeatureSpec(name="x", dtype="int", unit="g", synonyms=("z",)), Y)),
        SchemaSpec(features=(X, Y), flexible=False),
    ]
    other = [
        SchemaSpec(features=(X,)), SchemaSpec(features=(X, Y), optional={"y"}), SchemaSpec(features=(X, Y), maximal_set=True), SchemaSpec(features=(X, Y), ordered_set=True),
        SchemaSpec(features=(X, Y), flexible=True), SchemaSpec(features=(X, Y), coerce=True), SchemaSpec(features=(X, Y), index=X), SchemaSpec(features=(X, Y), itype="Feature"),
        SchemaSpec(features=(FeatureSpec(name="x", dtype=float), Y)), SchemaSpec(features=(FeatureSpec(name="x", dtype=int, nullable=False), Y)), SchemaSpec(features=(X, Y), minimal_set=False),
        SchemaSpec(features=(FeatureSpec(name="x", dtype=int, default=1), Y)), SchemaSpec(slots={"obs": plain}), SchemaSpec(slots={"var": plain}), SchemaSpec(features=(X, Y), otype="DataFrame"),
    ]
    assert {schema.content_id for schema in same} == {plain.content_id}
    ids = [schema.content_id for schema in other]
    assert plain.content_id not in ids
    assert len(set(ids)) == len(ids)
    assert hash(plain) == hash(same[0])


def test_the_content_id_is_the_same_in_every_process():
    schema = SchemaSpec(features=(X, Y), optional={"x", "y"}, slots={})
    # Written down, so that no change goes unseen that would part schemas from those stored before.
    assert schema.content_id == "b3:aa1da00474af03ece541a1e4e6653eb8a6800fa2b322369e5708274ad5bdf7eb"
    code = "from lignin.schema import *; X, Y = FeatureSpec(name='x', dtype=int), FeatureSpec(name='y', dtype=str); print(SchemaSpec(features=(X, Y), optional={'x', 'y'}).content_id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == schema.content_id


def test_a_schema_tells_how_strict_it_is():
    assert SchemaSpec().is_flexible
    assert not SchemaSpec(features=(X,)).is_flexible
    assert not SchemaSpec(features=(X,)).refuses_unlisted
    assert SchemaSpec(itype="Feature", flexible=False).refuses_unlisted
    assert SchemaSpec(features=(X, Y), optional={"x"}).required == ("y",)
    assert SchemaSpec(features=(X, Y)).feature("y") is Y
    assert SchemaSpec(itype="Gene.id").itype == parse_target("Gene.id")


def test_the_values_load_nothing_heavy():
    code = "import sys, lignin.schema as s; s.check({'x': 1}, s.SchemaSpec(features=(s.FeatureSpec(name='x', dtype=int),))); print({'numpy', 'pandas', 'pyarrow', 'polars', 'anndata', 'sqlalchemy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
