"""A feature: a variable with a name, a dtype and what else a value must keep to."""

from dataclasses import dataclass
from typing import Any

from lignin.base.errors import UsageError
from lignin.base.texts import problem_of_name, shown
from lignin.schema.dtype import Dtype
from lignin.schema.dtype_of import dtype_of
from lignin.schema.values import fits, is_missing, plain

__all__ = ["FeatureSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSpec:
    """What a column, or a key of a dictionary, must be.

    Attributes:
        name: as the column is called.
        dtype: what its values are.
        unit: of a measured quantity; it says what numbers mean, and is not checked.
        synonyms: other names, under which a column is recognised and a renaming proposed.
        nullable: whether values may be missing.
        default: what `standardize` puts where a value or the whole column is missing; `None` for nothing.
        coerce: whether values that can be converted without loss count as valid; `standardize` then converts them.
    """

    name: str
    dtype: Dtype
    unit: str | None = None
    synonyms: tuple[str, ...] = ()
    nullable: bool = True
    default: Any = None
    coerce: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or (problem := problem_of_name(self.name)):
            told = "it is no text" if not isinstance(self.name, str) else problem
            raise UsageError(f"{shown(self.name)} can't name a feature: {told}. Give it a plain name.")
        object.__setattr__(self, "dtype", dtype_of(self.dtype))
        object.__setattr__(self, "default", plain(self.default))
        if not is_missing(self.default) and not fits(self.default, self.dtype):
            raise UsageError(f"the default {shown(self.default)} of the feature {self.name!r} is no {self.dtype}. Give one that is.")

    def to_dict(self) -> dict[str, Any]:
        """What a value must keep to, as JSON has it; without what only describes (unit and synonyms)."""
        default = None if is_missing(self.default) else self.default
        text = default if default is None or isinstance(default, bool | int | float | str) else str(default)
        return {"name": self.name, "dtype": str(self.dtype), "nullable": self.nullable, "default": text, "coerce": self.coerce}
