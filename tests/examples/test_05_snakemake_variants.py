"""examples/05_snakemake_variants, by its README's commands: with Debian's programs, and on a machine without them."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = "05_snakemake_variants"
PROGRAMS = ("bwa", "samtools", "bcftools")
REQUIRED = os.environ.get("LIGNIN_TEST_REQUIRE_TOOLS") == "1"
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]


def without_programs(path, folder):
    """A search path like `path` on which none of the programs is: folders that hold one are mirrored by links."""
    kept = []
    for number, name in enumerate(path.split(os.pathsep)):
        source = Path(name)
        if not any((source / program).exists() for program in PROGRAMS):
            kept.append(name)
            continue
        mirror = folder / str(number)
        mirror.mkdir(parents=True)
        for entry in source.iterdir():
            if entry.name not in PROGRAMS:
                (mirror / entry.name).symlink_to(entry)
        kept.append(str(mirror))
    return os.pathsep.join(kept)


def commands(example):
    """The shell block of an example's README."""
    readme = (ROOT / "examples" / example / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```bash\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    return block


def run_as_said(folder, *, path):
    """The folder in which the README's commands ran, what they printed, and the environment in which they did."""
    for name in ("01_snakemake_reads", EXAMPLE):
        shutil.copytree(
            ROOT / "examples" / name, folder / "examples" / name,
            ignore=shutil.ignore_patterns("results", ".snakemake", "__pycache__"),
        )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIGNIN_")},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
        "LIGNIN_HOME": str(folder / "home"),
        "COLUMNS": "80",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", commands(EXAMPLE)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=1200, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "examples" / EXAMPLE, done, environment


def asked(folder, environment, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "lignin", *arguments, "--json"],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )
    return json.loads(done.stdout)


def check(folder, environment):
    """What holds whichever programs ran: the table, one run per job, and a graph that reaches the reads."""
    rows = list(csv.DictReader((folder / "results" / "stats.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert [row["sample"] for row in rows] == ["rep1", "rep2", "rep3"]
    assert len({row["sites"] for row in rows}) == 1
    assert int(rows[0]["sites"]) >= 5
    assert all(100 < float(row["mean_depth"]) <= 700 and 0.1 < float(row["mean_alternative"]) < 0.5 for row in rows)
    assert (folder / "results" / "shares.svg").read_text(encoding="utf-8").startswith("<svg")
    runs = asked(folder, environment, "list", "run")
    assert Counter(run["name"] for run in runs) == {
        "Snakefile": 1, "all": 1, "find_reference": 1, "index": 1, "map_reads": 3, "sort_reads": 3, "call": 1, "count_sites": 1,
    }
    assert {run["status"] for run in runs} == {"completed"}
    graph = asked(folder, environment, "lineage", "results/stats.tsv")
    names = {node["name"] for node in graph["nodes"]}
    assert {f"01_snakemake_reads/data/rep{n}.fastq.gz" for n in (1, 2, 3)} < names
    assert Counter(node["name"] for node in graph["nodes"] if node["type"] == "run") == {
        "find_reference": 1, "index": 1, "map_reads": 3, "sort_reads": 3, "call": 1, "count_sites": 1,
    }
    return rows, names


def test_without_debians_programs_the_python_twin_takes_over_and_says_so(tmp_path):
    folder, done, environment = run_as_said(tmp_path, path=without_programs(os.environ["PATH"], tmp_path / "bin"))
    assert "tools: python (the PATH has none of bwa, samtools, bcftools)" in done.stderr
    rows, names = check(folder, environment)
    assert [row["sites"] for row in rows] == ["25"] * 3
    assert {f"{EXAMPLE}/scripts/{name}.py" for name in ("index_reference", "map_reads", "sort_reads", "call_sites")} < names


@pytest.mark.skipif(bool(MISSING) and not REQUIRED, reason=f"not on the PATH: {', '.join(MISSING)}")
def test_with_debians_programs_on_the_path_they_are_taken(tmp_path):
    assert MISSING == [], "LIGNIN_TEST_REQUIRE_TOOLS=1 asks for them: apt-get install bwa samtools bcftools"
    folder, done, environment = run_as_said(tmp_path, path=os.environ["PATH"])
    assert "tools: debian (the PATH has bwa, samtools, bcftools)" in done.stderr
    _, names = check(folder, environment)
    assert {f"{EXAMPLE}/results/sorted/rep{n}.bam" for n in (1, 2, 3)} < names
