"""Texts and documents: json, plain texts."""

import json
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.formats.format import Format

__all__ = ["JSON", "TEXT"]


def _load_json(path: Path, **options: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), **options)
    except ValueError as e:
        raise FormatError(f"{path} is no JSON: {e}") from e


def _load_text(path: Path, **options: Any) -> str:
    return path.read_text(**{"encoding": "utf-8", **options})


def _open_file(path: Path, *, mode: str, **options: Any) -> Any:
    return path.open(mode, **options)


def _write_json(value: Any, path: Path, **options: Any) -> None:
    try:
        path.write_text(json.dumps(value, **options), encoding="utf-8")
    except TypeError as e:
        raise FormatError(f"this object can't be written as JSON: {e}") from e


JSON = Format(suffixes=(".json",), load=_load_json, open=_open_file, write=_write_json, streams=True)
TEXT = Format(
    suffixes=(".txt", ".md", ".html", ".svg", ".log", ".yaml", ".yml", ".fasta", ".fa", ".fastq", ".bed", ".gtf", ".gff", ".vcf"),
    load=_load_text,
    open=_open_file,
    streams=True,
)
