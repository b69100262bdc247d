"""A schema: which features a dataset has, and how strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from blake3 import blake3

from lignin.base.errors import UsageError
from lignin.base.texts import shown
from lignin.schema.dtype import Dtype, Target
from lignin.schema.dtype_of import dtype_of
from lignin.schema.feature import FeatureSpec
from lignin.schema.parse import parse_target
from lignin.schema.slot import parse_slot

__all__ = ["SchemaSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaSpec:
    """What a frame, dictionary or composite dataset must be.

    Attributes:
        name: as it is called; it changes no check.
        features: the features that are listed, in order.
        optional: names of those that may be absent.
        index: what the row names are.
        itype: what the column names are identifiers of: `Feature`, or a field of a registry such as `bionty.Gene.ensembl_gene_id`,
            so that 40,000 genes need no 40,000 features.
        dtype: what all columns of an identifier schema hold; `None` to not look.
        slots: the parts of a composite dataset (AnnData, MuData, SpatialData), each with a schema of its own.
        otype: the kind of object, for messages.
        minimal_set: whether the listed features that are not optional must be there.
        maximal_set: whether columns that are not listed, or no known identifiers, are refused.
        ordered_set: whether the listed features come in their order.
        flexible: whether columns that are not listed are checked against the registered features of their names;
            by default, where none are listed. A schema that lists none and is not flexible refuses all columns.
        coerce: whether `coerce` holds for all features.

    Columns that are not checked are always reported, as notes where they are not refused.
    """

    name: str | None = None
    features: tuple[FeatureSpec, ...] = ()
    optional: frozenset[str] = frozenset()
    index: FeatureSpec | None = None
    itype: Target | None = None
    dtype: Dtype | None = None
    slots: Mapping[str, "SchemaSpec"] = field(default_factory=dict)
    otype: str | None = None
    minimal_set: bool = True
    maximal_set: bool = False
    ordered_set: bool = False
    flexible: bool | None = None
    coerce: bool = False

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "features", tuple(self.features))
        put(self, "optional", frozenset(self.optional))
        put(self, "itype", parse_target(self.itype) if isinstance(self.itype, str) else self.itype)
        put(self, "dtype", None if self.dtype is None else dtype_of(self.dtype))
        put(self, "slots", MappingProxyType(dict(self.slots)))
        names = [feature.name for feature in self.features]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise UsageError(f"the schema lists {shown(twice[0])} twice. List each feature once.")
        if strangers := sorted(self.optional - set(names)):
            raise UsageError(f"the schema does not list {shown(strangers[0])}, which it calls optional. List it, or leave it out of `optional`.")
        if self.slots and (self.features or self.itype or self.index):
            raise UsageError("a schema with slots has its features in them. Put features, itype and index into the schema of a slot.")
        for slot in self.slots:
            parse_slot(slot)

    def __hash__(self) -> int:
        return hash(self.content_id)

    @property
    def is_flexible(self) -> bool:
        """Whether columns that are not listed are checked against registered features."""
        return not self.features if self.flexible is None else self.flexible

    @property
    def refuses_unlisted(self) -> bool:
        """Whether a column that is neither listed nor registered makes a dataset invalid."""
        return self.maximal_set or (not self.features and not self.is_flexible)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the features that must be there."""
        return tuple(feature.name for feature in self.features if feature.name not in self.optional) if self.minimal_set else ()

    @property
    def content_id(self) -> str:
        """The digest of what is checked: `b3:<64 hex>`, of the JSON text of `to_dict()` with sorted keys and no spaces.

        Equal on every machine and Python version. Names of schemas, units, synonyms and, without `ordered_set`, the order do not count.
        """
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"b3:{blake3(text.encode()).hexdigest()}"

    def feature(self, name: str) -> FeatureSpec | None:
        """The listed feature of a name."""
        return next((feature for feature in self.features if feature.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """What is checked, as JSON has it. Two schemas with equal ones accept the same datasets."""
        features = [feature.to_dict() | {"optional": feature.name in self.optional or not self.minimal_set} for feature in self.features]
        return {
            "features": features if self.ordered_set else sorted(features, key=lambda feature: str(feature["name"])),
            "index": None if self.index is None else self.index.to_dict(),
            "itype": None if self.itype is None else str(self.itype),
            "dtype": None if self.dtype is None else str(self.dtype),
            "slots": {name: slot.to_dict() for name, slot in self.slots.items()},
            "otype": self.otype,
            "maximal_set": self.maximal_set,
            "ordered_set": self.ordered_set,
            "flexible": self.is_flexible,
            "coerce": self.coerce,
        }
