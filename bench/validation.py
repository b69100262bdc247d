"""Checking a table of 1,000,000 rows by 20 columns, and an AnnData of 50,000 cells by 20,000 genes: Lignin, LaminDB and pandera.

All read the same files first; only the check is measured, and for the table also the check with the save of what it found: wall
time, CPU time, and how much the process grew at its peak.
The table has 5 whole numbers, 5 fractions (2 with gaps), 4 texts, 2 categoricals and 2 texts of 10,000 terms, truths and times.
pandera has no AnnData, and takes the terms as a list; LaminDB has them as labels in SQLite; Lignin as a set in memory.

pandera (0.35.0 was measured) gets an environment of its own, with pandas and pyarrow: --pandera-python.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from measure import Side, Workspace, options, sides

DATA = """
import sys
import numpy as np, pandas as pd, anndata as ad, scipy.sparse as sp
rng = np.random.default_rng(1)
rows, cells, genes = map(int, sys.argv[2:5])
terms = np.array([f"term number {i}" for i in range(10_000)], dtype=object)
columns = {f"i{i}": rng.integers(0, 100, rows) for i in range(5)}
for i in range(5):
    columns[f"f{i}"] = rng.normal(size=rows)
    if i < 2:
        columns[f"f{i}"][rng.random(rows) < 0.01] = np.nan
columns |= {f"s{i}": [f"sample {k}" for k in rng.integers(0, 50_000, rows)] for i in range(4)}
columns |= {f"c{i}": pd.Categorical.from_codes(rng.integers(0, 10_000, rows), terms) for i in range(2)}
columns |= {f"t{i}": terms[rng.integers(0, 10_000, rows)] for i in range(2)}
columns["b"] = rng.random(rows) < 0.5
columns["d"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="h")
pd.DataFrame(columns).to_parquet(f"{sys.argv[1]}/table.parquet", row_group_size=100_000)
obs = pd.DataFrame({f"c{i}": pd.Categorical.from_codes(rng.integers(0, 200, cells), terms[:200]) for i in range(3)}, index=[f"cell {i}" for i in range(cells)])
var = pd.DataFrame(index=[f"ENSG{i:011d}" for i in range(genes)])
ad.AnnData(sp.random(cells, genes, density=0.001, format="csr", dtype="float32", rng=1), obs=obs, var=var).write_h5ad(f"{sys.argv[1]}/cells.h5ad")
"""

TIMED = """
import contextlib, json, resource, threading, time
def resident():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize()
measured = {}
@contextlib.contextmanager
def timed(name):
    peak, done = [resident()], threading.Event()
    def watch():
        while not done.wait(0.005):
            peak.append(max(peak[-1], resident()))
    before = resident()
    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    done.set(); watcher.join()
    measured[name] = {"wall": wall, "cpu": cpu, "mb": (max(*peak, resident()) - before) / 2**20}
terms = [f"term number {i}" for i in range(10_000)]
KINDS = {"i": "int", "f": "float", "s": "str", "c": "cat[ULabel]", "t": "cat[ULabel]", "b": "bool", "d": "datetime"}
"""

LIGNIN = """
import sys, pandas as pd, anndata as ad, polars as pl, pyarrow.parquet as pq
from lignin.schema import *
folder = sys.argv[1]
registries = Tables({"ULabel": Terms.of("ULabel", terms), "Gene": Terms.of("Gene", [f"ENSG{i:011d}" for i in range(60_000)])})
def features(names):
    return tuple(FeatureSpec(name=name, dtype=KINDS[name[0]]) for name in names)
table = pd.read_parquet(f"{folder}/table.parquet")
schema = SchemaSpec(features=features(table.columns))
check(table[:10], schema, registries=registries)
with timed("table, pandas"):
    assert check(table, schema, registries=registries).ok
del table
with timed("table, parquet in pieces (reading included)"):
    assert check_batches(pq.ParquetFile(f"{folder}/table.parquet").iter_batches(100_000), schema, registries=registries).ok
table = pl.read_parquet(f"{folder}/table.parquet")
with timed("table, polars"):
    assert check(table, schema, registries=registries).ok
cells = ad.read_h5ad(f"{folder}/cells.h5ad")
schema = SchemaSpec(slots={"obs": SchemaSpec(features=features(cells.obs.columns)), "var.T": SchemaSpec(itype="Gene", maximal_set=True)})
with timed("AnnData"):
    assert check(cells, schema, registries=registries).ok
del cells
import os, tempfile, lignin as ln
os.chdir(tempfile.mkdtemp(dir=folder))
ln.init(".")
ln.ULabel.from_values(terms, create=True).save()
table = pd.read_parquet(f"{folder}/table.parquet")
schema = ln.Schema([ln.Feature(name=name, dtype=KINDS[name[0]]).save() for name in table.columns]).save()
with timed("table, saved without a schema"):
    ln.Artifact.from_dataframe(table[1:], key="a.parquet").save()
with timed("table, checked and saved"):
    ln.Artifact.from_dataframe(table, key="b.parquet", schema=schema).save()
print(json.dumps(measured))
"""

PANDERA = """
import sys, pandas as pd, pandera.pandas as pa
table = pd.read_parquet(f"{sys.argv[1]}/table.parquet")
types = {"i": "int64", "f": "float64", "s": str, "c": "category", "t": str, "b": bool, "d": "datetime64[ns]"}
table["d"] = table.d.astype("datetime64[ns]")
schema = pa.DataFrameSchema({
    name: pa.Column(types[name[0]], pa.Check.isin(terms) if name[0] in "ct" else None, nullable=True) for name in table.columns
})
schema.validate(table[:10], lazy=True)
with timed("table, pandas"):
    schema.validate(table, lazy=True)
print(json.dumps(measured))
"""

LAMINDB = """
import sys, pandas as pd, anndata as ad
folder = sys.argv[1]
table = pd.read_parquet(f"{folder}/table.parquet")
# As it wants them: texts of terms are categoricals.
table = table.astype({"t0": "category", "t1": "category"})
cells = ad.read_h5ad(f"{folder}/cells.h5ad")
cells.X = cells.X.tocsr()
ln.settings.creation.search_names = False
# Rows like a saved label's, since constructing 30,000 objects asks the database 60,000 times.
from django.db import connection
model = ln.ULabel(name=terms[0]).save()
with connection.cursor() as cursor:
    cursor.execute("SELECT * FROM lamindb_ulabel WHERE id = %s", [model.id])
    names, row = [column[0] for column in cursor.description], cursor.fetchone()
    rows = []
    for number, label in enumerate([*terms[1:], *cells.var_names]):
        values = dict(zip(names, row)) | {"id": 1000 + number, "uid": f"b{number:07d}", "name": label}
        rows.append(list(values.values()))
    cursor.executemany(f"INSERT INTO lamindb_ulabel VALUES ({', '.join(['%s'] * len(names))})", rows)
def features(names):
    kinds = {"int": int, "float": float, "str": str, "cat[ULabel]": ln.ULabel, "bool": bool, "datetime": "datetime"}
    return [ln.Feature(name=name, dtype=kinds[KINDS[name[0]]]).save() for name in names]
schema = ln.Schema(features=features(table.columns)).save()
with timed("table, pandas"):
    ln.curators.DataFrameCurator(table, schema).validate()
with timed("table, saved without a schema"):
    ln.Artifact.from_dataframe(table[1:], key="a.parquet").save()
with timed("table, checked and saved"):
    ln.Artifact.from_dataframe(table, key="b.parquet", schema=schema).save()
obs = ln.Schema(features=features(cells.obs.columns)).save()
var = ln.Schema(itype=ln.ULabel.name, dtype=float).save()
schema = ln.Schema(otype="AnnData", slots={"obs": obs, "var.T": var}).save()
with timed("AnnData"):
    ln.curators.AnnDataCurator(cells, schema).validate()
print(json.dumps(measured))
"""


def measure(python: Path, body: str, folder: Path, space: Workspace | None, environment: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Run a script in a fresh interpreter; it prints what it measured in its last line."""
    script = folder / "script.py"
    script.write_text(TIMED + body)
    done = subprocess.run(
        [python, "-W", "ignore", script, folder], cwd=space.folder if space else folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{python} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def once(side: Side, folder: Path) -> dict[str, dict[str, float]]:
    """One turn of one system."""
    match side.name:
        case "lignin":
            return measure(side.python, LIGNIN, folder, None, {})
        case "pandera":
            return measure(side.python, PANDERA, folder, None, {})
        case _:
            space = Workspace(side)
            try:
                return measure(side.python, side.prelude + LAMINDB, folder, space, {"HOME": str(space.home)})
            finally:
                space.remove()


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--pandera-python", type=Path, default=os.environ.get("PANDERA_PYTHON"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=20_000)
    arguments = parser.parse_args()
    systems = sides(arguments)
    if arguments.pandera_python and arguments.only != "lamindb":
        systems.append(Side("pandera", Path(arguments.pandera_python), "", ""))
    with tempfile.TemporaryDirectory(prefix="bench-validation-") as name:
        sizes = [str(arguments.rows), str(arguments.cells), str(arguments.genes)]
        subprocess.run([str(arguments.lignin_python), "-W", "ignore", "-c", DATA, name, *sizes], check=True)
        turns = {system.name: [] for system in systems}
        for _ in range(arguments.runs):
            for system in systems:
                turns[system.name].append(once(system, Path(name)))
    print(f"\nValidation (medians of {arguments.runs}, load {os.getloadavg()[0]:.1f})\n\n| | system | wall | CPU | memory |\n|---|---|---|---|---|")
    for system, times in turns.items():
        for label in times[0]:
            wall, cpu, mb = (statistics.median(turn[label][what] for turn in times) for what in ("wall", "cpu", "mb"))
            print(f"| {label} | {system} | {wall:.3f} s | {cpu:.3f} s | {mb:+.0f} MB |")
