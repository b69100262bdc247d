"""The reader of pages itself: it must not pass over what is wrong."""

import pytest

WITHOUT = "<!-- without an instance -->\n\n"


def page(*blocks):
    return WITHOUT + "\n\n".join(blocks) + "\n"


def test_blocks_of_a_page_share_a_folder(reader):
    assert reader(page("```python\nopen('a.txt', 'w').write('x')\n```", "```bash\ncat a.txt\n```", "```text\nx\n```")) == 0


def test_a_named_block_is_written_and_not_run(reader):
    script = "<!-- file: sub/script.py -->\n```python\nprint('ran', __file__)\n```"
    assert reader(page(script, "```bash\npython sub/script.py\n```", "```text\nran …/reader/sub/script.py\n```")) == 0


def test_a_block_that_fails_fails_the_page(reader):
    with pytest.raises(AssertionError, match="line 3 ended with 1"):
        reader(page("```bash\nfalse\necho on\n```"))
    with pytest.raises(AssertionError, match="ValueError: no"):
        reader(page("```python\nraise ValueError('no')\n```"))


def test_an_output_that_is_not_printed_fails_the_page(reader):
    with pytest.raises(AssertionError, match="but printed was"):
        reader(page("```bash\necho one\n```", "```text\ntwo\n```"))


def test_an_output_without_a_run_fails_the_page(reader):
    with pytest.raises(AssertionError, match="follows no block that ran"):
        reader(page("```text\ntwo\n```"))


def test_a_block_of_an_unknown_language_is_not_passed_over(reader):
    with pytest.raises(AssertionError, match="'toml' is neither run"):
        reader(page("```toml\na = 1\n```"))


def test_blocks_that_are_not_run_are_counted(reader):
    assert reader(page("```bash no-run\nexit 1\n```", "```toml no-run\na = 1\n```")) == 2


def test_a_block_without_an_end_is_an_error(reader):
    with pytest.raises(ValueError, match="never closed"):
        reader(page("```bash\ntrue"))


def test_a_file_comment_without_a_block_is_an_error(reader):
    with pytest.raises(ValueError, match="right before its block"):
        reader(page("<!-- file: a.txt -->\nsome prose"))


@pytest.mark.parametrize(("shown", "printed", "same"), [
    ("a\nb", "a\nb\n", True),
    ("a\nb", "a\nb\nc\n", False),
    ("run … ended", "run 7Zq(1) ended\n", True),
    ("run … ended", "run 7\n8 ended\n", False),
    ("a\n…\nz", "a\nz\n", True),
    ("a\n…\nz", "a\nb\nc\nz\n", True),
    ("a\n…\nz", "a\nb\nc\n", False),
    ("…\nz", "b\nz\n", True),
    ("a.c", "abc\n", False),
])
def test_dots_stand_for_what_changes_from_run_to_run(shows, shown, printed, same):
    assert shows(shown, printed) is same
