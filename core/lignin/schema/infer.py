"""A schema that data satisfy, read off the data."""

from collections.abc import Iterator, Mapping
from typing import Any

from lignin.base.errors import UsageError
from lignin.schema.dtype import Dtype
from lignin.schema.dtype_of import dtype_of
from lignin.schema.feature import FeatureSpec
from lignin.schema.spec import SchemaSpec
from lignin.schema.tables import dtype_of_column, table_of

__all__ = ["infer_schema"]

_NONE: Mapping[str, Any] = {}


def infer_schema(data: Any, *, name: str | None = None, dtypes: Mapping[str, Any] = _NONE) -> SchemaSpec:
    """The schema of a frame, dictionary, AnnData (`obs` and `var`) or MuData (those of each modality), with a feature for each column.

    Categories become `cat`, other texts `str`; a column of texts whose terms are known is for the caller to declare.

    Args:
        data: the dataset.
        name: of the schema.
        dtypes: for columns whose dtype does not show, or is to be another: what it is.

    Raises:
        UsageError: columns have no one dtype, or names that can't name a feature; the message names them.

    >>> from lignin.schema import infer_schema
    >>> [str(feature.dtype) for feature in infer_schema({"dose": 3, "drugs": ["DMSO"]}).features]
    ['int', 'list[str]']
    """
    if hasattr(data, "obs_names"):
        parts = dict(_parts(data))
        return SchemaSpec(name=name, otype=type(data).__name__, slots={slot: SchemaSpec(features=_features(part, dtypes, slot=slot)) for slot, part in parts.items()})
    return SchemaSpec(name=name, features=_features(data, dtypes, slot=""))


def _parts(data: Any) -> Iterator[tuple[str, Any]]:
    modalities = getattr(data, "mod", None)
    if isinstance(modalities, Mapping):
        for name, modality in modalities.items():
            yield from ((f"{name}:{slot}", part) for slot, part in _parts(modality))
    else:
        yield from (("obs", data.obs), ("var", data.var))


def _features(data: Any, dtypes: Mapping[str, Any], *, slot: str) -> tuple[FeatureSpec, ...]:
    table = table_of(data)
    found: list[tuple[Any, Dtype]] = []
    unclear = []
    for position, name in enumerate(table.names):
        declared = dtypes.get(name) if isinstance(name, str) else None
        column = table.column(position)
        dtype = dtype_of(declared) if declared is not None else dtype_of_column(column)
        if dtype is None:
            unclear.append(f"{name!r} ({column.told})")
        else:
            found.append((name, dtype))
    if unclear:
        where = f" of {slot}" if slot else ""
        raise UsageError(f"the dtype of {len(unclear)} column(s){where} does not show: {', '.join(unclear[:10])}. Say what they are: dtypes={{'name': 'str', …}}.")
    return tuple(FeatureSpec(name=name, dtype=dtype) for name, dtype in found)
