"""Whatever is made up, names, uids, folders and questions keep what they promise. The same examples every time."""

import os
import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lignin.base.content import folder_content, hash_bytes, hash_path
from lignin.base.errors import InvalidKey
from lignin.base.ids import ALPHABET, derived_uid, new_uid, next_version, stem_of
from lignin.base.texts import composed, problem_of_name, problem_of_text
from lignin.storage import check_key

few = settings(max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
some = settings(few, max_examples=150)
pieces = st.sampled_from([*"aé.e\u0301/\\: \t\n\0", "..", "．", "／", "\u202e", "\u200b", "\udcff", "x.txt", "💥", "ｶﾞ", "Å"])
odd = st.text() | st.lists(pieces, max_size=8).map("".join)


@some
@given(odd)
def test_a_key_that_is_kept_is_one_and_stays_where_it_is(text):
    try:
        kept = check_key(text)
    except InvalidKey as e:
        assert e.value is text
        return
    assert check_key(kept) == kept == composed(text)
    assert problem_of_text(kept) is None
    assert problem_of_name(kept) is None
    assert not kept.startswith("/")
    assert os.path.normpath(os.path.join("/root", kept)).startswith("/root/")
    assert kept == kept.strip()
    assert all(part not in {"", ".", ".."} for part in kept.split("/"))


@some
@given(odd)
def test_what_looks_the_same_composed_or_not_is_the_same_key(text):
    apart = import_module("unicodedata").normalize("NFD", text)
    try:
        kept = check_key(text)
    except InvalidKey:
        with pytest.raises(InvalidKey):
            check_key(apart)
        return
    assert check_key(apart) == kept


@some
@given(st.text(ALPHABET, min_size=16, max_size=16), st.integers(0, 62**4 - 3))
def test_versions_of_a_uid_count_up_in_the_order_of_their_texts(stem, number):
    digits = []
    for _ in range(4):
        number, rest = divmod(number, 62)
        digits.append(ALPHABET[rest])
    uid = stem + "".join(reversed(digits))
    after = next_version(uid)
    assert stem_of(after) == stem_of(uid) == stem
    assert after > uid
    assert next_version(after) > after
    assert len(after) == 20


@some
@given(st.text(st.characters(exclude_categories=("Cs",))), st.integers(1, 21))
def test_a_derived_uid_is_always_the_same_and_base62(text, length):
    assert derived_uid(text, length=length) == derived_uid(text, length=length)
    assert re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", derived_uid(text, length=length))
    assert re.fullmatch(rf"[0-9A-Za-z]{{{length}}}", new_uid(length))


@few
@given(st.binary(max_size=3000), st.integers(0, 2**16))
def test_bytes_have_one_content_id_wherever_they_come_from(tmp_path, data, extra):
    data = data * (1 + extra % 700)
    path = tmp_path / "data"
    path.write_bytes(data)
    found = hash_path(path)
    assert (found.id, found.size) == (hash_bytes(data), len(data))
    if data:
        turned = bytes([data[0] ^ 1]) + data[1:]
        assert hash_bytes(turned) != found.id
        assert hash_bytes(data[:-1]) != found.id


names = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=6).filter(lambda n: n not in {".", ".."})
folders = st.dictionaries(names.map(str.encode), st.binary(max_size=8), min_size=1, max_size=5)


def _content(files):
    parts = [(name, hash_bytes(data), len(data)) for name, data in files.items()]
    content = import_module("lignin.base.content").Content
    return folder_content((name, content(id=own, size=size)) for name, own, size in parts)


@some
@given(folders, st.randoms(use_true_random=False))
def test_a_folder_is_told_by_names_and_contents_and_not_by_their_order(files, random):
    whole = _content(files)
    listed = list(files.items())
    random.shuffle(listed)
    assert _content(dict(listed)) == whole
    first = listed[0][0]
    renamed = {(name + b"_" if name == first else name): data for name, data in listed}
    if len(renamed) == len(files):
        assert _content(renamed).id != whole.id
    assert _content({**files, first: files[first] + b"x"}).id != whole.id
    assert _content({**files, b"one/more": b""}).id != whole.id
    if len(listed) > 1 and listed[0][1] != listed[1][1]:
        swapped = {**files, listed[0][0]: listed[1][1], listed[1][0]: listed[0][1]}
        assert _content(swapped).id != whole.id


@few
@given(st.dictionaries(st.sampled_from(["a", "b/c", "b/d", "e/f/g", "é"]), st.binary(max_size=4), min_size=1))
def test_a_folder_on_a_disk_has_the_content_of_its_files(tmp_path, files):
    place = tmp_path / new_uid(8)
    for name, data in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert hash_path(place) == _content({name.encode(): data for name, data in files.items()})


# Questions: the same rows as a predicate over the same records, in Python.

WORDS = ["", "a", "A", "b", "ab", "aB", "b%", "_", "é", "'", "1", "ß"]
NUMBERS = [0, 1, 2, 3, -1, 2**40, 0.5]
MOMENTS = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
texts, numbers, moments = st.sampled_from(WORDS), st.sampled_from(NUMBERS), st.sampled_from(MOMENTS)
TEXT_LOOKUPS = {
    "exact": lambda own, given: own == given,
    "iexact": lambda own, given: own.lower() == given.lower(),
    "contains": lambda own, given: given in own,
    "icontains": lambda own, given: given.lower() in own.lower(),
    "startswith": lambda own, given: own.startswith(given),
    "istartswith": lambda own, given: own.lower().startswith(given.lower()),
    "endswith": lambda own, given: own.endswith(given),
    "in": lambda own, given: own in given,
}
ORDER_LOOKUPS = {
    "exact": lambda own, given: own == given,
    "gt": lambda own, given: own > given,
    "gte": lambda own, given: own >= given,
    "lt": lambda own, given: own < given,
    "lte": lambda own, given: own <= given,
    "range": lambda own, given: given[0] <= own <= given[1],
    "in": lambda own, given: own in given,
}


@st.composite
def lookups(draw):
    """A lookup of a field with its value, and what it means."""
    field, values, known = draw(st.sampled_from([("description", texts, TEXT_LOOKUPS), ("n_observations", numbers, ORDER_LOOKUPS), ("created_at", moments, ORDER_LOOKUPS), ("version_tag", texts, TEXT_LOOKUPS)]))
    if draw(st.integers(0, 6)) == 0:
        wanted = draw(st.booleans())
        return {f"{field}__isnull": wanted}, lambda record: (record[field] is None) is wanted
    name = draw(st.sampled_from(sorted(known)))
    # ASCII only where case is ignored: SQLite folds no other letters.
    if name.startswith("i") and name not in {"in"}:
        values = st.sampled_from([w for w in WORDS if w.isascii()])
    given = draw(st.lists(values, max_size=3)) if name == "in" else draw(st.tuples(values, values)) if name == "range" else draw(values)
    asked = {f"{field}__{name}" if name != "exact" or draw(st.booleans()) else field: given}
    return asked, lambda record: record[field] is not None and known[name](record[field], given)


def _joined(draw_pair):
    (left, means_left), (right, means_right), joint = draw_pair
    if joint == "and":
        return left & right, lambda record: means_left(record) and means_right(record)
    return left | right, lambda record: means_left(record) or means_right(record)


def _conditions(q):
    leaf = lookups().map(lambda pair: (q(**pair[0]), pair[1]))
    negated = leaf.map(lambda pair: (~pair[0], lambda record: not pair[1](record)))
    return st.recursive(leaf | negated, lambda inner: st.tuples(inner, inner, st.sampled_from(["and", "or"])).map(_joined) | inner.map(lambda p: (~p[0], lambda record: not p[1](record))), max_leaves=5)


def test_a_question_finds_what_it_means(instance):
    ln = import_module("lignin")
    wanted = [(w, v, n, m) for w, v, n, m in zip([*WORDS, None, None], [None, *WORDS, "a"], [0, 1, 2, 3, None, -1, 2**40, 0, 1, 2, 3, None, 0, 1], MOMENTS * 5, strict=False)]
    made = []
    for number, (word, tag, count, moment) in enumerate(wanted):
        Path(f"{number}.txt").write_text(str(number))
        artifact = ln.Artifact(f"{number}.txt", key=f"{number}.txt", description=word, version_tag=tag)
        artifact.n_observations, artifact.created_at = count, moment
        made.append(artifact)
    ln.save(made)
    records = [{"id": a.id, "description": a.description, "version_tag": a.version_tag, "n_observations": a.n_observations, "created_at": a.created_at} for a in ln.Artifact.all()]
    assert len(records) == len(wanted)

    @settings(few, max_examples=120)
    @given(_conditions(ln.Q))
    def ask(pair):
        condition, means = pair
        assert sorted(ln.Artifact.filter(condition).to_list("id")) == sorted(r["id"] for r in records if means(r)), condition

    ask()
