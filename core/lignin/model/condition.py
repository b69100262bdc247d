"""Conditions on records, as values: what a query is asked, before it becomes SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Never, Self

from lignin.base.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lignin.model.feature import Feature

__all__ = ["Descending", "Predicate", "Q"]


class Q:
    """A condition that combines with `&`, `|` and `~`.

    >>> Q(suffix=".h5ad") | ~Q(size__gt=1_000_000)
    (Q(suffix='.h5ad') | ~Q(size__gt=1000000))
    """

    def __init__(self, *parts: Q, **lookups: Any) -> None:
        for part in parts:
            if not isinstance(part, Q):
                raise UsageError(f"a Q is made of field=value and of other Qs, not of {part!r}")
        self.parts: tuple[Q, ...] = parts
        self.lookups: Mapping[str, Any] = lookups
        self.operator = "&"
        self.negated = False
        self.terms: int = len(lookups) + sum(part.terms for part in parts)
        self.depth: int = 1 + max((part.depth for part in parts), default=0)

    def __and__(self, other: Q) -> Q:
        return self._joined("&", other)

    def __or__(self, other: Q) -> Q:
        return self._joined("|", other)

    def __invert__(self) -> Self:
        copy = type(self)(*self.parts, **self.lookups)
        copy.operator, copy.negated = self.operator, not self.negated
        return copy

    def __repr__(self) -> str:
        inner = [repr(part) for part in self.parts]
        if self.lookups or not inner:
            inner.append(f"Q({', '.join(f'{name}={value!r}' for name, value in self.lookups.items())})")
        text = inner[0] if len(inner) == 1 else f"({f' {self.operator} '.join(inner)})"
        return f"~{text}" if self.negated else text

    def _joined(self, operator: str, other: Q) -> Q:
        if not isinstance(other, Q):
            raise UsageError(f"a Q combines with another Q, not with {other!r}")
        is_same = self.operator == operator and not self.negated and type(self) is Q and not self.lookups and bool(self.parts)
        joined = Q()
        joined.parts = (*self.parts, other) if is_same else (self, other)
        joined.operator, joined.terms = operator, self.terms + other.terms
        joined.depth = max(self.depth, other.depth + 1) if is_same else 1 + max(self.depth, other.depth)
        return joined


class Predicate(Q):
    """A condition on the values of a feature: `feature > 3`. It has no truth of its own, so that no list claims to hold what was only asked for.

    Args:
        feature: whose values.
        comparison: as lookups call it, or `ne`.
        value: what they are compared with.
    """

    def __init__(self, feature: Feature, *, comparison: str, value: Any) -> None:
        super().__init__()
        self.feature, self.comparison, self.value = feature, comparison, value
        self.terms = 1

    def __invert__(self) -> Self:
        copy = type(self)(self.feature, comparison=self.comparison, value=self.value)
        copy.negated = not self.negated
        return copy

    def __bool__(self) -> Never:
        raise UsageError(f"{self!r} is a condition for a query, not true or false by itself. Ask with it: ln.Artifact.filter({self!r}). Compare features with `is`, or by uid.")

    def __repr__(self) -> str:
        return f"{'~' if self.negated else ''}Q({self.feature.name}__{self.comparison}={self.value!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descending:
    """The order of a feature's values, from the last: `order_by(-feature)`."""

    feature: Feature
