"""Values of features: adding them, filtering by them, and frames that include them, at 1,000, 50,000 and 1,000,000 annotated artifacts.

The features, one artifact and its values are made as a user would; the rest are copies of rows, written into the SQLite file of either
system by SQL, so that 1,000,000 take a minute: a float and a whole number that differ for each artifact, a text and a date of 1,000
kinds each, and one of 100 labels.
"""

from measure import Time, Workspace, compare, options
from rows import FILL_ROWS

MAKE = """
import datetime, sqlite3
from pathlib import Path
Path("first.txt").write_text("the first file")
artifact = ln.Artifact("first.txt", key="study/first.txt").save()
ln.save([ln.ULabel(name=f"type {{n:03}}") for n in range(100)])
for name, dtype in dict(gc=float, reads=int, note=str, day=datetime.date, cell_type=ln.ULabel).items():
    ln.Feature(name=name, dtype=dtype).save()
artifact.features.add_values({{"gc": 0.0, "reads": 0, "note": "note 0", "day": datetime.date(2000, 1, 1), "cell_type": "type 000"}})
def fill(connection, count):
{fill}
connection = sqlite3.connect({path})
fill(connection, {count})
connection.commit()
connection.execute("analyze")
connection.commit()
connection.close()
"""
LIGNIN = """
    key = "'study/' || i.n || '.txt'"
    fill_rows(connection, "artifact", count - 1, id="t.id + i.n", key=key, relpath=key, family="'key:' || " + key)
    feature = "select id from feature where name = "
    first = dict(connection.execute("select name, min(id) from ulabel group by name"))["type 000"]
    number = "(a.id - 1)"
    for name, column, value in (
        ("gc", "number", f"{number} / 1000000.0"), ("reads", "integer", number), ("note", "text", f"'note ' || ({number} % 1000)"),
        ("day", "text", f"date('2000-01-01', ({number} % 1000) || ' days')"), ("cell_type", "target_id", f"{first} + {number} % 100"),
    ):
        registry = "'ULabel'" if name == "cell_type" else "null"
        connection.execute(
            f"insert into artifact_value (artifact_id, feature_id, slot, position, {column}, registry, created_at) "
            f"select a.id, ({feature} '{name}'), '', 0, {value}, {registry}, a.created_at from artifact a where a.id > 1"
        )
"""
LAMINDB = """
    key = "'study/' || i.n || '.txt'"
    fill_rows(connection, "lamindb_artifact", count - 1, id="t.id + i.n", key=key, hash="substr('hhhhhhhhhhhhhhhhhhhhhh' || i.n, -22)")
    ids = dict(connection.execute("select name, id from lamindb_feature"))
    label = dict(connection.execute("select name, id from lamindb_ulabel"))["type 000"]
    first, = connection.execute("select min(id) from lamindb_artifact").fetchone()
    for name, kinds, value in (
        ("gc", count, "i.n / 1000000.0"), ("reads", count, "i.n"), ("note", min(count, 1000), "'\\"note ' || i.n || '\\"'"),
        ("day", min(count, 1000), "'\\"' || date('2000-01-01', i.n || ' days') || '\\"'"),
    ):
        connection.execute("create temp table old as select * from lamindb_jsonvalue where feature_id = ?", (ids[name],))
        start, = connection.execute("select max(id) from lamindb_jsonvalue").fetchone()
        names = [row[1] for row in connection.execute("pragma table_info(lamindb_jsonvalue)")]
        changed = dict(id=f"{start} + i.n", value=value, hash="'h' || i.n")
        values = ", ".join(changed.get(n, f't."{n}"') for n in names)
        connection.execute(
            f"with recursive i(n) as (select 1 union all select n + 1 from i where n < ?) insert into lamindb_jsonvalue select {values} from old t, i", (kinds - 1,)
        )
        names = [row[1] for row in connection.execute("pragma table_info(lamindb_artifactjsonvalue)")]
        own, = connection.execute("select id from old").fetchone()
        link = f"case (a.id - {first}) % {kinds} when 0 then {own} else {start} + (a.id - {first}) % {kinds} end"
        changed = dict(id=f"(select max(id) from lamindb_artifactjsonvalue) + a.id", artifact_id="a.id", jsonvalue_id=link)
        values = ", ".join(changed.get(n, f't."{n}"') for n in names)
        connection.execute(
            f"insert into lamindb_artifactjsonvalue select {values} from lamindb_artifact a, (select * from lamindb_artifactjsonvalue limit 1) t where a.id > {first}"
        )
        connection.execute("drop table old")
    names = [row[1] for row in connection.execute("pragma table_info(lamindb_artifactulabel)")]
    changed = dict(id=f"(select max(id) from lamindb_artifactulabel) + a.id", artifact_id="a.id", ulabel_id=f"{label} + (a.id - {first}) % 100")
    values = ", ".join(changed.get(n, f't."{n}"') for n in names)
    connection.execute(f"insert into lamindb_artifactulabel select {values} from lamindb_artifact a, (select * from lamindb_artifactulabel limit 1) t where a.id > {first}")
"""

ASK = """
import datetime, resource
import pandas
def repeat(name, ask, expected):
    found = ask()
    assert found == expected, (name, found, expected)
    with timed(name, per={repeats}):
        for _ in range({repeats}):
            ask()
count, middle = {count}, {middle}
near = middle / 1_000_000
ask = lambda **lookups: ln.Artifact.filter(**lookups)
repeat("one float", lambda: [a.key for a in ask(gc=near)], [f"study/{{middle}}.txt"])
repeat("20 rows of a range of floats", lambda: len(ask(gc__gt=near).to_dataframe(limit=20)), 20)
repeat("one whole number", lambda: len(list(ask(reads=middle))), 1)
repeat("20 rows of a text", lambda: len(ask(note="note 7").to_dataframe(limit=20)), min(20, max(1, count // 1000)))
repeat("20 rows of a date", lambda: len(ask(day="2000-01-08").to_dataframe(limit=20)), min(20, max(1, count // 1000)))
repeat("20 rows of a label", lambda: len(ask(cell_type="type 007").to_dataframe(limit=20)), min(20, count // 100))
repeat("20 rows of a label and a range", lambda: len(ask(cell_type="type 007", gc__gt=near).to_dataframe(limit=20)), min(20, count // 200))
repeat("count of a label", lambda: ask(cell_type="type 007").count(), count // 100)
repeat("20 rows with all values", lambda: len(ln.Artifact.to_dataframe(include="features", limit=20)), 20)
if count <= 50_000:
    with timed("all rows with all values"):
        frame = ln.Artifact.to_dataframe(include="features", limit=None)
    assert len(frame) == count, len(frame)
"""
ADD = """
from pathlib import Path
import datetime
artifacts = []
for n in range({n} * 4):
    Path(f"new{{n}}.txt").write_text(f"new {{n}}")
    artifacts.append(ln.Artifact(f"new{{n}}.txt", key=f"new/{{n}}.txt").save())
kinds = {{
    "add a float": {{"gc": 0.5}}, "add a label": {{"cell_type": "type 005"}},
    "add five values": {{"gc": 0.25, "reads": 5, "note": "x", "day": datetime.date(2000, 1, 2), "cell_type": "type 007"}},
}}
artifacts[-1].features.add_values(kinds["add five values"])
for place, (name, values) in enumerate(kinds.items()):
    with timed(name, per={n}):
        for artifact in artifacts[place * {n} : (place + 1) * {n}]:
            artifact.features.add_values(values)
with timed("get five values", per={n}):
    for artifact in artifacts[2 * {n} : 3 * {n}]:
        assert len(artifact.features.get_values()) == 5
"""


def task(space: Workspace, *, count: int, repeats: int) -> dict[str, Time]:
    is_ours = space.side.name == "lignin"
    path = '".lignin/lignin.db"' if is_ours else "str(lamindb_setup.settings.instance._sqlite_file_local)"
    space.script(FILL_ROWS + MAKE.format(fill=LIGNIN if is_ours else LAMINDB, path=path, count=count), name="fill.py")
    times = space.script(ASK.format(count=count, middle=count // 2, repeats=repeats), name="ask.py")
    if count <= 1_000:
        times |= space.script(ADD.format(n=20), name="add.py")
    return {f"{count:,}: {name}": value for name, value in times.items() if name != "process"}


if __name__ == "__main__":
    parser = options(__doc__, runs=1)
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 50_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for count in arguments.counts:
        compare(arguments, lambda space: task(space, count=count, repeats=arguments.repeats), title=f"{count:,} annotated artifacts", warm=False)  # noqa: B023
