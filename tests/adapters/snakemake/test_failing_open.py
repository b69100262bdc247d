"""Whatever happens to the record, the workflow ends as it would have without us."""

import subprocess
import sys

from lignin.recording import RunStatus

GOOD = """
rule a:
    output: "a.txt"
    shell: "echo a > {output}"
"""

# Our code looks into the configuration's values; Snakemake does not.
HOSTILE = """
from collections.abc import Mapping

class Hostile(Mapping):
    def __len__(self): return 1
    def __iter__(self): raise RuntimeError("not for you")
    def __getitem__(self, key): raise RuntimeError("nor this")
    def __repr__(self): raise RuntimeError("nor that")

config["bad"] = Hostile()

rule a:
    output: "a.txt"
    params: n=1
    shell: "echo a > {output}"
"""


def test_a_spool_that_cannot_be_written_leaves_the_result_as_it_is(snakemake):
    snakemake.write(GOOD)
    outcome = snakemake.run(LIGNIN_SPOOL="/dev/null/spool")
    assert outcome.code == 0
    assert (snakemake.folder / "a.txt").exists()
    assert outcome.output.count("recording failed, the pipeline goes on") == 1


def test_strict_fails_a_workflow_that_could_not_be_recorded(snakemake):
    snakemake.write(GOOD)
    outcome = snakemake.run(LIGNIN_SPOOL="/dev/null/spool", LIGNIN_STRICT="1")
    assert outcome.code == 1
    assert "LIGNIN_STRICT" in outcome.output


def test_an_exception_of_ours_costs_only_what_it_hit(snakemake):
    snakemake.write(HOSTILE)
    outcome = snakemake.run("--", "a.txt")
    assert outcome.code == 0, outcome.output
    assert outcome.output.count("recording failed") == 1
    assert outcome.ending.status == outcome.story.ended[outcome.run("a").run].status == RunStatus.COMPLETED
    assert outcome.workflow.code.key == "Snakefile"
    assert outcome.run("a").params == {"n": 1}
    assert set(outcome.made("a")) == {"a.txt"}


def test_a_broken_installation_does_not_break_snakemake(snakemake):
    broken = snakemake.write("raise ImportError('no such library')\n", name="broken/blake3/__init__.py").parents[1]
    snakemake.write(GOOD)
    paths = f"{broken}:{snakemake.environment['PYTHONPATH']}"
    recorded = snakemake.run(PYTHONPATH=paths)
    plain = snakemake.run("--forceall", logger=None, PYTHONPATH=paths)
    assert (recorded.code, plain.code) == (0, 0)
    assert "the workflow runs unrecorded" in recorded.output
    assert "lignin" not in plain.output


def test_without_an_instance_one_line_says_where_the_record_is(snakemake):
    snakemake.write(GOOD)
    outcome = snakemake.run("--quiet", "all")
    (line,) = [line for line in outcome.output.splitlines() if "lignin" in line]
    assert str(outcome.spools[0]) in line
    assert "lignin ingest --all" in line


def test_importing_the_plug_ins_loads_no_adapter_and_no_database(snakemake):
    program = (
        "import sys, snakemake_logger_plugin_lignin, snakemake_report_plugin_lignin, snakemake_storage_plugin_lignin; "
        "print([m for m in ('snakemake_lignin.hook', 'lignin', 'sqlalchemy', 'pandas', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=snakemake.environment)
    assert done.stdout.strip() == "[]"
