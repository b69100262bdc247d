"""Results that Snakemake takes from its cache between workflows."""

import shutil

import pytest

from lignin.recording import MemoryRecorder
from snakemake_lignin.backfill import read
from snakemake_lignin.shared_cache import CacheWords

SNAKEFILE = """
rule all:
    input: "a.txt", "folder"

rule a:
    output: "a.txt"
    cache: True
    shell: "echo a > {output}"

rule folder:
    output: directory("folder")
    cache: True
    shell: "mkdir {output}; echo f > {output}/f"
"""


def test_a_result_from_the_cache_is_told_as_cached_with_the_run_that_computed_it(snakemake, monkeypatch):
    snakemake.write(SNAKEFILE)
    place = snakemake.folder.parent / "cache"
    place.mkdir()
    options = ("--cache", "--", "all")
    first = snakemake.run(*options, SNAKEMAKE_OUTPUT_CACHE=str(place))
    assert first.code == 0, first.output
    assert {first.status(rule) for rule in ("a", "folder", "all")} == {"completed"}
    (snakemake.folder / "a.txt").unlink()
    (snakemake.folder / "folder").unlink()
    second = snakemake.run(*options, SNAKEMAKE_OUTPUT_CACHE=str(place))
    assert second.code == 0, second.output
    assert (second.status("a"), second.status("folder"), second.status("all"), second.ending.status.value) == ("cached", "cached", "completed", "completed")
    for rule in ("a", "folder"):
        assert second.story.ended[second.run(rule).run].reused == first.run(rule).run
        assert [r.content_id for r in second.made(rule).values()] == [r.content_id for r in first.made(rule).values()]
    shutil.rmtree(snakemake.folder / ".snakemake" / "lignin")
    monkeypatch.setenv("LIGNIN_HOME", snakemake.environment["LIGNIN_HOME"])
    recorder = MemoryRecorder()
    read(str(snakemake.folder), recorder=recorder, since=None, closing=False)
    ended = recorder.story().ended
    for rule in ("a", "folder"):
        assert (ended[second.run(rule).run].status.value, ended[second.run(rule).run].reused) == ("cached", first.run(rule).run)
        assert ended[first.run(rule).run].status.value == "completed"


@pytest.mark.parametrize(
    ("words", "hit"),
    [
        (["Symlinking output file a.txt from cache."], True),
        (["Moving output file a.txt to cache.", "Symlinking output file a.txt from cache."], False),
        (["Symlinking output file b.txt from cache."], False),
        ([], False),
    ],
)
def test_what_was_just_put_into_the_cache_was_not_taken_from_it(words, hit):
    cache = CacheWords()
    for word in words:
        cache.hear(word)
    assert cache.is_hit(["a.txt"]) is hit
