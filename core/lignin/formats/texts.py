"""Texts and documents: json, yaml, plain texts."""

import json
from pathlib import Path
from typing import Any

from lignin.base.errors import FormatError
from lignin.formats.format import Format, require

__all__ = ["JSON", "TEXT", "YAML"]


def _load_json(path: Path, **options: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), **options)
    except ValueError as e:
        raise FormatError(f"{path} is no JSON: {e}") from e


def _load_yaml(path: Path) -> Any:
    yaml = require("yaml", extra="yaml")
    try:
        # The safe loader makes plain values only, and no objects that a file's author could choose.
        return yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as e:
        raise FormatError(f"{path} is no YAML that can be read safely: {' '.join(str(e).split())}") from e


def _load_text(path: Path, **options: Any) -> str:
    return path.read_text(**{"encoding": "utf-8", **options})


def _open_file(path: Path, *, mode: str, **options: Any) -> Any:
    return path.open(mode, **options)


JSON = Format(suffixes=(".json",), load=_load_json, open=_open_file, streams=True)
YAML = Format(suffixes=(".yaml", ".yml"), load=_load_yaml, open=_open_file, streams=True)
TEXT = Format(
    suffixes=(".txt", ".md", ".html", ".svg", ".log", ".fasta", ".fa", ".fastq", ".bed", ".gtf", ".gff", ".vcf"),
    load=_load_text,
    open=_open_file,
    streams=True,
)
