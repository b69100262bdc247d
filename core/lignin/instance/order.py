"""The order of records: by their fields, and by their values of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lignin.base.errors import UnknownField
from lignin.instance.feature_conditions import values_to_order
from lignin.model import VALUES, Descending, Feature, Registry

if TYPE_CHECKING:
    from lignin.instance.known_features import KnownFeatures

__all__ = ["order_terms"]


def order_terms(registry: type[Registry], field: Any, *, features: KnownFeatures) -> Sequence[Any]:
    """What SQL orders by for a field, `-field`, a feature, or `-feature`.

    Raises:
        UnknownField: there is no such one.
    """
    name = field.removeprefix("-") if isinstance(field, str) else field
    descending = isinstance(field, Descending) or (isinstance(field, str) and field.startswith("-"))
    if isinstance(name, str) and name in registry.fields():
        column = getattr(registry, name)
        return (column.desc() if descending else column.asc(),)
    feature = field.feature if isinstance(field, Descending) else field if isinstance(field, Feature) else None
    if feature is None and isinstance(name, str) and registry.__name__ in VALUES:
        feature = features.named([name]).get(name)
    if feature is None or registry.__name__ not in VALUES:
        raise UnknownField(f"{registry.__name__} has no field {name!r} to order by", field=str(name), known=registry.fields())
    value = values_to_order(registry, feature, descending=descending)
    return (value.is_(None).asc(), value.desc() if descending else value.asc())
