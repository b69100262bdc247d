"""Schemas by name: those that people saved, and those that come with Lignin, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lignin.base.errors import NotFound, UsageError
from lignin.base.texts import shown
from lignin.instance.save_schema import save_schema
from lignin.instance.vocabularies import InstanceRegistries
from lignin.model import Feature, Schema
from lignin.schema import infer_schema

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["BUILT_IN", "find_schema", "inferred_features", "inferred_schema"]

_GENES = "bionty.Gene.ensembl_gene_id"
BUILT_IN = ("valid_features", "ensembl_gene_ids_and_valid_features_in_obs")
"""The schemas that come with Lignin: columns are checked against the features of their names; the same for `obs`, and genes by Ensembl's ids."""


def find_schema(instance: Instance, given: Any) -> Schema:
    """A saved schema, from itself or its name.

    Raises:
        NotFound: there is none of this name.
        UsageError: it is neither a saved schema nor a name.
    """
    if isinstance(given, Schema) and given.id is not None and not given.is_type:
        return given
    if not isinstance(given, str):
        raise UsageError(f"schema takes a saved ln.Schema or the name of one, not {shown(given)}")
    branches = instance.branches_in_sight
    named = select(Schema).where(Schema.name == given, Schema.is_type.is_(False), Schema.branch_id.in_(branches)).order_by(Schema.type_id.is_not(None))
    found = instance.database.read(lambda session: session.scalars(named.limit(2)).all())
    if len(found) > 1 and found[0].type_id is not None:
        raise UsageError(f"there are several schemas {given!r}, in several types. Give the record: ln.Schema.get(uid)")
    if found:
        return found[0]
    if given not in BUILT_IN:
        raise NotFound(f"there is no schema {given!r}. Those that come with Lignin are {', '.join(BUILT_IN)}; list yours with: lignin list schema")
    made = Schema(itype=Feature, name=given) if given == BUILT_IN[0] else _of_cells(instance, given)
    save_schema(instance, made)
    return made


def inferred_features(instance: Instance, data: Any, *, dtypes: Mapping[str, Any], type: Feature | None = None) -> list[Feature]:  # noqa: A002 - as the field
    """A feature for each column of a frame or key of a dictionary: the registered one of its name, or a new, unsaved one of the dtype that shows."""
    spec = infer_schema(data, dtypes=dtypes)
    if spec.slots:
        raise UsageError("features are those of one table: give obs or var of this object.")
    known = {} if type is not None else InstanceRegistries(instance).feature_rows([feature.name for feature in spec.features])
    return [known.get(feature.name) or Feature(name=feature.name, dtype=feature.dtype, type=type) for feature in spec.features]


def inferred_schema(instance: Instance, data: Any, *, name: str | None, dtypes: Mapping[str, Any]) -> Schema:
    """An unsaved schema that a table satisfies; its features that are not registered yet are saved with it."""
    features = inferred_features(instance, data, dtypes=dtypes)
    return Schema(name=name, _inferred=[(feature, False) for feature in features])


def _of_cells(instance: Instance, name: str) -> Schema:
    genes = Schema(itype=_GENES)
    save_schema(instance, genes)
    return Schema(name=name, otype="AnnData", slots={"obs": find_schema(instance, BUILT_IN[0]), "var.T": genes})
