"""First pages, few hits and counts of conditions that half, a fiftieth, or one of 1,000,000 annotated artifacts meet, on SQLite and PostgreSQL.

The features, one artifact and its values are made as a user would; the rest are copies of rows, written by SQL. `gc` and `reads` follow the
order in which artifacts were made, so that all that meet a condition lie at one end; `noise` does not.
"""

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from measure import Side, Time, Workspace
from postgres import OWN, empty_database, server

FILL = """
from pathlib import Path
from sqlalchemy import text
from lignin.base.ports import current
Path("first.txt").write_text("the first file")
artifact = ln.Artifact("first.txt", key="study/first.txt").save()
ln.save([ln.ULabel(name=f"type {{n:03}}") for n in range(50)] + [ln.ULabel(name=f"half {{n}}") for n in range(2)])
for name, dtype in dict(gc=float, noise=float, reads=int, note=str, cell_type=ln.ULabel, half=ln.ULabel).items():
    ln.Feature(name=name, dtype=dtype).save()
artifact.features.add_values({{"gc": 0.0, "noise": 0.0, "reads": 0, "note": "note 0", "cell_type": "type 000", "half": "half 0"}})
features = {{f.name: f.id for f in ln.Feature.filter()}}
labels = {{label.name: label.id for label in ln.ULabel.filter()}}
database = current().database
numbers = "(with recursive i(n) as (select 1 union all select n + 1 from i where n < {count} - 1) select n from i) i"
def copy(session, table, source, **changed):
    names = [column.key for column in ln.Artifact.metadata.tables[table].columns]
    values = ", ".join(changed.get(name, f't."{{name}}"') for name in names)
    listed = ", ".join(f'"{{name}}"' for name in names)
    session.execute(text(f"insert into {{table}} ({{listed}}) select {{values}} from {{source}}"))
def fill(session):
    last = "(select * from artifact order by id desc limit 1) t"
    key = "'study/' || i.n || '.txt'"
    session.execute(text("create temporary table first_id as select max(id) as id from artifact"))
    copy(session, "artifact", f"{{last}} cross join {{numbers}}", id="t.id + i.n", key=key, relpath=key, family=f"'key:' || {{key}}",
         uid="substr('aaaaaaaaaaaaaaaa' || i.n, length('aaaaaaaaaaaaaaaa' || i.n) - 15) || '0000'")
    number = "(a.id - first_id.id)"
    mixed = f"((cast({{number}} as bigint) * 7919) % 1000003)"
    for name, column, value in (
        ("gc", "number", f"{{number}} / 1000000.0"), ("noise", "number", f"{{mixed}} / 1000003.0"), ("reads", "integer", number),
        ("note", "text", f"'note ' || ({{number}} % 1000)"), ("cell_type", "target_id", f"{{labels['type 000']}} + {{mixed}} % 50"),
        ("half", "target_id", f"{{labels['half 0']}} + {{number}} * 2 / {count}"),
    ):
        registry = "'ULabel'" if column == "target_id" else "null"
        session.execute(text(
            f"insert into artifact_value (artifact_id, feature_id, slot, position, {{column}}, registry, created_at) "
            f"select a.id, {{features[name]}}, '', 0, {{value}}, {{registry}}, a.created_at from artifact a, first_id where a.id > first_id.id"))
    session.execute(text("analyze"))
database.transact(fill)
"""
ASK = """
count = {count}
half, one = count // 2 / 1_000_000, count // 3
def repeat(name, ask, expected=None):
    found = ask()
    assert expected is None or found == expected, (name, found, expected)
    with timed(name, per={repeats}):
        for _ in range({repeats}):
            ask()
ask = lambda **lookups: ln.Artifact.filter(**lookups)
repeat("one whole number", lambda: len(list(ask(reads=one))), 1)
repeat("a thousandth, a text: 20 newest", lambda: len(ask(note="note 7").to_dataframe(limit=20)), 20)
repeat("a fiftieth, a label: 20 newest", lambda: len(ask(cell_type="type 007").to_dataframe(limit=20)), 20)
repeat("half, anywhere: 20 newest", lambda: len(ask(noise__gt=0.5).to_dataframe(limit=20)), 20)
repeat("half, anywhere: 20 oldest", lambda: len(list(ask(noise__gt=0.5)[:20])), 20)
repeat("half, the newest: 20 newest", lambda: len(ask(gc__gt=half).to_dataframe(limit=20)), 20)
repeat("half, the newest: 20 oldest", lambda: len(list(ask(gc__gt=half)[:20])), 20)
repeat("half, a label of the oldest: 20 newest", lambda: len(ask(half="half 0").to_dataframe(limit=20)), 20)
repeat("half, a label of the oldest: 20 oldest", lambda: len(list(ask(half="half 0")[:20])), 20)
repeat("half and a fiftieth: 20 newest", lambda: len(ask(noise__gt=0.5, cell_type="type 007").to_dataframe(limit=20)), 20)
repeat("half and the other half: none", lambda: len(list(ask(gc__gt=half, half="half 0")[:20])))
repeat("not half: 20 newest", lambda: len(ln.Artifact.filter(~ln.Q(noise__gt=0.5)).to_dataframe(limit=20)), 20)
repeat("all: 20 newest", lambda: len(ask(gc__gte=0).to_dataframe(limit=20)), 20)
repeat("half: is there any", lambda: ask(noise__gt=0.5).exists(), True)
repeat("none: is there any", lambda: ask(noise__gt=2).exists(), False)
repeat("half, of a label: 20 newest with all values", lambda: len(ask(half="half 1").to_dataframe(include="features", limit=20)), 20)
repeat("a thousandth: count", lambda: ask(note="note 7").count())
repeat("half: count", lambda: ask(noise__gt=0.5).count())
"""



def measured(store: str, *, count: int, repeats: int) -> Mapping[str, Time]:
    """Seconds for each question on one store, of a process that has asked it before."""
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(stack.enter_context(server(OWN)))) if store == OWN else None
        space = Workspace(Side("lignin", Path(sys.executable), "lignin", "import lignin as ln\n"), db=url)
        stack.callback(space.remove)
        space.script(FILL.format(count=count), name="fill.py")
        times = space.script(ASK.format(count=count, repeats=repeats), name="ask.py")
        return {name: time for name, time in times.items() if name != "process"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stores", nargs="+", default=["sqlite", OWN])
    asked = parser.parse_args()
    found = {store: measured(store, count=asked.count, repeats=asked.repeats) for store in asked.stores}
    print(f"\n{asked.count:,} annotated artifacts, milliseconds on the clock (mean of {asked.repeats})\n")
    print(f"| | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for name in next(iter(found.values())):
        print(f"| {name} | {' | '.join(f'{times[name].wall * 1000:,.1f}' for times in found.values())} |")
