"""Keys: what may name an artifact, and what its suffix is."""

import unicodedata

from lignin.base.errors import InvalidKey
from lignin.base.texts import MAX_INDEXED, composed, problem_of_name, size_of

__all__ = ["check_key", "is_store_name", "suffix_of", "suffix_there"]

_MAX_KEY = 1024
# Endings that mean something only together with the one before them.
_OUTER = {".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4"}
_PAIRS = {".anndata.zarr", ".mudata.zarr", ".spatialdata.zarr", ".ome.zarr", ".ome.tiff", ".ome.tif", ".tar.gz"}
_STORES = (".zarr", ".tiledbsoma")
_KNOWN_INNER = {
    ".bed", ".bedgraph", ".cel", ".csv", ".embl", ".fa", ".fasta", ".fastq", ".fna", ".faa", ".fq", ".gb", ".gff",
    ".gff3", ".gtf", ".h5ad", ".json", ".jsonl", ".maf", ".mtx", ".mzml", ".nii", ".obo", ".owl", ".pdb", ".ped", ".sam",
    ".sdf", ".svg", ".tar", ".tsv", ".txt", ".vcf", ".wig", ".xml", ".yaml", ".yml",
}  # fmt: skip


def check_key(key: object) -> str:
    """A key that can be one, as it was given but in Unicode's composed form.

    Raises:
        InvalidKey: it is no text, empty, too long, absolute, steps out with `..`, looks as if it did, or holds
            characters that nobody sees.
    """
    if not isinstance(key, str):
        raise InvalidKey(f"a key is a text like 'study/counts.h5ad', not {key!r}", value=key)
    kept = composed(key)
    problem = _problem(kept)
    if problem:
        raise InvalidKey(f"{key[:80]!r} can't be a key: {problem}. A key is like 'study/counts.h5ad'.", value=key)
    return kept


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


def is_store_name(name: str) -> bool:
    """Whether a folder of this name is a store, which is one thing and no folder of files."""
    return name.endswith(_STORES)


def suffix_there(name: str, *, is_folder: bool) -> str:
    """The suffix of a path, of which a folder has some only where it is a store.

    >>> suffix_there("a/cells.zarr", is_folder=True), suffix_there("a/v1.csv", is_folder=True)
    ('.zarr', '')
    """
    return suffix_of(name) if not is_folder or is_store_name(name) else ""


def _problem(key: str) -> str | None:
    parts = key.split("/")
    # What other programs may read it as: a full-width dot or slash is one to them.
    alike = parts if key.isascii() else unicodedata.normalize("NFKC", key).split("/")
    if not key.strip():
        return "it is empty"
    if len(key) > _MAX_KEY or size_of(key) > MAX_INDEXED:
        return f"it has {len(key)} characters and {size_of(key)} bytes, {_MAX_KEY} and {MAX_INDEXED} are allowed"
    if key.startswith("/") or "://" in key:
        return "it is a path or URL; a key is relative"
    if any("\\" in part for part in (*parts, *alike)):
        return "it holds a backslash; write folders with /"
    if any(part in {"..", "."} for part in (*parts, *alike)):
        return "it steps through . or .., or looks as if it did"
    if any(not part for part in parts):
        return "it holds an empty step"
    if len(alike) != len(parts):
        return "it holds a sign that can be taken for the / between two steps"
    return problem_of_name(key)
