"""The reporter: `snakemake --reporter lignin` as a door for what ran before."""

from lignin.recording import MemoryRecorder, fold, read_spool
from snakemake_lignin.backfill import read

SNAKEFILE = """
rule a:
    output: "a.txt"
    params: word="hello"
    shell: "echo {params.word} > {output}"

rule b:
    input: "a.txt"
    output: report("b.txt")
    shell: "cp {input} {output}"
"""


def _report(snakemake):
    """What a report told."""
    known = snakemake.spools()
    process = snakemake.start("--reporter", "lignin", "b.txt", logger="lignin")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    [spool] = [path for path in snakemake.spools() if path not in known]
    return fold(read_spool(spool)), output


def test_a_report_tells_what_an_import_tells_and_is_no_run_itself(snakemake):
    snakemake.write(SNAKEFILE)
    assert snakemake.run("b.txt", logger=None).code == 0
    story, output = _report(snakemake)
    assert "lignin ingest --all" in output
    assert {s.name for s in story.started.values()} == {"Snakefile", "a", "b"}
    assert {end.status.value for end in story.ended.values()} == {"completed"}
    recorder = MemoryRecorder()
    read(str(snakemake.folder), recorder=recorder, since=None, closing=False)
    again = recorder.story()
    assert (again.started, again.ended, set(again.claims)) == (story.started, story.ended, set(story.claims))


def test_after_a_live_run_a_report_adds_nothing(snakemake):
    snakemake.write(SNAKEFILE)
    live = snakemake.run("b.txt")
    assert live.code == 0, live.output
    story, _ = _report(snakemake)
    assert (story.started, story.ended, set(story.claims)) == (live.story.started, live.story.ended, set(live.story.claims))


def test_where_nothing_ran_a_report_says_so(snakemake):
    snakemake.write(SNAKEFILE)
    process = snakemake.start("--reporter", "lignin", "a.txt", logger=None)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "no workflow has run" in output
    assert not snakemake.spools()
