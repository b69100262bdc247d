"""Many processes that write at once: errors that reach a caller, duplicates, families without exactly one latest, and the rate.

Each writer is a process of its own; before each phase all wait for each other, so that they really begin together:

- `own keys`: files under keys of its own;
- `one key`: own contents under a key that all share, each a version;
- `one content`: the same contents under one key, each a version once;
- `one label`: labels of the same names;
- `track`: `ln.track()` … `ln.finish()` in the same script;
- `one spool`: all ingest one spool (Lignin alone);
- `own spools`: each ingests a spool of its own, and all of them tell of the same files (Lignin alone).

    python bench/writers.py                    # 4, 8 and 64 writers on SQLite
    python bench/writers.py --db postgresql    # on a PostgreSQL server that it starts itself
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from measure import Side, Workspace, options, sides
from postgres import OWN, empty_database, server

PHASES = ("own keys", "one key", "one content", "one label", "track")
SPOOLS = ("one spool", "own spools")

WRITER = '''
import json, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
number, turns, phases = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
barrier = Path("../barrier")

def own_keys(turn):
    path = Path(f"own-{{number}}-{{turn}}.txt")
    path.write_text(f"own {{number}} {{turn}}")
    ln.Artifact(str(path), key=f"own/{{number}}/{{turn}}.txt").save()

def one_key(turn):
    path = Path(f"key-{{number}}-{{turn}}.txt")
    path.write_text(f"version {{number}} {{turn}}")
    ln.Artifact(str(path), key="key.txt").save()

def one_content(turn):
    path = Path(f"content-{{number}}-{{turn}}.txt")
    path.write_text(f"content {{turn}}")
    ln.Artifact(str(path), key="content.txt").save()

def one_label(turn):
    ln.ULabel(name=f"label {{turn}}").save()

def track(turn):
    if turn == 0:
        ln.track()
        ln.finish()

{ingest}

# What either system loads and asks once in a process is not what is measured.
Path(f"warm-{{number}}.txt").write_text(f"warm {{number}}")
for _ in range(5):
    try:
        ln.Artifact(f"warm-{{number}}.txt", key=f"warm/{{number}}.txt").save()
        break
    except Exception:
        time.sleep(number / 50)
for phase in phases:
    work = globals()[phase.replace(" ", "_")]
    (barrier / f"{{phase}}-{{number}}").touch()
    while not (barrier / phase).exists():
        time.sleep(0.005)
    begin, errors, slowest = time.time(), [], 0.0
    for turn in range(turns):
        before = time.time()
        try:
            work(turn)
        except Exception as e:
            errors.append(f"{{type(e).__name__}}: {{str(e).splitlines()[0] if str(e) else ''}}"[:200])
        slowest = max(slowest, time.time() - before)
    told = {{"begin": begin, "end": time.time(), "errors": errors, "slowest": slowest}}
    (barrier / f"{{phase}}-{{number}}.part").write_text(json.dumps(told))
    (barrier / f"{{phase}}-{{number}}.part").rename(barrier / f"{{phase}}-{{number}}.json")
'''

INGEST = """
from lignin.instance import ingest
from lignin.base.ports import current

def one_spool(turn):
    if turn == 0:
        ingest(current(), Path("../spools/one.jsonl"))

def own_spools(turn):
    if turn == 0:
        ingest(current(), Path(f"../spools/own-{number}.jsonl"))
"""

SPOOL = """
import sys
from pathlib import Path
from lignin.base.clock import now
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Spool, Started, Used

def tell(name, scope, content):
    spool = Spool(Path("../spools"), engine="bench")
    for i in range(50):
        run = RunKey(engine="bench", scope=scope, id=str(i))
        spool.record(Started(run=run, name="task", at=now()))
        # The same places for all, with contents that differ from spool to spool: versions of one family.
        ref = FileRef(uri=f"file:///data/{name}-{i}.txt", host="node", size=1, mtime_ns=1, content_id=f"b3:{content:032x}{i:032x}")
        spool.record(Produced(run=run, ref=ref))
        spool.record(Used(run=run, ref=FileRef(uri="file:///data/reference.fa", host="node", size=1, mtime_ns=1, content_id="b3:" + "a" * 64)))
        spool.record(Ended(run=run, status=RunStatus.COMPLETED, at=now()))
    spool.close()
    return spool.path

tell("one", "one", 1).rename("../spools/one.jsonl")
for number in range(int(sys.argv[1])):
    tell("shared", f"own {number}", number % 3).rename(f"../spools/own-{number}.jsonl")
"""

CHECK = """
import json
from collections import Counter
from pathlib import Path
wrong = Counter()
rows = [{"key": a.key, "hash": a.hash, "uid": a.uid, "is_latest": a.is_latest} for a in ln.Artifact.filter()]
for prefix in ("own/", "key.txt", "content.txt", "file://node/data"):
    mine = [row for row in rows if str(row["key"] or "").startswith(prefix)]
    # A place's contents may come back; a key's are each one version.
    wrong[prefix + " duplicates"] = len(mine) - len({(row["key"], row["hash"]) for row in mine})
    latest = Counter()
    for row in mine:
        latest[row["uid"][:16]] += bool(row["is_latest"])
    wrong[prefix + " latest"] = sum(number != 1 for number in latest.values())
    wrong[prefix + " families"] = len(latest) - len({row["key"] for row in mine})
    wrong[prefix + " rows"] = len(mine)
names = Counter(label.name for label in ln.ULabel.filter())
wrong["label duplicates"] = sum(number - 1 for number in names.values())
wrong["label rows"] = sum(names.values())
transforms = [t for t in ln.Transform.filter() if "writer" in str(t.key)]
wrong["track duplicates"] = len(transforms) - 1
wrong["track latest"] = abs(sum(t.is_latest for t in transforms) - 1)
wrong["track rows"] = ln.Run.filter(transform__key=transforms[0].key).count() if transforms else 0
wrong["spool rows"] = ln.Run.filter(engine="bench").count() if hasattr(ln.Run, "engine") else 0
Path("../checked.json").write_text(json.dumps(wrong))
"""

_PREFIXES = {"own keys": ("own/",), "one key": ("key.txt",), "one content": ("content.txt",), "one label": ("label",), "track": ("track",)}


@dataclass(frozen=True)
class Phase:
    """What came of a phase: errors, rows too many, families without one latest, rows a second, and the longest that one call took."""

    errors: Sequence[str]
    duplicates: int
    latest: int
    missing: int
    rate: float
    slowest: float


def race(space: Workspace, *, writers: int, turns: int) -> Mapping[str, Phase]:
    """Let writers loose, phase by phase, and look at what they left."""
    is_lignin = space.side.name == "lignin"
    phases = PHASES + (SPOOLS if is_lignin else ())
    for name in ("barrier", "spools"):
        (space.home / name).mkdir()
    if is_lignin:
        space.script(SPOOL.replace("int(sys.argv[1])", str(writers)), name="spools.py")
    (space.folder / "writer.py").write_text(space.side.prelude + WRITER.format(ingest=INGEST if is_lignin else ""))
    errors = space.home / "errors"
    processes = [space.start("writer.py", str(number), str(turns), ",".join(phases), errors=errors) for number in range(writers)]
    told = {phase: _await(space, phase, writers, processes) for phase in phases}
    for process in processes:
        process.wait()
    space.script(CHECK, name="check.py")
    checked = json.loads((space.home / "checked.json").read_text())
    return {phase: _judge(phase, told[phase], checked, writers=writers, turns=turns) for phase in phases}


def _await(space: Workspace, phase: str, writers: int, processes: Sequence[Any]) -> Sequence[Mapping[str, Any]]:
    """Begin a phase when all are ready, and return what each told of it."""
    barrier = space.home / "barrier"
    _wait_for(lambda: all((barrier / f"{phase}-{n}").exists() for n in range(writers)), space, processes)
    (barrier / phase).touch()
    files = [barrier / f"{phase}-{n}.json" for n in range(writers)]
    _wait_for(lambda: all(file.exists() for file in files), space, processes)
    return [json.loads(file.read_text()) for file in files]


def _wait_for(is_so: Any, space: Workspace, processes: Sequence[Any]) -> None:
    while not is_so():
        if any(process.poll() for process in processes):
            raise SystemExit(f"{space.side.name}: a writer died:\n{(space.home / 'errors').read_text()[-4000:]}")
        time.sleep(0.02)


def _judge(phase: str, told: Sequence[Mapping[str, Any]], checked: Mapping[str, int], *, writers: int, turns: int) -> Phase:
    seconds = max(t["end"] for t in told) - min(t["begin"] for t in told)
    errors = [error for t in told for error in t["errors"]]
    expected = {"own keys": writers * turns, "one key": writers * turns, "one content": turns, "one label": turns, "track": writers}
    calls = {"one spool": writers, "own spools": writers, "track": writers}.get(phase, writers * turns)
    prefix = {"own keys": "own/", "one key": "key.txt", "one content": "content.txt", "one label": "label", "track": "track"}.get(phase, "file://node/data")
    rows = checked["spool rows"] if phase in SPOOLS else checked[f"{prefix} rows"]
    wanted = 50 * (writers + 1) if phase in SPOOLS else expected[phase]
    return Phase(
        errors=errors,
        duplicates=checked.get(f"{prefix} duplicates", 0),
        latest=checked.get(f"{prefix} latest", 0) + abs(checked.get(f"{prefix} families", 0)) * (phase != "own keys"),
        missing=wanted - rows,
        rate=calls / seconds,
        slowest=max(t["slowest"] for t in told),
    )


@contextmanager
def _workspaces(found: Sequence[Side], url: str | None) -> Iterator[Sequence[Workspace]]:
    with ExitStack() as stack:
        spaces = [Workspace(side, db=stack.enter_context(empty_database(url)) if url else None) for side in found]
        yield spaces
        for space in spaces:
            space.remove()


def _print(side: str, writers: int, phases: Mapping[str, Phase]) -> None:
    for name, phase in phases.items():
        print(f"| {writers} | {name} | {side} | {len(phase.errors)} | {phase.duplicates} | {phase.missing} | {phase.latest} | {phase.rate:.0f}/s | {phase.slowest:.2f} s |", flush=True)
        for error in sorted(set(phase.errors))[:3]:
            print(f"    {phase.errors.count(error)}× {error}", flush=True)


def main() -> None:
    """Let each number of writers loose under each system, and print what came of it."""
    parser = options(__doc__)
    parser.add_argument("--writers", type=int, nargs="+", default=[4, 8, 64])
    parser.add_argument("--turns", type=int, default=5, help="how often each writer does each thing")
    parser.add_argument("--db", help=f"URL of a PostgreSQL server on which databases may be made, or {OWN!r} to start one; SQLite by default")
    arguments = parser.parse_args()
    wrong = 0
    with ExitStack() as stack:
        url = stack.enter_context(server(arguments.db)) if arguments.db else None
        print(f"\nWriters at once on {'PostgreSQL' if url else 'SQLite'} (load {os.getloadavg()[0]:.1f})\n")
        print("| writers | what | system | errors | duplicates | missing | families without one latest | rate | slowest call |\n|" + "---|" * 9)
        for writers in arguments.writers:
            with _workspaces(sides(arguments), url) as spaces:
                for space in spaces:
                    phases = race(space, writers=writers, turns=arguments.turns)
                    _print(space.side.name, writers, phases)
                    if space.side.name == "lignin":
                        wrong += sum(len(p.errors) + p.duplicates + abs(p.missing) + p.latest for p in phases.values())
    raise SystemExit(f"{wrong} things are wrong" if wrong else 0)


if __name__ == "__main__":
    main()
