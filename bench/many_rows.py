"""Queries over many artifacts, and search over many labels.

One artifact and one label are saved as a user would; the rest are copies of their rows, written into
the SQLite file of either system by the same SQL, so that 1,000,000 take seconds. Each query runs once
to warm up, and then a few times.
"""

from measure import Time, Workspace, compare, options
from rows import FILL_ROWS

FILL = """
import sqlite3
from pathlib import Path
def fill(path, table, count, **changed):
    connection = sqlite3.connect(path)
    fill_rows(connection, table, count - 1, id="t.id + i.n", **changed)
    connection.commit()
    connection.close()
Path("first.txt").write_text("the first file")
ln.Artifact("first.txt", key="study/first.txt").save()
ln.ULabel(name="label 0").save()
key = "'study/plate_' || (i.n % 1000) || '/well_' || i.n || '.txt'"
common = dict(key=key, size="i.n", hash="substr('hhhhhhhhhhhhhhhhhhhhhh' || i.n, -22)")
name = "(case i.n % 5 when 0 then 'p53 mutant ' when 1 then 'kinase ' when 2 then 'T cell ' when 3 then 'plate ' else 'donor ' end) || i.n"
{fill}
"""
LIGNIN = """
fill(".lignin/lignin.db", "artifact", {count}, family="'key:' || " + key, relpath=key, **common)
fill(".lignin/lignin.db", "ulabel", {count}, name=name)
"""
LAMINDB = """
database = str(lamindb_setup.settings.instance._sqlite_file_local)
fill(database, "lamindb_artifact", {count}, **common)
fill(database, "lamindb_ulabel", {count}, name=name)
"""

ASK = """
import pandas
def repeat(name, ask):
    ask()
    with timed(name, per={repeats}):
        for _ in range({repeats}):
            ask()
middle = "study/plate_{plate}/well_{middle}.txt"
repeat("get by key", lambda: ln.Artifact.get(key=middle))
repeat("count by size", lambda: ln.Artifact.filter(size__gt={middle}).count())
repeat("20 rows by prefix of the key", lambda: ln.Artifact.filter(key__startswith="study/plate_7/").to_dataframe(limit=20))
repeat("20 rows with two fields of relations", lambda: ln.Artifact.filter(suffix=".txt").to_dataframe(limit=20, include=["created_by__handle", "storage__root"]))
repeat("the 20 newest", lambda: ln.Artifact.to_dataframe())
repeat("search a label's name", lambda: list(ln.ULabel.search("p53", limit=20)))
if {count} <= 50_000:
    repeat("all rows", lambda: ln.Artifact.to_dataframe(limit=None))
    repeat("all rows with two fields of relations", lambda: ln.Artifact.to_dataframe(limit=None, include=["created_by__handle", "storage__root"]))
"""


def task(space: Workspace, *, count: int, repeats: int) -> dict[str, Time]:
    body = LIGNIN if space.side.name == "lignin" else LAMINDB
    space.script(FILL_ROWS + FILL.format(fill=body.format(count=count)), name="fill.py")
    middle = count // 2
    times = space.script(ASK.format(count=count, middle=middle, plate=middle % 1000, repeats=repeats), name="ask.py")
    return {f"{count:,} rows: {name}": value for name, value in times.items() if name != "process"}


if __name__ == "__main__":
    parser = options(__doc__, runs=1)
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 50_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for count in arguments.counts:
        compare(arguments, lambda space: task(space, count=count, repeats=arguments.repeats), title=f"{count:,} rows", warm=False)  # noqa: B023
