"""Files in parameters and results."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import fsspec
from prefect.assets import materialize
from upath import UPath

from prefect_lignin import flow, instrument, task


@dataclass
class Sample:
    name: str
    reads: list[Path]


@task
def count(sample: Sample, reference: str | Path, note: str, out: Path) -> Path:
    out.write_text(f"{len(sample.reads)} {Path(reference).name}")
    return out


@task
def listing(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.fq"))


@task
def same(path: Path) -> Path:
    return path


@task
def many(table) -> dict:
    Path("a.tsv").write_text("a")
    Path("b").mkdir(exist_ok=True)
    Path("b/part.tsv").write_text("b")
    return {"table": Path("a.tsv"), "parts": [Path("b")], "log": "a.tsv", "missing": Path("nowhere.tsv")}


@task
def named() -> Path:
    Path("named.txt").write_text("x")
    return "named.txt"  # a text where a path was promised


@task
def opened(handle, remote):
    return None


@task
def appended(table: Path) -> Path:
    with table.open("a") as stream:
        stream.write("more")
    return table


def written():
    Path("asset.csv").write_text("1")


@flow
def pipeline(raw: Path, config: Path, anything, workdir: Path, out: Path):
    reads = listing(raw)
    counts = count(Sample("s", reads), str(config), str(config), out)
    same(config)
    tables = many(anything)
    named()
    opened(fsspec.open("raw/one.fq"), UPath("s3://bucket/raw/two.fq"))
    appended(Path("grown.tsv"))
    asset = instrument(materialize(f"file://{Path('asset.csv').absolute()}", asset_deps=["s3://bucket/all.csv"])(written))
    asset()
    return {"counts": counts, "config": config, "tables": tables}


if __name__ == "__main__":
    Path("raw").mkdir()
    for name in ("raw/one.fq", "raw/two.fq", "config.toml", "extra.txt", "out.txt", "grown.tsv"):
        Path(name).write_text(name)
    old = time.time() - 100
    for name in ("raw/one.fq", "raw/two.fq", "config.toml", "extra.txt"):
        os.utime(name, (old, old))
    time.sleep(1.2)
    result = pipeline("raw", "config.toml", Path("extra.txt"), Path.cwd(), "out.txt")
    print(json.dumps({"counts": str(result["counts"])}))
