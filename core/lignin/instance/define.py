"""Features and schemas as people define them: looked at when they are constructed, stored when they are saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.base.texts import shown
from lignin.instance.named_features import meant_features, the_meant
from lignin.instance.specs import feature_spec, schema_spec, spec_of, split_synonyms
from lignin.model import REGISTRIES, Artifact, Feature, Registry, Run, Schema
from lignin.schema import Categorical, Dtype, Filter, ListOf, dtype_of, parse_dtype, parse_slot
from lignin.schema.values import convert

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["define_feature", "define_schema", "features_of"]

_FLAGS = ("minimal_set", "maximal_set", "ordered_set", "flexible", "coerce")


def define_feature(record: Feature, options: Mapping[str, Any]) -> None:
    """Fill a new feature from what it was made of.

    Raises:
        UsageError: it has no dtype, or one that is none; or its default is none of its values.
    """
    dtype, filters = options["dtype"], options["cat_filters"]
    if record.is_type:
        if dtype is not None:
            raise UsageError(f"the feature {shown(record.name)} is a type: it groups features, and has no dtype. Leave dtype out, or is_type.")
        return
    if dtype is None:
        raise UsageError(f"the feature {shown(record.name)} needs a dtype: what its values are, such as float, str, 'cat[ULabel]' or ln.ULabel.")
    found = dtype_of(dtype)
    record.dtype = str(_filtered(found, filters) if filters else found)
    synonyms = options["synonyms"]
    if synonyms is not None:
        names = split_synonyms(synonyms) if isinstance(synonyms, str) else tuple(synonyms)
        if unfit := [name for name in names if not isinstance(name, str) or "|" in name or not name.strip()]:
            raise UsageError(f"{shown(unfit[0])} can't be a synonym: it is a name, without '|'.")
        record.synonyms = "|".join(dict.fromkeys(name.strip() for name in names)) or None
    default = options["default_value"]
    if default is not None:
        # Looked at as a value of the feature, and kept as JSON has it.
        with suppress(ValueError):
            default = convert(default, parse_dtype(record.dtype))
        spec = replace(feature_spec(record), default=default)
        record.default_value = spec.default.isoformat() if isinstance(spec.default, date | datetime) else spec.default
    feature_spec(record)
    if record.name in {*Artifact.fields(), *Artifact.relations(), *Run.fields()}:
        say("•", f"{record.name!r} is a field of artifacts or runs too; to ask for the feature's values write filter(feature == …)")


def define_schema(instance: Instance, record: Schema, options: Mapping[str, Any]) -> None:
    """Fill a new schema from what it was made of.

    Raises:
        UsageError: its members contradict each other, or are not saved.
    """
    features, slots, index = options["features"], options["slots"], options["index"]
    if record.is_type:
        if features or slots or index is not None or options["itype"] is not None:
            raise UsageError(f"the schema {shown(record.name)} is a type: it groups schemas, and checks nothing. Leave its features out, or is_type.")
        return
    if index is not None and (not isinstance(index, Feature) or index.id is None):
        raise UsageError(f"index takes a saved ln.Feature, not {shown(index)}")
    itype, dtype = options["itype"], options["dtype"]
    record.itype = None if itype is None else _identifiers(itype)
    record.dtype = None if dtype is None else str(dtype_of(dtype))
    record.otype = options["otype"]
    for name in _FLAGS:
        value = options[name]
        if value is not None and not isinstance(value, bool):
            raise UsageError(f"{name} is True or False, not {shown(value)}")
        setattr(record, name, value if name == "flexible" else bool(value))
    # Those that were inferred from data may not be registered yet.
    members = options["inferred"] or features_of(instance, features or ())
    parts = _parts(slots or {})
    if parts and (members or record.itype or index is not None):
        raise UsageError("a schema with slots has its features in them. Put features, itype and index into the schema of a slot.")
    if not (members or parts or record.itype or index is not None):
        raise UsageError("a schema needs something to check: features=[…], slots={…}, itype=… or index=…")
    specs = {slot: spec_of(instance, part) for slot, part in parts.items()}
    spec = schema_spec(record, members=members, index=index, slots=specs)
    record.hash = spec.content_id
    record.n_members = len(members) if members or not parts else None
    if index is not None:
        record.index = index
    record.__dict__.update(_spec=spec, _members=members, _slots=parts)


def features_of(instance: Instance, listed: Iterable[Any]) -> Sequence[tuple[Feature, bool]]:
    """The features that somebody lists, as records or by name, each with whether it may be absent.

    Raises:
        UsageError: one is not saved or not registered, or a name means several.
    """
    if isinstance(listed, str | Registry) or not isinstance(listed, Iterable):
        raise UsageError(f"features is a list of ln.Feature records or names, not {shown(listed)}")
    given = [_member(entry) for entry in listed]
    names = [feature for feature, _ in given if isinstance(feature, str)]
    known = meant_features(instance, names) if names else {}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"there is no feature {unknown[0]!r}. Register it first: ln.Feature(name={unknown[0]!r}, dtype=…).save()")
    return tuple((the_meant(feature, known[feature]) if isinstance(feature, str) else feature, is_optional) for feature, is_optional in given)


def _member(entry: Any) -> tuple[Any, bool]:
    feature, config = entry if isinstance(entry, tuple) and len(entry) == 2 else (entry, {})
    if isinstance(feature, Feature) and feature.id is None:
        raise UsageError(f"the feature {feature.name!r} is not saved yet. Save it first: feature.save()")
    if not isinstance(feature, str | Feature) or not isinstance(config, Mapping) or config.keys() - {"optional"}:
        raise UsageError(f"features is a list of ln.Feature records, names, or feature.with_config(optional=True), not of {shown(entry)}")
    return feature, bool(config.get("optional", False))


def _parts(slots: Any) -> Mapping[str, Schema]:
    if not isinstance(slots, Mapping):
        raise UsageError(f"slots is a dict from a slot such as 'obs' to a schema, not {shown(slots)}")
    for slot, part in slots.items():
        parse_slot(slot)
        if not isinstance(part, Schema) or part.id is None:
            raise UsageError(f"the slot {slot!r} takes a saved ln.Schema, not {shown(part)}")
    return dict(slots)


def _identifiers(itype: Any) -> str:
    """What column names are identifiers of, as the dtype language writes it."""
    found = dtype_of(f"cat[{itype}]" if isinstance(itype, str) and not itype.startswith("cat[") else itype)
    if not isinstance(found, Categorical) or len(found.targets) != 1:
        raise UsageError(f"itype is a registry or one of its fields, such as ln.Feature or 'bionty.Gene.ensembl_gene_id', not {shown(itype)}")
    return str(found.targets[0])


def _filtered(dtype: Dtype, filters: Any) -> Dtype:
    """A dtype of labels with conditions on them, as a user gives them: `{"source": record, "is_type": True}`."""
    if isinstance(dtype, ListOf):
        return ListOf(item=_filtered(dtype.item, filters))
    if not isinstance(dtype, Categorical) or not dtype.targets or not isinstance(filters, Mapping):
        raise UsageError(f"cat_filters is a dict of conditions on labels, for a dtype of a registry; not {shown(filters)} for {dtype}")
    more = tuple(Filter(path=f"{path}__uid", value=value.uid) if isinstance(value, Registry) else Filter(path=str(path), value=str(value)) for path, value in filters.items())
    for target in dtype.targets:
        if (registry := REGISTRIES.get(target.registry)) is None:
            continue
        for part in more:
            first = part.path.partition("__")[0]
            if first not in registry.fields() and first not in registry.relations():
                raise UsageError(f"{target.registry} has no field {first!r} to filter by")
    return Categorical(targets=tuple(replace(target, filters=(*target.filters, *more)) for target in dtype.targets))
