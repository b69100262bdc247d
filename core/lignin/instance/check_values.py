"""What somebody says of a record, checked against the registered features: all problems at once, before anything is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lignin.base.errors import UsageError
from lignin.base.texts import shown
from lignin.instance.feature_values import Row, encode, innermost
from lignin.instance.named_features import meant_features, the_meant
from lignin.instance.named_tables import NamedTables
from lignin.instance.specs import feature_spec
from lignin.instance.told_dtypes import told_dtypes
from lignin.instance.vocabularies import RegistryTerms
from lignin.model import Feature, Registry
from lignin.schema import (
    Categorical,
    FeatureSpec,
    Problem,
    ProblemKind,
    Report,
    SchemaSpec,
    Target,
    Vocabulary,
    check_annotation,
)
from lignin.schema.values import is_list, plain

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Said", "by_name", "check_values", "external_values", "find_features"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A feature and what is said of it.

    Attributes:
        feature: the record of the feature.
        spec: what its values must be.
        rows: the rows of the value; none where it is missing.
    """

    feature: Feature
    spec: FeatureSpec
    rows: tuple[Row, ...]


def check_values(instance: Instance, values: Mapping[Any, Any]) -> tuple[Said, ...]:
    """Values by feature, or name of one, as rows; a value is one of the feature's dtype, the record of a term, or several in a list.

    Raises:
        ValidationError: a feature or term is unknown, or a value is not what its feature says; the report names every one, and the code that mends it.
        UsageError: this is no mapping from features to values, or a value that no row can hold.
    """
    _check_mapping(values)
    asked = _Asked(instance)
    found = find_features(instance, values)
    given = {key: _plainly(value) for key, value in values.items()}
    problems = [problem for key, feature in found.items() for problem in _strange_records(asked, feature_spec(feature), given[key])]
    terms: dict[Any, Mapping[str, tuple[str, int]]] = {}
    for part in _apart(found, given):
        report = _check(asked, found, {key: _without_records(given[key]) for key in part})
        problems += report.problems
    if problems:
        Report(problems=tuple(problems), checked=report.checked).raise_problems()
    for key, feature in found.items():
        terms[key] = asked.terms(feature_spec(feature))
    return tuple(Said(feature=f, spec=(spec := feature_spec(f)), rows=encode(spec, given[key], terms=terms[key])) for key, f in found.items())


def find_features(instance: Instance, keys: Collection[Any]) -> Mapping[Any, Feature]:
    """The features that keys name, or are; those that are unknown are left out.

    Raises:
        UsageError: a key is neither, or means several features, or a feature is meant twice.
    """
    for key in keys:
        if isinstance(key, Feature) and key.id is None:
            raise UsageError(f"save the feature {key.name!r} before you give it values: feature.save()")
        if not isinstance(key, Feature | str):
            raise UsageError(f"values are given by feature, or by the name of one, not by {shown(key)}")
    named = {name: the_meant(name, rows) for name, rows in meant_features(instance, [key for key in keys if isinstance(key, str)]).items()}
    found: dict[Any, Feature] = {}
    for key in keys:
        feature = named.get(key) if isinstance(key, str) else key
        if feature is None:
            continue
        if any(other.id == feature.id for other in found.values()):
            raise UsageError(f"the feature {feature.name!r} is given twice, by its name and as a record. Give it once.")
        found[key] = feature
    return found


def by_name(values: Mapping[Any, Any]) -> dict[Any, Any]:
    """Values by the names of features, with records as the terms that they are: as schemas are checked.

    Raises:
        UsageError: this is no mapping.
    """
    _check_mapping(values)
    return {key.name if isinstance(key, Feature) else key: _as_term(value) for key, value in values.items()}


def external_values(values: Mapping[Any, Any] | None) -> Mapping[str, Any] | None:
    """What is said of a whole dataset, if anything, for the part `__external__` of a schema."""
    return None if values is None else by_name(values)


def _check_mapping(values: object) -> None:
    if not isinstance(values, Mapping):
        raise UsageError(f"values are given by feature, {{'name': value}}, not as {shown(values)}")


def _as_term(value: Any) -> Any:
    if isinstance(value, Registry):
        return getattr(value, value.label)
    return [_as_term(inner) for inner in value] if is_list(value) and any(isinstance(inner, Registry) for inner in value) else value


def _check(asked: _Asked, found: Mapping[Any, Feature], values: Mapping[Any, Any]) -> Report:
    """One value for each name. What is no registered feature is refused."""
    asked.specs = {feature.name: feature_spec(feature) for key, feature in found.items() if key in values}
    named = {found[key].name if key in found else key: value for key, value in values.items() if value is not _ONLY_RECORDS}
    return check_annotation(named, SchemaSpec(maximal_set=True), registries=asked) if named else Report()


def _apart(found: Mapping[Any, Feature], values: Mapping[Any, Any]) -> Sequence[Sequence[Any]]:
    """The keys, those of features of one name apart from each other."""
    parts: list[dict[str, Any]] = [{}]
    for key in values:
        name = found[key].name if key in found else key
        part = next((part for part in parts if name not in part), None)
        if part is None:
            parts.append(part := {})
        part[name] = key
    return [list(part.values()) for part in parts]


class _Asked:
    """The registries, which remember the features that are meant, and the id of every term that was asked for."""

    def __init__(self, instance: Instance) -> None:
        self.registries = NamedTables(instance)
        self._instance = instance
        self.specs: Mapping[str, FeatureSpec] = {}
        self._vocabularies: dict[Target, _Remembered] = {}

    def vocabulary(self, target: Target) -> Vocabulary | None:
        """The terms of a target."""
        if target not in self._vocabularies:
            found = self.registries.registries.terms(target)
            if found is None:
                return self.registries.vocabulary(target)
            self._vocabularies[target] = _Remembered(found)
        return self._vocabularies[target]

    def features(self, names: Collection[str]) -> Mapping[str, FeatureSpec]:
        """The features that are meant."""
        return {name: self.specs[name] for name in names if name in self.specs}

    def told(self, feature: FeatureSpec) -> str:
        """A feature's dtype for people."""
        dtype = str(feature.dtype)
        return self._instance.database.read(lambda session: told_dtypes(session, [dtype]))[dtype]

    def terms(self, feature: FeatureSpec) -> Mapping[str, tuple[str, int]]:
        """The terms of a feature that were met, the first target's before others'."""
        found: dict[str, tuple[str, int]] = {}
        for target in reversed(_targets(feature)):
            vocabulary = self._vocabularies.get(target)
            found.update({} if vocabulary is None else vocabulary.ids)
        return found


class _Remembered:
    """The terms of a registry, with the ids of those that were met."""

    def __init__(self, terms: RegistryTerms) -> None:
        self.inner = terms
        self.ids: dict[str, tuple[str, int]] = {}
        self.name, self.standard, self.near, self.creation = terms.name, terms.standard, terms.near, terms.creation

    def known(self, values: Collection[str]) -> Collection[str]:
        """Those of the values that are terms."""
        found = self.inner.ids(values)
        self.ids.update(found)
        return set(found)


_ONLY_RECORDS = object()


def _plainly(value: Any) -> Any:
    """A value with arrays, series and query sets as lists."""
    value = plain(value)
    if hasattr(value, "selected_ids"):
        return list(value)
    return value.tolist() if is_list(value) and hasattr(value, "tolist") else value


def _without_records(value: Any) -> Any:
    """What of a value has to be looked up."""
    if isinstance(value, Registry):
        return _ONLY_RECORDS
    if not is_list(value) or not any(isinstance(inner, Registry) for inner in value):
        return value
    return [inner for inner in value if not isinstance(inner, Registry)] or _ONLY_RECORDS


def _strange_records(asked: _Asked, feature: FeatureSpec, value: Any) -> Sequence[Problem]:
    """Records that are no terms of the feature."""
    given = [inner for inner in (value if is_list(value) else [value]) if isinstance(inner, Registry)]
    if not given:
        return ()
    accepted: set[tuple[str, int]] = set()
    for target in _targets(feature):
        ids = [record.id for record in given if type(record).__name__ == target.registry and record.id is not None]
        terms = asked.registries.registries.terms(target) if ids else None
        if terms is not None:
            accepted |= {(target.registry, own) for own in terms.among(ids)}
    strange = [record for record in given if record.id is not None and (type(record).__name__, record.id) not in accepted]
    if not strange:
        return ()
    few = tuple((f"{type(r).__name__} {getattr(r, r.label, None) or r.uid}", 0) for r in strange[:5])
    dtype = asked.told(feature)
    message = f"{len(strange):,} of {len(given):,} records {'is none' if len(strange) == 1 else 'are none'} of {dtype}"
    return (Problem(kind=ProblemKind.UNKNOWN_TERMS, message=message, column=feature.name, count=len(strange), of=len(given), examples=few),)


def _targets(feature: FeatureSpec) -> tuple[Target, ...]:
    inner = innermost(feature.dtype)
    return inner.targets if isinstance(inner, Categorical) else ()
