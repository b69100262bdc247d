"""`make demo`: programs that know nothing of each other, and one lineage graph over them.

A Snakemake pipeline counts sequence variants in real reads, a Prefect flow reads its matrix, a plain
script reads the flow's tables, a Nextflow pipeline takes lengths of the same reads. Then single cells, where
Snakemake feeds redun, redun feeds Prefect, and both feed Nextflow. All run as they are, in a fresh folder,
with an instance on SQLite. Nextflow needs Java 17 or newer: where there is none, its parts are left out.

    python examples/demo.py [FOLDER]    by default demo/; the page lineage.html is written beside it
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMO = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE.parent / "demo"
PAGE = DEMO.parent / "lineage.html"
ADAPTER = HERE.parent / "adapters" / "nextflow"
# Where Nextflow is put if the user has none: into this environment.
FETCHED = Path(sys.prefix) / "nextflow"
READS, NORMALISE, REPORT, CELLS, LENGTHS = ("01_snakemake_reads", "02_prefect_normalise", "03_script_report", "04_four_engines", "06_nextflow_counts")


def main() -> None:
    """Run them all, and show what came of it."""
    if DEMO.exists():
        shutil.rmtree(DEMO)
    DEMO.mkdir(parents=True)
    for name in (READS, NORMALISE, REPORT, CELLS, LENGTHS):
        made = shutil.ignore_patterns("results", "work", ".snakemake", ".nextflow*", "redun.db", "__pycache__")
        shutil.copytree(HERE / name, DEMO / name, ignore=made)
    missing = why_no_nextflow()
    say("An instance: a SQLite file and a storage folder in .lignin")
    run("lignin", "init", "--name", "demo")
    reads(missing)
    cells(missing)
    say("What ran, newest first")
    run("lignin", "list", "run", "--limit", "60")
    print(f"\nOpen {PAGE} in a browser, or go on in {DEMO}: lignin --help")


def reads(missing: str | None) -> None:
    """Three engines and two scripts on the same reads."""
    say("1. A Snakemake pipeline on real reads: filter, count, merge, normalise")
    run("snakemake", "--logger", "lignin", "--cores", "2", "--quiet", "all", folder=READS)
    say("2. A Prefect flow that reads the pipeline's matrix")
    run(sys.executable, "flow.py", folder=NORMALISE, shown="python flow.py")
    say("3. A plain script that reads the flow's tables")
    run(sys.executable, "report.py", folder=REPORT, shown="python report.py")
    say("One graph, from the last file back to the first input")
    run("lignin", "lineage", "reports/samples.md")
    say("4. A Nextflow pipeline on the same reads, and a script that reads its table")
    if missing is None:
        run("lignin", "nextflow", "run", "main.nf", folder=LENGTHS)
        run(sys.executable, "report.py", folder=LENGTHS, shown="python report.py")
        run("lignin", "lineage", "reports/read_lengths.parquet")
    else:
        print(f"Left out: {missing}")


def cells(missing: str | None) -> None:
    """Four engines, one after the other, and what the last of them wrote as a page."""
    say("5. Single cells: Snakemake merges them, redun ranks genes, a Prefect flow checks them, Nextflow makes a panel")
    run("snakemake", "--logger", "lignin", "--cores", "2", "--quiet", "all", folder=CELLS)
    run("redun", "--log-level", "WARN", "run", "workflow.py", "markers", folder=CELLS)
    run(sys.executable, "flow.py", folder=CELLS, shown="PREFECT_PLUGINS_ENABLED=1 python flow.py")
    last, engines = "results/summary.md", "Three"
    if missing is None:
        run("lignin", "nextflow", "run", "main.nf", folder=CELLS)
        last, engines = "results/panel.tsv", "Four"
    else:
        print(f"Nextflow is left out: {missing}")
    say(f"{engines} engines in one graph")
    run("lignin", "lineage", last, folder=CELLS)
    run("lignin", "lineage", last, "--format", "html", "-o", str(PAGE), folder=CELLS, shown=f"lignin lineage {last} --format html -o lineage.html")


def say(text: str) -> None:
    """A headline."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(*command: str, folder: str = ".", shown: str | None = None) -> None:
    """Run one command as a user would, and end with its exit code if it fails."""
    print(f"$ {shown or ' '.join(command)}", flush=True)
    done = subprocess.run(command, cwd=DEMO / folder, env=environment(), check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with exit code {done.returncode}")


def why_no_nextflow() -> str | None:
    """Make Nextflow and its plug-in ready; what can't be had, or `None` when all is there."""
    if (release := java()) < 17:
        return f"Nextflow needs Java 17 or newer, and {f'Java {release}' if release else 'no java'} is on PATH"
    trouble = why_not(sys.executable, str(ADAPTER / "build_plugin.py"), "--if-needed", "--skip-tests")
    if trouble is not None:
        print(f"Nextflow runs without the plug-in of Lignin, and what it leaves is read: {trouble}")
    if shutil.which("nextflow", path=environment()["PATH"]) is None:
        say("Nextflow is fetched (once, about a minute)")
        trouble = why_not(sys.executable, str(ADAPTER / "get_nextflow.py"), str(FETCHED), "25.04.4")
        if trouble is not None:
            return f"there is no nextflow on PATH, and it can't be fetched: {trouble}"
    trouble = why_not("nextflow", "-v")
    return None if trouble is None else f"nextflow does not start: {trouble}"


def why_not(*command: str) -> str | None:
    """Run a command out of sight; what it said if it failed."""
    try:
        done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except OSError as e:
        return str(e)
    said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
    return " ".join(said.splitlines()[:2])[:300] if done.returncode else None


def java() -> int:
    """The release of the Java on PATH, 0 where there is none."""
    if shutil.which("java") is None:
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else 0


def environment() -> dict[str, str]:
    """The user's environment, with this interpreter's programs first, and homes of Prefect and Nextflow in the demo's folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LIGNIN_")}
    home = Path(own.get("NXF_HOME") or Path.home() / ".nextflow")
    return {
        # The user's own nextflow finds its program where it always does.
        **({"NXF_DIST": str(home / "framework")} if (home / "framework").is_dir() else {}),
        **own,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), str(FETCHED))),
        "NXF_HOME": str(DEMO / ".nxf"),
        "NXF_ANSI_LOG": "false",
        "LIGNIN_HOME": str(DEMO / ".home"),
        "PREFECT_HOME": str(DEMO / ".prefect"),
        "PREFECT_PLUGINS_ENABLED": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }


if __name__ == "__main__":
    main()
