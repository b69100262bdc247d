"""Ends that come before their start: a clock that is set back while a workflow runs."""

from datetime import timedelta

import pytest

# The clock of Snakemake's own process is an hour late from the moment that a job has asked for it.
SNAKEFILE = """
import os, time

real, written = time.time, time.asctime
time.time = lambda: real() - 3600 * os.path.exists("set_back")
time.asctime = lambda *given: written(*(given or [time.localtime(time.time())]))

rule all:
    input: "b.txt"

rule a:
    output: "a.txt"
    shell: "echo a > {output}; touch set_back"

rule b:
    input: "a.txt"
    output: "b.txt"
    shell: "cat {input} > {output}"
"""


def _durations(story):
    return [story.ended[run].at - start.at for run, start in story.started.items()]


@pytest.fixture(scope="module")
def both(shared_snakemake):
    shared_snakemake.write(SNAKEFILE)
    return shared_snakemake.told_and_read()


def test_the_clock_was_set_back(both):
    live, _ = both
    assert live.run("b").at < live.run("a").at - timedelta(minutes=50)


@pytest.mark.parametrize("door", [0, 1], ids=["live", "import"])
def test_no_run_ends_before_it_began(both, door):
    live, imported = both
    story = (live.story, imported)[door]
    assert {end.status.value for end in story.ended.values()} == {"completed"}
    assert set(story.ended) == set(story.started) == set(live.story.started)
    assert min(_durations(story)) >= timedelta(0)


def test_files_of_a_job_that_began_an_hour_early_are_known_live_and_none_is_made_up_by_an_import(both):
    live, imported = both
    assert set(live.made("b")) == {"b.txt"}
    assert set(live.read("b")) == {"a.txt"}
    told = {(c.run, c.written, c.ref.uri, c.ref.mtime_ns) for c in live.story.claims}
    assert {(c.run, c.written, c.ref.uri, c.ref.mtime_ns) for c in imported.claims} <= told
