"""All 10,000 ancestors of a result, in a catalogue of 10,000,000 edges. Lignin alone.

Runs and artifacts are written by SQL: each run reads three files and writes one, and every 10,000
runs hang together, so that the last of them has 10,000 runs and as many files before it.
"""

from measure import Time, Workspace, compare, options
from rows import FILL_ROWS

FILL = """
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
Path("first.txt").write_text("the first file")
ln.Artifact("first.txt", key="first.txt").save()
ln.Run(name="first").save()
connection = sqlite3.connect(".lignin/lignin.db")
connection.execute("pragma foreign_keys = off")
def fill(table, **changed):
    fill_rows(connection, table, {runs}, id="1000 + i.n", **changed)
fill("run", uid="substr('rrrrrrrrrrrrrrrr' || i.n, -16)", engine="'bench'", scope="'large'", external_id="i.n", name="'step ' || i.n")
key = "'large/file_' || i.n || '.txt'"
fill("artifact", key=key, relpath=key, family="'key:' || " + key, hash="'b3:' || i.n", run_id="1000 + i.n")
numbers = "with recursive i(n) as (select 1 union all select n + 1 from i where n < {runs}) "
connection.execute("insert into run_output (run_id, artifact_id, role) " + numbers + "select 1000 + n, 1000 + n, '' from i")
for back in (1, 2, 3):
    connection.execute(
        "insert into run_input (run_id, artifact_id, role) " + numbers + f"select 1000 + n, 1000 + n - {{back}}, '' from i where (n - 1) % {block} >= {{back}}"
    )
connection.commit()
print(connection.execute("select (select count(*) from run_input) + (select count(*) from run_output)").fetchone())
"""

ASK = """
import pandas
last = ln.Artifact.get(key="large/file_{last}.txt")
with timed("first"):
    graph = last.lineage(direction="ancestors")
assert len(graph) == 2 * {block}, len(graph)
with timed("again"):
    last.lineage(direction="ancestors")
first = ln.Artifact.get(key="large/file_{first}.txt")
with timed("descendants"):
    assert len(first.lineage(direction="descendants")) == 2 * {block} - 1
with timed("near"):
    last.lineage(direction="ancestors", depth=3)
"""


def task(space: Workspace, *, runs: int, block: int) -> dict[str, Time]:
    space.script(FILL_ROWS + FILL.format(runs=runs, block=block), name="fill.py")
    last = runs // block // 2 * block
    times = space.script(ASK.format(block=block, last=last, first=last - block + 1), name="ask.py")
    return {
        f"{block:,} runs before a result, as a frame": times["first"],
        "… asked again": times["again"],
        "all that comes of the first file": times["descendants"],
        "three runs back": times["near"],
    }


if __name__ == "__main__":
    parser = options(__doc__, runs=1)
    parser.add_argument("--count", type=int, default=2_500_000, help="number of runs; four edges each")
    parser.add_argument("--block", type=int, default=10_000)
    parser.set_defaults(only="lignin")
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, runs=arguments.count, block=arguments.block), title=f"{4 * arguments.count:,} edges", warm=False)
