"""Keys: what may name an artifact, and what its suffix is."""

import unicodedata

from lignin.base.errors import InvalidKey

__all__ = ["check_key", "suffix_of"]

_MAX_KEY = 1024
# Endings that mean something only together with the one before them.
_OUTER = {".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4"}
_PAIRS = {".anndata.zarr", ".mudata.zarr", ".spatialdata.zarr", ".ome.zarr", ".ome.tiff", ".ome.tif", ".tar.gz"}
_KNOWN_INNER = {
    ".bed", ".bedgraph", ".cel", ".csv", ".embl", ".fa", ".fasta", ".fastq", ".fna", ".faa", ".fq", ".gb", ".gff",
    ".gff3", ".gtf", ".h5ad", ".json", ".jsonl", ".maf", ".mtx", ".mzml", ".nii", ".obo", ".owl", ".pdb", ".ped", ".sam",
    ".sdf", ".svg", ".tar", ".tsv", ".txt", ".vcf", ".wig", ".xml", ".yaml", ".yml",
}  # fmt: skip


def check_key(key: object) -> str:
    """A key that can be one, as it was given.

    Raises:
        InvalidKey: it is no text, empty, too long, absolute, steps out with `..`, or holds control
            characters.
    """
    if not isinstance(key, str):
        raise InvalidKey(f"a key is a text like 'study/counts.h5ad', not {key!r}", value=key)
    problem = _problem(key)
    if problem:
        raise InvalidKey(f"{key[:80]!r} can't be a key: {problem}. A key is like 'study/counts.h5ad'.", value=key)
    return key


def suffix_of(name: str) -> str:
    """The suffix of a path or key, composite where it means something: `.fastq.gz`, `.anndata.zarr`.

    >>> suffix_of("reads/a.b.fastq.gz"), suffix_of("v1.2/folder"), suffix_of(".hidden")
    ('.fastq.gz', '', '')
    """
    last = name.rstrip("/").rsplit("/", 1)[-1].lstrip(".")
    parts = last.split(".")[1:]
    if not parts or not parts[-1] or not parts[-1].isascii() or not parts[-1].isalnum() or parts[-1].isdigit():
        return ""
    suffix = "." + parts[-1]
    if len(parts) > 1:
        inner = "." + parts[-2]
        if inner.lower() + suffix.lower() in _PAIRS or (suffix.lower() in _OUTER and inner.lower() in _KNOWN_INNER):
            return inner + suffix
    return suffix


def _problem(key: str) -> str | None:
    parts = key.split("/")
    if not key.strip():
        return "it is empty"
    if len(key) > _MAX_KEY:
        return f"it has {len(key)} characters, {_MAX_KEY} are allowed"
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in key):
        return "it holds control characters"
    if key.startswith("/") or "://" in key:
        return "it is a path or URL; a key is relative"
    if "\\" in key:
        return "it holds a backslash; write folders with /"
    if any(part in {"..", "."} for part in parts):
        return "it steps through . or .."
    if any(not part for part in parts):
        return "it holds an empty step"
    return None if key == key.strip() else "it begins or ends with white space"
