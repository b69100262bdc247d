"""Events of every kind, made up by Hypothesis."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import strategies as st

from lignin.recording import (
    Code,
    Ended,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
)

# What a database takes: no NUL, no lone surrogates.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
names = texts.filter(bool)
optional = st.none() | texts
moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
numbers = st.none() | st.integers(0, 2**63 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=3)
runs = st.builds(RunKey, engine=names, scope=texts, id=names, attempt=st.integers(1, 2**31 - 1))
codes = st.builds(Code, kind=texts, key=names, hash=texts, source=optional, reference=optional, version=optional, description=optional)
refs = st.builds(
    FileRef,
    uri=texts.map("file://{}".format) | texts.map("s3://b/{}".format),
    host=optional,
    size=numbers,
    mtime_ns=st.none() | st.integers(-(2**63), 2**63 - 1),
    inode=st.none() | st.integers(0, 2**64 - 1),
    content_id=optional,
    n_files=st.none() | st.integers(0, 2**31 - 1),
    state=st.sampled_from(RefState),
    key=optional,
)
final = st.sampled_from([status for status in RunStatus if status not in {RunStatus.SCHEDULED, RunStatus.RUNNING}])
optional_runs = st.none() | runs


def events_of(some_runs=runs, some_refs=refs, some_codes=codes):
    parents = st.none() | some_runs
    started = st.builds(
        Started, run=some_runs, name=texts, at=moments, parent=parents, code=st.none() | some_codes, params=objects, info=objects, environment=objects
    )
    ended = st.builds(Ended, run=some_runs, status=final, at=moments, error=optional, reused=parents)
    return started | ended | st.builds(Used, run=some_runs, ref=some_refs, role=texts) | st.builds(Produced, run=some_runs, ref=some_refs, role=texts)


# Few runs and few files, told in many ways: so that tellings meet.
few_runs = st.builds(RunKey, engine=st.just("e"), scope=st.just("s"), id=st.sampled_from("ab"), attempt=st.just(1))
few_refs = st.builds(
    FileRef,
    uri=st.just("file:///a"),
    host=st.just("h"),
    size=st.just(1),
    mtime_ns=st.just(1),
    inode=st.sampled_from([None, 0, 1]),
    content_id=st.sampled_from([None, "b3:1", "b3:2"]),
    n_files=st.sampled_from([None, 0]),
    state=st.sampled_from(RefState),
)


@pytest.fixture(scope="session")
def made_up():
    """Strategies: `any` event, `meeting` events of few runs and files, `runs`, and `sightings` of one file."""
    return SimpleNamespace(
        any=events_of(),
        meeting=events_of(few_runs, few_refs),
        runs=runs,
        sightings=few_refs,
    )
