"""`make demo`: programs that know nothing of each other, and one lineage graph over them.

A Snakemake pipeline counts sequence variants in real reads, a Prefect flow reads its matrix, a plain
script reads the flow's tables. Then single cells, where Snakemake feeds redun, and redun feeds Prefect.
All run as they are, in a fresh folder, with an instance on SQLite.

    python examples/demo.py [FOLDER]    by default demo/; the page lineage.html is written beside it
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMO = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE.parent / "demo"
PAGE = DEMO.parent / "lineage.html"


def main() -> None:
    """Run them all, and show what came of it."""
    if DEMO.exists():
        shutil.rmtree(DEMO)
    DEMO.mkdir(parents=True)
    steps = ("01_snakemake_reads", "02_prefect_normalise", "03_script_report", "04_three_engines")
    for name in steps:
        shutil.copytree(HERE / name, DEMO / name, ignore=shutil.ignore_patterns("results", ".snakemake", "redun.db", "__pycache__"))
    say("An instance: a SQLite file and a storage folder in .lignin")
    run("lignin", "init", "--name", "demo")
    say("1. A Snakemake pipeline on real reads: filter, count, merge, normalise")
    run("snakemake", "--logger", "lignin", "--cores", "2", "--quiet", "all", folder=steps[0])
    say("2. A Prefect flow that reads the pipeline's matrix")
    run(sys.executable, "flow.py", folder=steps[1], shown="python flow.py")
    say("3. A plain script that reads the flow's tables")
    run(sys.executable, "report.py", folder=steps[2], shown="python report.py")
    say("One graph, from the last file back to the first input")
    run("lignin", "lineage", "reports/samples.md")
    run("lignin", "lineage", "reports/samples.md", "--format", "html", "-o", str(PAGE), shown="lignin lineage reports/samples.md --format html -o lineage.html")
    say("4. Single cells: Snakemake merges them, redun ranks genes, a Prefect flow checks them")
    run("snakemake", "--logger", "lignin", "--cores", "2", "--quiet", "all", folder=steps[3])
    run("redun", "--log-level", "WARN", "run", "workflow.py", "markers", folder=steps[3])
    run(sys.executable, "flow.py", folder=steps[3], shown="PREFECT_PLUGINS_ENABLED=1 python flow.py")
    say("Three engines in one graph")
    run("lignin", "lineage", "results/summary.md", folder=steps[3])
    say("What ran, newest first")
    run("lignin", "list", "run", "--limit", "50")
    print(f"\nOpen {PAGE} in a browser, or go on in {DEMO}: lignin --help")


def say(text: str) -> None:
    """A headline."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(*command: str, folder: str = ".", shown: str | None = None) -> None:
    """Run one command as a user would, and end with its exit code if it fails."""
    print(f"$ {shown or ' '.join(command)}", flush=True)
    done = subprocess.run(command, cwd=DEMO / folder, env=environment(), check=False)
    if done.returncode:
        sys.exit(f"{command[0]} ended with exit code {done.returncode}")


def environment() -> dict[str, str]:
    """The user's environment, with this interpreter's programs first and Prefect's home in the demo's folder."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIGNIN_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "LIGNIN_HOME": str(DEMO / ".home"),
        "PREFECT_HOME": str(DEMO / ".prefect"),
        "PREFECT_PLUGINS_ENABLED": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }


if __name__ == "__main__":
    main()
