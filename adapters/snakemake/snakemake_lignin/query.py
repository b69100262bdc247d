"""What stands in `storage.lignin("…")`: a key of the registry, and maybe one of its versions. Knows no Snakemake."""

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["SCHEME", "Query", "problem_of"]

SCHEME = "lignin://"
_VERSION = re.compile(r"^(?P<key>.*)\?version=(?P<version>[^?/]+)$", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """An artifact by its name.

    Attributes:
        key: its key; with wildcards where a rule has some.
        version: one version for good: its uid, its tag or the uid's last four characters; `None` means the latest.
    """

    key: str
    version: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a query, with or without the scheme.

        >>> str(Query.parse("study/counts.h5ad")), Query.parse("lignin://a.csv?version=0001").version
        ('lignin://study/counts.h5ad', '0001')
        """
        rest = text.removeprefix(SCHEME)
        found = _VERSION.match(rest)
        return cls(key=rest) if found is None else cls(key=found["key"], version=found["version"])

    def __str__(self) -> str:
        """The form that Snakemake's metadata and messages have."""
        return f"{SCHEME}{self.key}" + (f"?version={self.version}" if self.version else "")


def problem_of(text: str) -> str | None:
    """Why a text can't be a query; `None` where it can."""
    query = Query.parse(text)
    parts = query.key.split("/")
    if "://" in query.key:
        return "a query is a key such as 'study/counts.h5ad', not the address of another storage"
    if not query.key or not all(parts):
        return "a key is not empty, is relative, and has no empty step"
    if {"..", "."} & set(parts):
        return "a key does not step through . or .."
    return None
