"""The whole ancestry of one artifact in graphs of several shapes.

The same list of runs, each with what it reads and writes, goes into both systems: into Lignin as a spool,
into LaminDB as records. LaminDB follows every path by itself, so its diamonds stay small and the layered
graph is Lignin's alone (after minutes it was stopped).
"""

from collections.abc import Iterator

from measure import Time, Workspace, compare, options

Step = tuple[list[str], list[str]]

LAMINDB = """
from pathlib import Path
import graphviz, pandas
transform, made = ln.Transform(key="step", kind="pipeline").save(), {{}}
def artifact(name, run):
    if name not in made:
        Path(name).write_text(f"content of {{name}}")
        made[name] = ln.Artifact(name, key=name, run=run).save()
    return made[name]
for inputs, outputs in {steps}:
    sources = [artifact(name, False) for name in inputs]
    run = ln.Run(transform).save()
    if sources:
        run.input_artifacts.add(*sources)
    for name in outputs:
        artifact(name, run)
last = made[{last!r}]
with timed("lineage"):
    last.view_lineage(with_children=False, return_graph=True)
"""

LIGNIN = """
from datetime import UTC, datetime
from pathlib import Path
import hashlib, subprocess, sys
import pandas
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Spool, Started, Used
spool, now = Spool(Path("spool"), engine="bench"), datetime.now(UTC)
def ref(name):
    return FileRef(uri=f"file:///data/{{name}}", host="node", size=100, mtime_ns=1, inode=1, content_id="b3:" + hashlib.sha256(name.encode()).hexdigest())
for number, (inputs, outputs) in enumerate({steps}):
    run = RunKey(engine="bench", scope="shape", id=str(number))
    spool.record(Started(run=run, name="step", at=now))
    for name in inputs:
        spool.record(Used(run=run, ref=ref(name)))
    for name in outputs:
        spool.record(Produced(run=run, ref=ref(name)))
    spool.record(Ended(run=run, status=RunStatus.COMPLETED, at=now))
spool.close()
subprocess.run([str(Path(sys.executable).parent / "lignin"), "ingest", str(spool.path)], check=True)
last = ln.Artifact.get(key="file://node/data/{last}")
with timed("lineage"):
    graph = last.lineage(direction="ancestors")
print(len(graph))
"""


def wide(inputs: int) -> Iterator[Step]:
    """One run that reads them all."""
    yield [f"in_{i}" for i in range(inputs)], ["last"]


def tree(depth: int) -> Iterator[Step]:
    """Two files into one, level by level."""
    for level in range(depth):
        for i in range(2 ** (depth - level - 1)):
            out = "last" if level == depth - 1 else f"level_{level + 1}_{i}"
            yield [f"level_{level}_{2 * i}", f"level_{level}_{2 * i + 1}"], [out]


def diamonds(depth: int) -> Iterator[Step]:
    """One file into two, and two into one, again and again."""
    for level in range(depth):
        yield [f"top_{level}"], [f"left_{level}", f"right_{level}"]
        yield [f"left_{level}", f"right_{level}"], [f"top_{level + 1}" if level < depth - 1 else "last"]


def layered(layers: int, width: int) -> Iterator[Step]:
    """Each file from three of the layer before."""
    for layer in range(1, layers):
        for i in range(width):
            yield [f"f_{layer - 1}_{(i * 7 + k * 31) % width}" for k in range(3)], [f"f_{layer}_{i}"]
    yield [f"f_{layers - 1}_{i}" for i in range(width)], ["last"]


SHAPES = {
    "one run of 1,000 inputs": (list(wide(1_000)), True),
    "tree of 2,047 artifacts": (list(tree(10)), True),
    "diamonds, 8 deep": (list(diamonds(8)), True),
    "diamonds, 200 deep": (list(diamonds(200)), False),
    "20 layers of 100, three parents each": (list(layered(20, 100)), False),
}


def task(space: Workspace, *, shape: str) -> dict[str, Time]:
    steps, _ = SHAPES[shape]
    body = LIGNIN if space.side.name == "lignin" else LAMINDB
    times = space.script(body.format(steps=steps, last="last"))
    return {shape: times["lineage"]}


if __name__ == "__main__":
    parser = options(__doc__, runs=1)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    arguments = parser.parse_args()
    chosen = arguments.only
    for shape in arguments.shapes:
        arguments.only = chosen if SHAPES[shape][1] else "lignin"
        if chosen == "lamindb" and not SHAPES[shape][1]:
            continue
        compare(arguments, lambda space: task(space, shape=shape), title=shape, warm=False)  # noqa: B023
