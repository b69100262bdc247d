"""Frames of pandas and polars against schemas that were stored and read again: what passes satisfies the schema, and what it allows passes."""

import datetime
from dataclasses import dataclass

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lignin as ln

TERMS = ("T cell", "B cell", "neuron")
DATES = st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 1, 1))
TIMES = st.datetimes(min_value=datetime.datetime(1900, 1, 1), max_value=datetime.datetime(2100, 1, 1))
VALUES = {
    "int": st.integers(-(2**63), 2**63 - 1), "float": st.floats(allow_nan=False), "bool": st.booleans(), "date": DATES, "datetime": TIMES,
    "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=5), "cat": st.sampled_from(["a", "b"]), "cat[ULabel]": st.sampled_from(TERMS),
    "list[int]": st.lists(st.integers(0, 9), min_size=1, max_size=3),
}
FEATURES = {f"{dtype}{' full' if full else ''}": (dtype, full) for dtype in VALUES for full in (False, True)}
"""What is registered, by name: the dtype, and whether no value may be missing."""
STRANGER = "stranger"
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Wanted:
    """A schema as the documentation has it, written down a second time."""

    names: tuple[str, ...]
    optional: frozenset[str]
    minimal_set: bool
    maximal_set: bool
    ordered_set: bool
    flexible: bool | None

    def store(self):
        """The schema, as it is read from the database."""
        registered = {feature.name: feature for feature in ln.Feature.filter().all()}
        features = [registered[name].with_config(optional=True) if name in self.optional else registered[name] for name in self.names]
        flags = {"minimal_set": self.minimal_set, "maximal_set": self.maximal_set, "ordered_set": self.ordered_set, "flexible": self.flexible}
        made = ln.Schema(features, **flags).save() if features else ln.Schema(itype=ln.Feature, **flags).save()
        return ln.Schema.get(made.uid)

    @property
    def required(self):
        return [name for name in self.names if name not in self.optional] if self.minimal_set else []

    @property
    def looks_names_up(self):
        """Whether columns that are not listed are checked against the registered features of their names."""
        return (self.flexible if self.flexible is not None else not self.names) and not (self.maximal_set and self.names)

    @property
    def refuses_others(self):
        return self.maximal_set

    def is_met_by(self, columns):
        """Whether columns, which are lists of values by name, are what is wanted."""
        listed = [name for name in columns if name in self.names]
        others = [name for name in columns if name not in self.names]
        checked = listed + [name for name in others if name in FEATURES and self.looks_names_up]
        unchecked = [name for name in columns if name not in checked]
        return (
            all(name in columns for name in self.required)
            and not (self.ordered_set and listed != [name for name in self.names if name in columns])
            and not (unchecked and self.refuses_others)
            and all(fits(value, *FEATURES[name]) for name in checked for value in columns[name])
        )


def fits(value, dtype, full):
    if value is None:
        return not full
    truth = isinstance(value, bool)
    return {
        "int": isinstance(value, int) and not truth, "float": isinstance(value, int | float) and not truth, "bool": truth, "str": isinstance(value, str),
        "cat": isinstance(value, str), "cat[ULabel]": value in TERMS if isinstance(value, str) else False, "datetime": isinstance(value, datetime.datetime),
        "date": isinstance(value, datetime.date) and (not isinstance(value, datetime.datetime) or value.time() == datetime.time()),
        "list[int]": isinstance(value, list),
    }[dtype]


@st.composite
def schemas(draw):
    names = tuple(draw(st.lists(st.sampled_from(sorted(FEATURES)), unique=True, max_size=4)))
    optional = frozenset(draw(st.sets(st.sampled_from(names)))) if names else frozenset()
    # A schema without features that lets no column be looked up would say nothing.
    flexible = draw(st.sampled_from([None, True, False])) if names else None
    minimal_set, maximal_set, ordered_set = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    return Wanted(names=names, optional=optional, minimal_set=minimal_set, maximal_set=maximal_set, ordered_set=ordered_set and bool(names), flexible=flexible)


@st.composite
def any_columns(draw, wanted):
    """Columns, many of which are what is wanted, and any of which may be something else."""
    names = draw(st.permutations([*wanted.names, *draw(st.lists(st.sampled_from([*sorted(FEATURES), STRANGER]), max_size=2))]))
    names = [name for name in dict.fromkeys(names) if draw(st.integers(0, 9))]
    rows = draw(st.integers(0, 4))
    found = {}
    for name in sorted(names, key=wanted.names.index) if set(names) <= set(wanted.names) and draw(st.booleans()) else names:
        own = FEATURES.get(name, ("str", False))[0]
        dtype = draw(st.sampled_from([own, own, own, *VALUES]))
        gap = st.none() if draw(st.integers(0, 2)) == 0 else VALUES[dtype]
        found[name] = draw(st.lists(VALUES[dtype] | gap, min_size=rows, max_size=rows))
    return found


@st.composite
def allowed_columns(draw, wanted):
    """Columns that the schema allows: all it requires, some of the others, each of its dtype."""
    others = [name for name in wanted.names if name not in wanted.required]
    names = [name for name in wanted.names if name in wanted.required or draw(st.booleans())] if others else list(wanted.names)
    more = [name for name in FEATURES if name not in wanted.names] if wanted.looks_names_up else []
    if not wanted.refuses_others:
        more.append(STRANGER)
    extra = draw(st.lists(st.sampled_from(more), unique=True, max_size=2)) if more else []
    names = [*names, *extra] if wanted.ordered_set else draw(st.permutations([*names, *extra]))
    rows = draw(st.integers(1, 4))
    found = {}
    for name in names:
        dtype, full = FEATURES.get(name, ("str", False))
        found[name] = draw(st.lists(VALUES[dtype] if full else st.none() | VALUES[dtype], min_size=rows, max_size=rows))
    return found


def frames(columns):
    """The same columns in both libraries; in pandas also as it would take them by itself, where nothing is missing."""
    yield pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    yield pl.DataFrame({name: pl.Series(name, values, strict=True) for name, values in columns.items()})
    if columns and all(values and None not in values for values in columns.values()):
        yield pd.DataFrame(columns)


@pytest.fixture
def registered(sqlite_instance):
    ln.ULabel.from_values(TERMS, create=True).save()
    for name, (dtype, full) in FEATURES.items():
        ln.Feature(name=name, dtype=dtype, nullable=not full).save()


@QUIET
@given(st.data())
def test_what_a_stored_schema_allows_passes(registered, data):
    wanted = data.draw(schemas())
    columns = data.draw(allowed_columns(wanted))
    assert wanted.is_met_by(columns)
    schema = wanted.store()
    for frame in frames(columns):
        report = ln.curators.DataFrameCurator(frame, schema).report
        assert report.ok, (type(frame), wanted, columns, report)


@settings(QUIET, max_examples=150)
@given(st.data())
def test_what_passes_satisfies_the_stored_schema_and_nothing_else_does(registered, data):
    wanted = data.draw(schemas())
    columns = data.draw(any_columns(wanted))
    schema = wanted.store()
    for frame in frames(columns):
        report = ln.curators.DataFrameCurator(frame, schema).report
        assert report.ok is wanted.is_met_by(columns), (type(frame), wanted, columns, report)
