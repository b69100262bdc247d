"""What a word was meant to be."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lignin.schema import Terms
from lignin.schema.near import distance

CELLS = Terms.of(
    "CellType", ["T cell", "B cell", "natural killer cell", "sample 1", "sample 2", "ENSG00000141510"], synonyms={"NK": "natural killer cell", "lymphocyte": ["T cell", "B cell"]},
    line="CellType.from_values({}, create=True).save()",
)


def test_a_synonym_of_one_term_stands_for_it_and_capitals_do_not_count():
    assert CELLS.standard(["NK", "nk", "t CELL", "T cell", "lymphocyte", "foo"]) == {"NK": "natural killer cell", "nk": "natural killer cell", "t CELL": "T cell"}


@pytest.mark.parametrize(("word", "meant"), [
    ("natural kiler cell", ("natural killer cell",)), ("naturla killer cell", ("natural killer cell",)), ("natural_killer-cell", ("natural killer cell",)),
    ("Bcell", ("B cell",)), ("lymphocytes", ("B cell", "T cell")), ("ENSG00000141510.18", ("ENSG00000141510",)),
])
def test_a_misspelt_word_is_near_what_it_was_meant_to_be(word, meant):
    assert CELLS.near([word]) == {word: meant}


@pytest.mark.parametrize("word", ["", "x", "sample 3", "ENSG00000141511", "something else", "n" * 10_000, "natural"])
def test_digits_are_no_misspelling_and_far_words_are_not_near(word):
    assert CELLS.near([word]) == {}


def test_what_is_known_is_known_letter_by_letter():
    assert set(CELLS.known(["T cell", "t cell", "NK"])) == {"T cell"}
    assert CELLS.creation(["a", "b"]) == "CellType.from_values(['a', 'b'], create=True).save()"
    assert Terms.of("closed", []).creation(["a"]) is None


def plain_distance(a, b):
    """The definition, without a bound: neighbours may be swapped, and not be touched again."""
    if not a or not b:
        return len(a) + len(b)
    found = [plain_distance(a[:-1], b) + 1, plain_distance(a, b[:-1]) + 1, plain_distance(a[:-1], b[:-1]) + (a[-1] != b[-1])]
    if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
        found.append(plain_distance(a[:-2], b[:-2]) + 1)
    return min(found)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.integers(0, 3))
def test_a_distance_is_exact_up_to_its_bound(a, b, most):
    exact = plain_distance(a, b)
    assert distance(a, b, most=most) == (exact if exact <= most else None)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("abcdefgh", min_size=8, max_size=12), st.data())
def test_up_to_two_mistakes_in_a_long_word_are_found(word, data):
    letters = list(word)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(letters) - 2))
        match data.draw(st.sampled_from(["swap", "drop", "put", "change"])):
            case "swap":
                letters[at], letters[at + 1] = letters[at + 1], letters[at]
            case "drop":
                del letters[at]
            case "put":
                letters.insert(at, "x")
            case "change":
                letters[at] = "x"
    mistaken = "".join(letters)
    allowed = min(2, len(mistaken) // 4)
    if distance(mistaken, word, most=allowed) is not None:
        assert Terms.of("T", [word, "zzzzzzzzzz"]).near([mistaken]) == {mistaken: (word,)}
