"""Tables of terms that users name, for registries that are not installed here.

An artifact whose key is `vocabularies/`, a registry's name, and a table's suffix (`vocabularies/bionty.Gene.parquet`) stands for that
registry: each of its columns is a field. So who has the ids of genes in a table can check by them, and all who share the instance can.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.errors import UsageError
from lignin.base.texts import shown
from lignin.formats import format_of_suffix
from lignin.formats.texts_of_table import texts_of_table
from lignin.instance.vocabularies import InstanceRegistries
from lignin.model import Artifact, Feature
from lignin.schema import FeatureSpec, Target, Terms, Vocabulary, parse_target

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["FOLDER", "NamedTables", "as_vocabularies"]

FOLDER = "vocabularies"
"""Where the keys of tables of terms begin."""


class NamedTables:
    """The registries of an instance, and the tables of terms that stand for others.

    Args:
        instance: whose.
        tables: vocabularies for this object alone, by the text of their target, before all others.
    """

    def __init__(self, instance: Instance, *, tables: Mapping[str, Vocabulary] | None = None) -> None:
        self.registries = InstanceRegistries(instance, tables=tables)
        self._instance = instance
        self._found: dict[Target, Vocabulary | None] = {}

    def vocabulary(self, target: Target) -> Vocabulary | None:
        """The terms of a target: of a registry, else of a table that somebody named; `None` where there is neither."""
        if target not in self._found:
            found = self.registries.vocabulary(target)
            if found is None and not target.types:
                found = self._table(target)
            self._found[target] = None if found is None else _Remembering(found)
        return self._found[target]

    @property
    def missing(self) -> Collection[Target]:
        """The targets that were asked for, and that there is no registry and no table of."""
        return [target for target, found in self._found.items() if found is None]

    def features(self, names: Collection[str]) -> Mapping[str, FeatureSpec]:
        """The registered features of these names."""
        return self.registries.features(names)

    def feature_rows(self, names: Collection[str]) -> Mapping[str, Feature]:
        """Their records."""
        return self.registries.feature_rows(names)

    def _table(self, target: Target) -> Vocabulary | None:
        branches = self._instance.branches_in_sight
        named = select(Artifact).where(
            Artifact.key.in_([f"{FOLDER}/{target.registry}{suffix}" for suffix in (".parquet", ".csv", ".tsv", ".csv.gz", ".tsv.gz")]),
            Artifact.is_latest.is_(True), Artifact.branch_id.in_(branches),
        ).order_by(Artifact.id.desc()).limit(1)
        artifact = self._instance.database.read(lambda session: session.scalars(named).one_or_none())
        if artifact is None:
            return None
        return _terms(self._instance.cache(artifact, is_run_input=False), str(artifact.hash), target, artifact.suffix)


class _Remembering:
    """A vocabulary that is asked once for each text, since columns share their terms."""

    def __init__(self, inner: Vocabulary) -> None:
        self._inner = inner
        self._known: set[str] = set()
        self._asked: set[str] = set()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._inner.name

    def known(self, values: Collection[str]) -> Collection[str]:
        """Those of the values that are terms."""
        wanted = set(values)
        if new := wanted - self._asked:
            self._known.update(self._inner.known(new))
            self._asked |= new
        return wanted & self._known

    def standard(self, values: Collection[str]) -> Mapping[str, str]:
        """The terms that values are synonyms of."""
        return self._inner.standard(values)

    def near(self, values: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The nearest terms of values that are none."""
        return self._inner.near(values)

    def creation(self, values: Collection[str]) -> str | None:
        """The line of code that would register values."""
        return self._inner.creation(values)


def as_vocabularies(tables: Mapping[str, Any]) -> Mapping[str, Vocabulary]:
    """What a user names as tables: for the text of each target its terms, as a list, set, column or vocabulary.

    Raises:
        UsageError: a text names no target, or terms are no texts.
    """
    found = {}
    for text, terms in tables.items():
        target = str(parse_target(text))
        if hasattr(terms, "known") and hasattr(terms, "standard"):
            found[target] = terms
            continue
        listed = [] if isinstance(terms, str) or not hasattr(terms, "__iter__") else list(terms)
        if not listed or not all(isinstance(term, str) for term in listed):
            raise UsageError(f"tables takes for {text!r} the terms as texts in a list or column, not {shown(terms)}")
        found[target] = Terms.of(target, listed)
    return found


@lru_cache(maxsize=8)
def _terms(path: Path, content: str, target: Target, suffix: str) -> Terms | None:
    """The terms in a column of a table, by its content: what was read once is not read again."""
    known = format_of_suffix(suffix)
    assert known is not None
    field = target.field or "name"
    kept = {part.path.partition("__")[0]: part.value for part in target.filters}
    rows = texts_of_table(known, path, columns=(field, *kept), optional=("synonyms",) if field in {"name", "symbol"} else ())
    if rows is None:
        # It has no such column, or none to filter by; what can't be looked up must not pass.
        return None
    synonyms: dict[str, tuple[str, ...]] = {}
    terms = []
    for row in rows:
        term = row[field]
        if term is None or any(row[name] != value for name, value in kept.items()):
            continue
        terms.append(term)
        for other in filter(None, (part.strip() for part in (row.get("synonyms") or "").split("|"))):
            synonyms[other] = (*synonyms.get(other, ()), term)
    return Terms.of(str(target), terms, synonyms=synonyms)
