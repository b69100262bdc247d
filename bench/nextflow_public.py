"""Pipelines that others wrote, plain and with the plug-in: the same end, the same files, and every task in the catalogue.

Each script runs twice, in fresh copies of its folder: as it is, and with the plug-in. Compared are the exit code, what was printed (without what
differs from run to run) and every file that is left outside of the work folder. Then the spool is ingested: one run for the pipeline,
one for each task that Nextflow said it submitted, found in its cache or in its store, all of them ended and below the pipeline's.
A script that differs is run plain once more: one that differs from itself is counted as unstable.

    python bench/nextflow_public.py FOLDER --nextflow PROGRAM      FOLDER/*.nf, such as `tests` of a checkout of Nextflow
    python bench/nextflow_public.py FOLDER hello.nf publish-dir.nf …

Nothing of it belongs into a commit. Scripts that need containers, a cloud or programs that are not here fail in both ways, which is
compared as well.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TASK = re.compile(r"^\[(?:[0-9a-f]{2}/[0-9a-f]{6}|skipping)\s*\] (?:Submitted|Re-submitted|Cached|Stored) process > ", re.MULTILINE)
# What differs from run to run: hashes, names of runs, work folders, times, and the tip that Nextflow draws by lot after a failure.
VARYING = re.compile(r"^Tip: .*$|\[[0-9a-f]{2}/[0-9a-f]{6}\]|[0-9a-f]{2}/[0-9a-f]{6,30}|\[[a-z]+_[a-z]+\]|\b[0-9a-f]{32}\b|\d+:\d\d:\d\d[.,]?\d*", re.MULTILINE)
OWN = {"work", ".nextflow", ".lignin", ".lineage", "printed.txt"}


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run has left."""

    code: int
    printed: tuple[str, ...]
    files: dict[str, str]
    tasks: int


class Public:
    """A home for Nextflow with the plug-in in it, and the scripts' folder."""

    def __init__(self, nextflow: str, source: Path, *, deadline: float) -> None:
        self.nextflow, self.source, self.deadline = nextflow, source, deadline
        self.home = Path(tempfile.mkdtemp(prefix="bench-public-"))
        built = sorted((ROOT / "adapters" / "nextflow" / "nextflow_lignin" / "plugin").glob("nf-lignin-*"))
        if not built:
            sys.exit("The plug-in is not built: python adapters/nextflow/build_plugin.py")
        shutil.copytree(built[-1], self.home / "nxf" / "plugins" / built[-1].name)
        self.plugin = built[-1].name.replace("nf-lignin-", "nf-lignin@")

    def environment(self, *, observed: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NXF_", "LIGNIN_"))}
        own = {"HOME": self.home, "LIGNIN_HOME": self.home / "lignin", "NXF_HOME": self.home / "nxf", "LIGNIN_CLI": "off", "NXF_OFFLINE": "true"}
        plugin = self.plugin if observed else "false"
        return {**kept, **{name: str(value) for name, value in own.items()}, "NXF_PLUGINS_DEFAULT": plugin, "NXF_ANSI_LOG": "false"}

    @property
    def folder(self) -> Path:
        """Where each run happens: what is printed and written may name it."""
        return self.home / "run"

    def run(self, script: str, *, observed: bool) -> Left:
        """Run a script in a fresh copy of its folder."""
        folder = self.folder
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.source, folder, symlinks=True, ignore=shutil.ignore_patterns("checks", ".git", "work", ".nextflow*"))
        before = _files(folder)
        if observed:
            self.lignin(folder, "init", "--storage", "./.lignin/data")
        with (folder / "printed.txt").open("wb") as printed:
            command = [self.nextflow, "run", script, "-w", str(folder / "work")]
            process = subprocess.Popen(
                command, cwd=folder, env=self.environment(observed=observed), stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
            )
            try:
                code = process.wait(self.deadline)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
        text = (folder / "printed.txt").read_text(errors="replace")
        files = {name: content for name, content in _files(folder).items() if before.get(name) != content}
        return Left(code=code, printed=tuple(sorted(VARYING.sub("…", text).splitlines())), files=files, tasks=len(TASK.findall(text)))

    def lignin(self, folder: Path, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lignin", *words], cwd=folder, env=self.environment(observed=False), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"lignin {' '.join(words)}: {done.stderr[-500:]}")
        return done.stdout

    def recorded(self, left: Left) -> list[str]:
        """What is wrong with the catalogue after the run with the plug-in."""
        folder = self.folder
        spools = list((folder / ".lignin" / "nextflow").glob("*.jsonl"))
        if len(spools) != 1:
            # A script that can't be found, or a config that can't be read, has no run at all.
            return [f"{len(spools)} spools"] if left.code == 0 else []
        self.lignin(folder, "nextflow", "ingest", str(spools[0]))
        runs = json.loads(self.lignin(folder, "list", "run", "--json", "--limit", "100000", "--filter", "engine=nextflow"))
        tops = [run["uid"] for run in runs if run["parent"] is None]
        problems = [] if len(runs) == left.tasks + 1 else [f"{left.tasks} tasks, {len(runs) - 1} runs"]
        if len(tops) != 1 or {run["parent"] for run in runs if run["uid"] not in tops} - set(tops):
            problems.append(f"{len(tops)} runs without a parent")
        if still := [run["name"] for run in runs if run["status"] in {"running", "scheduled"}]:
            problems.append(f"not ended: {still}")
        return problems

    def compare(self, script: str, keep: Path | None) -> tuple[str, list[str], int]:
        """What came of a script: a word, what differed, and how many tasks it had."""
        plain, plugged = self.run(script, observed=False), self.run(script, observed=True)
        problems = self.recorded(plugged)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for spool in (self.folder / ".lignin" / "nextflow").glob("*.jsonl"):
                shutil.copy(spool, keep / f"{script}.jsonl")
        different = _differences(plain, plugged)
        if different and (itself := _differences(plain, self.run(script, observed=False))):
            word, different = "unstable", itself
        else:
            word = "differs" if different else "same" if plain.code == 0 else "same failure"
        return ("wrong" if problems else word), [*different, *problems], plugged.tasks


def _differences(one: Left, other: Left) -> list[str]:
    found = [] if one.code == other.code else [f"exit code {one.code}, {other.code}"]
    found += [] if one.printed == other.printed else [f"printed {sorted(set(one.printed) ^ set(other.printed))[:6]}"]
    return found + [f"file {name}" for name in sorted(one.files.keys() | other.files.keys()) if one.files.get(name) != other.files.get(name)][:6]


def _files(folder: Path) -> dict[str, str]:
    """Content by path of all files, links followed, without what is the engine's own."""
    found = {}
    for base, inner, names in os.walk(folder, followlinks=True):
        inner[:] = [name for name in inner if Path(base) != folder or name not in OWN]
        for name in names:
            path = Path(base) / name
            if not name.startswith(".nextflow.log") and (Path(base) != folder or name not in OWN):
                found[path.relative_to(folder).as_posix()] = _content(path) if path.is_file() else "gone"
    return found


def _content(path: Path) -> str:
    """A hash of the lines in any order, without what varies: which of two tasks ends first is nobody's choice."""
    lines = VARYING.sub("…", path.read_bytes().decode("latin-1")).split("\n")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def main() -> None:
    """Compare the scripts, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("scripts", nargs="*", help="names in the folder; all, by default")
    parser.add_argument("--nextflow", default=shutil.which("nextflow"))
    parser.add_argument("--deadline", type=float, default=300, help="seconds for one run")
    parser.add_argument("--keep", type=Path, help="where the spools are kept")
    arguments = parser.parse_args()
    if arguments.nextflow is None:
        sys.exit("Say where Nextflow is: --nextflow, see adapters/nextflow/get_nextflow.py")
    public = Public(str(Path(arguments.nextflow).absolute()), arguments.folder.absolute(), deadline=arguments.deadline)
    counts: Counter[str] = Counter()
    tasks = 0
    try:
        for script in arguments.scripts or sorted(path.name for path in arguments.folder.glob("*.nf")):
            word, told, count = public.compare(script, arguments.keep)
            counts[word] += 1
            tasks += count
            print(f"{script}: {word} ({count} tasks) {'; '.join(told)}", flush=True)
    finally:
        shutil.rmtree(public.home, ignore_errors=True)
    print(f"\n{sum(counts.values())} scripts, {tasks} tasks: " + ", ".join(f"{count} {word}" for word, count in counts.most_common()))
    if counts["differs"] or counts["wrong"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
