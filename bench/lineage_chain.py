"""The way back from the last artifact of a chain of runs to its first input."""

from measure import Time, Workspace, compare, options

LAMINDB = """
from pathlib import Path
import graphviz, pandas
transform = ln.Transform(key="step", kind="pipeline").save()
before = None
for i in range({count}):
    run = ln.Run(transform).save()
    if before is not None:
        run.input_artifacts.add(before)
    Path(f"step_{{i}}.txt").write_text(f"content of step {{i}}")
    before = ln.Artifact(f"step_{{i}}.txt", key=f"step_{{i}}.txt", run=run).save()
with timed("lineage"):
    graph = before.view_lineage(with_children=False, return_graph=True)
assert graph.source.count("->") >= 2 * {count} - 1
with timed("again"):
    before.view_lineage(with_children=False, return_graph=True)
"""

LIGNIN = """
from datetime import UTC, datetime
from pathlib import Path
import pandas
from lignin.recording import Ended, Produced, RunKey, RunStatus, Spool, Started, Used, observe
spool = Spool(Path("spool"), engine="bench")
now, before = datetime.now(UTC), None
for i in range({count}):
    run = RunKey(engine="bench", scope="chain", id=str(i))
    spool.record(Started(run=run, name=f"step {{i}}", at=now))
    if before is not None:
        spool.record(Used(run=run, ref=before))
    path = Path(f"step_{{i}}.txt").absolute()
    path.write_text(f"content of step {{i}}")
    before = observe(path)
    spool.record(Produced(run=run, ref=before))
    spool.record(Ended(run=run, status=RunStatus.COMPLETED, at=now))
spool.close()
import subprocess, sys
subprocess.run([str(Path(sys.executable).parent / "lignin"), "ingest", str(spool.path)], check=True)
last = ln.Artifact.get(key=f"step_{{{count} - 1}}.txt")
with timed("lineage"):
    graph = last.lineage(direction="ancestors")
assert len(graph) == 2 * {count}, len(graph)
with timed("again"):
    last.lineage(direction="ancestors")
"""


def task(space: Workspace, *, count: int) -> dict[str, Time]:
    body = LIGNIN if space.side.name == "lignin" else LAMINDB
    times = space.script(body.format(count=count))
    return {f"chain of {count} runs": times["lineage"], "asked again": times["again"]}


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, count=arguments.count), title="Lineage of a chain", warm=False)
