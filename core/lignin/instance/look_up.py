"""Values looked up in a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lignin.base.errors import NotFound, UsageError
from lignin.base.texts import shown
from lignin.instance.vocabularies import InstanceRegistries, RegistryTerms
from lignin.model import Registry, Typed
from lignin.schema import LookedUp, Target, look_up_terms

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["look_up", "terms_of"]


def look_up(instance: Instance, registry: type[Registry], values: Any, *, field: Any, within: Any) -> LookedUp:
    """Which of the values are terms of a registry; see `Registry.inspect`."""
    return look_up_terms(values, terms_of(instance, registry, field=field, within=within))


def terms_of(instance: Instance, registry: type[Registry], *, field: Any, within: Any) -> RegistryTerms:
    """The terms of a field of a registry, of all its records or those of a type.

    Raises:
        UsageError: there is no such field.
        NotFound: there is no such type.
    """
    name = getattr(field, "key", field)
    if name is not None and not isinstance(name, str):
        raise UsageError(f"field is the name of a field of {registry.__name__}, not {shown(field)}")
    if isinstance(within, Registry):
        if type(within) is not registry or within.id is None or not isinstance(within, Typed) or not within.is_type:
            raise UsageError(f"type takes a saved {registry.__name__} that is a type, not {shown(within)}")
        within = within.uid
    target = Target(registry=registry.__name__, types=() if within is None else (within,), field=name)
    found = InstanceRegistries(instance).terms(target)
    if found is None:
        raise NotFound(f"there is no {registry.__name__} {within!r} that is a type. Make it one: ln.{registry.__name__}(name={within!r}, is_type=True).save()")
    return found
