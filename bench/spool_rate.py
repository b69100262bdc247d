"""How fast a spool of task records goes into the catalogue. LaminDB has no counterpart.

Each task is five events: it starts, reads two files, writes one and ends. Contents come hashed, as
they do when the engine's recorder had time for it, so that the database alone is measured.
"""

from measure import Time, Workspace, compare, options

WRITE = """
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from lignin.recording import Code, Ended, FileRef, Produced, RunKey, RunStatus, Spool, Started, Used
tasks = {tasks}

def file(name):
    return FileRef(
        uri=f"file:///data/{{name}}", host="node", size=1000, mtime_ns=1, inode=1,
        content_id="b3:" + hashlib.sha256(name.encode()).hexdigest(),
    )

spool = Spool(Path("events"), engine="bench")
start = datetime(2026, 1, 1, tzinfo=UTC)
flow = RunKey(engine="bench", scope="flow", id="flow")
with timed("write", per=tasks):
    spool.record(Started(run=flow, name="flow", at=start))
    for i in range(tasks):
        run, at = RunKey(engine="bench", scope="flow", id=str(i)), start + timedelta(seconds=i)
        code = Code(kind="task", key=f"Snakefile::rule_{{i % 20}}", hash=f"h{{i % 20}}", source="shell: ...")
        spool.record(Started(run=run, name=f"rule_{{i % 20}}", at=at, parent=flow, code=code, params={{"i": i}}, info={{"threads": 1}}))
        spool.record(Used(run=run, ref=file(f"in_{{i // 4}}.txt"), role="reads"))
        spool.record(Used(run=run, ref=file(f"out_{{i - 1}}.txt" if i else "reference.fa"), role="before"))
        spool.record(Produced(run=run, ref=file(f"out_{{i}}.txt")))
        spool.record(Ended(run=run, status=RunStatus.COMPLETED, at=at + timedelta(seconds=1)))
    spool.record(Ended(run=flow, status=RunStatus.COMPLETED, at=start + timedelta(seconds=tasks)))
spool.close()
spool.path.rename("spool.jsonl")
"""


def task(space: Workspace, *, tasks: int) -> dict[str, Time]:
    written = space.script(WRITE.format(tasks=tasks))["write"]
    first = space.call([space.side.program, "ingest", "spool.jsonl"])
    again = space.call([space.side.program, "ingest", "spool.jsonl"])
    return {
        f"per task of {tasks}, written to the spool": written,
        f"per task of {tasks}, ingested": Time(first.wall / tasks, first.cpu / tasks),
        f"per task of {tasks}, ingested again": Time(again.wall / tasks, again.cpu / tasks),
        "the whole `lignin ingest`": first,
    }


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.set_defaults(only="lignin")
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, tasks=arguments.tasks), title="Spool into the catalogue", warm=False)
