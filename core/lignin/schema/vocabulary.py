"""Terms that values must be among: the ports through which checks ask, and tables in memory that answer.

The checks ask with distinct values only, many at once, so that a vocabulary in a database answers in one statement.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lignin.schema.dtype import Target
from lignin.schema.feature import FeatureSpec
from lignin.schema.near import Spellings

__all__ = ["Registries", "Tables", "Terms", "Vocabulary", "feature_names"]


class Vocabulary(Protocol):
    """The terms of one field of one registry."""

    @property
    def name(self) -> str:
        """What messages call it: `ULabel`, `bionty.CellType.ontology_id`."""
        ...

    def known(self, values: Collection[str]) -> Collection[str]:
        """Those of the values that are terms, letter by letter."""
        ...

    def standard(self, values: Collection[str]) -> Mapping[str, str]:
        """For those that are a synonym of exactly one term, or one term written with other capitals: that term."""
        ...

    def near(self, values: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For those that are spelt much like terms: the nearest few of them, nearest first."""
        ...

    def creation(self, values: Collection[str]) -> str | None:
        """The line of code that would register the values as terms; `None` where the vocabulary is closed."""
        ...


class Registries(Protocol):
    """Where a schema's words are looked up."""

    def vocabulary(self, target: Target) -> Vocabulary | None:
        """The terms of a target; `None` where there is no such table here."""
        ...

    def features(self, names: Collection[str]) -> Mapping[str, FeatureSpec]:
        """The registered features of these names, by name."""
        ...


@dataclass(frozen=True)
class Terms:
    """A vocabulary in memory.

    Attributes:
        name: what messages call it.
        terms: the terms.
        synonyms: other names, each with the term or terms that it may mean.
        line: a line of code with `{}` where a list of new terms goes; `None` for a closed vocabulary.
    """

    name: str
    terms: frozenset[str]
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    line: str | None = None
    _spellings: Spellings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spellings", Spellings(terms=self.terms, synonyms=self.synonyms))

    @classmethod
    def of(cls, name: str, terms: Iterable[str], *, synonyms: Mapping[str, str | Iterable[str]] | None = None, line: str | None = None) -> "Terms":
        """A vocabulary of any iterable of terms; `synonyms` maps another name to its term, or to several."""
        meant = {other: (term,) if isinstance(term, str) else tuple(term) for other, term in (synonyms or {}).items()}
        return cls(name=name, terms=frozenset(terms), synonyms=meant, line=line)

    def known(self, values: Collection[str]) -> Collection[str]:
        """Those of the values that are terms, letter by letter."""
        return self.terms.intersection(values)

    def standard(self, values: Collection[str]) -> Mapping[str, str]:
        """For synonyms of exactly one term, and terms written with other capitals: that term."""
        return self._spellings.standard(values)

    def near(self, values: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For those that are spelt much like terms: the nearest few of them."""
        return self._spellings.near(values)

    def creation(self, values: Collection[str]) -> str | None:
        """The line of code that would register the values as terms."""
        return None if self.line is None else self.line.format(list(values))


class Tables:
    """Registries in memory: vocabularies by what stands inside `cat[…]`, and features.

    The names and synonyms of the features are the vocabulary `Feature`, unless one is given.
    """

    def __init__(self, vocabularies: Mapping[str, Vocabulary] | None = None, *, features: Iterable[FeatureSpec] = ()) -> None:
        self._features = {feature.name: feature for feature in features}
        self._vocabularies: dict[str, Vocabulary] = {"Feature": feature_names(self._features.values()), **(vocabularies or {})}

    def vocabulary(self, target: Target) -> Vocabulary | None:
        """The table that was given for a target's text; `None` without one."""
        text = str(target)
        return self._vocabularies.get("Feature" if text == "Feature.name" else text)

    def features(self, names: Collection[str]) -> Mapping[str, FeatureSpec]:
        """The features of these names."""
        return {name: self._features[name] for name in names if name in self._features}


def feature_names(features: Iterable[FeatureSpec]) -> Terms:
    """The names of features as a vocabulary, with their synonyms."""
    meant: dict[str, tuple[str, ...]] = {}
    listed = list(features)
    for feature in listed:
        for synonym in feature.synonyms:
            meant[synonym] = (*meant.get(synonym, ()), feature.name)
    return Terms(name="Feature", terms=frozenset(feature.name for feature in listed), synonyms=meant)
