"""Sheets of records: a frame of five features checked and stored, and read again, as a user would.

A number, a whole number, a text that differs in each row, a date and one of 50 labels, under a schema, with names. The memory is what the
process grew by at its peak, and is printed beside the import. LaminDB gets as many rows; `--only lignin --rows 100000` shows Lignin alone.
"""

from measure import Time, Workspace, compare, options

SHEET = """
import datetime, resource
import numpy as np, pandas as pd
n, rng = {rows}, np.random.default_rng(1)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
df = pd.DataFrame({{
    "dose": rng.normal(size=n), "cells": rng.integers(0, 1000, n), "note": [f"note of row {{i}}" for i in range(n)],
    "day": [datetime.date(2025, 1, 1) + datetime.timedelta(days=int(i)) for i in rng.integers(0, 300, n)],
    "drug": [f"drug number {{i}}" for i in rng.integers(0, 50, n)], "__{package}_record_name__": [f"sample {{i}}" for i in range(n)],
}})
ln.save([ln.ULabel(name=f"drug number {{i}}") for i in range(50)])
features = [ln.Feature(name=name, dtype=dtype).save() for name, dtype in zip(df.columns, (float, int, str, datetime.date, ln.ULabel))]
sheet = ln.Record(name="Samples", is_type=True, schema=ln.Schema(features, name="samples").save()).save()
before = peak()
with timed("check and store"):
    ln.Record.from_dataframe(df, type=sheet).save()
_times["memory of that, in MB for s"] = (peak() - before, peak() - before)
with timed("read"):
    out = sheet.to_dataframe()
assert len(out) == n, len(out)
with timed("one record with five values"):
    ln.Record(name="one more", type=sheet, features={{"dose": 0.5, "cells": 3, "note": "x", "day": datetime.date(2025, 1, 1), "drug": "drug number 7"}}).save()
"""


def task(space: Workspace, *, rows: int) -> dict[str, Time]:
    times = space.script(SHEET.format(rows=rows, package=space.side.name))
    return {name: time for name, time in times.items() if name != "process"}


if __name__ == "__main__":
    parser = options(__doc__, runs=1)
    parser.add_argument("--rows", type=int, default=5_000)
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, rows=arguments.rows), title=f"A sheet of {arguments.rows:,} rows by 5 features", warm=False)
