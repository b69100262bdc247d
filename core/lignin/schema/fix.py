"""The line of code that would mend a problem, in the words of whoever holds the data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lignin.schema.dtype import Dtype, Kind, Simple

__all__ = ["Fixer"]

_PANDAS = {
    Kind.INT: '{0} = pd.to_numeric({0}).astype("Int64")', Kind.FLOAT: "{0} = pd.to_numeric({0})", Kind.NUM: "{0} = pd.to_numeric({0})",
    Kind.STR: '{0} = {0}.astype("string")', Kind.BOOL: '{0} = {0}.astype("boolean")', Kind.DATE: "{0} = pd.to_datetime({0}).dt.date",
    Kind.DATETIME: "{0} = pd.to_datetime({0})",
}
_POLARS = {
    Kind.INT: "pl.Int64", Kind.FLOAT: "pl.Float64", Kind.NUM: "pl.Float64", Kind.STR: "pl.String", Kind.BOOL: "pl.Boolean", Kind.DATE: "pl.Date",
    Kind.DATETIME: "pl.Datetime",
}
# A line with more names than this helps nobody.
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixer:
    """Writes code for one table: who holds it (`pandas`, `polars`, …), and the name it has in the code."""

    kind: str
    name: str = "df"

    def rename(self, names: Mapping[str, str]) -> str | None:
        """Give columns other names."""
        few = dict(list(names.items())[:_MOST])
        match self.kind:
            case "pandas":
                return f"{self.name} = {self.name}.rename(columns={few!r})"
            case "polars":
                return f"{self.name} = {self.name}.rename({few!r})"
            case "records":
                return "; ".join(f"record[{new!r}] = record.pop({old!r})" for old, new in few.items())
            case _:
                return None

    def select(self, names: Sequence[str]) -> str | None:
        """Keep columns in an order."""
        if len(names) > _MOST or self.kind not in {"pandas", "polars", "arrow"}:
            return None
        return f"{self.name} = {self.name}{f'.select({list(names)!r})' if self.kind == 'arrow' else f'[{list(names)!r}]'}"

    def cast(self, column: str, dtype: Dtype) -> str | None:
        """Make a column's values ones of a dtype, as far as that loses nothing."""
        kind = dtype.kind if isinstance(dtype, Simple) else None
        if self.kind == "pandas" and kind in _PANDAS:
            return _PANDAS[kind].format(f"{self.name}[{column!r}]")
        if self.kind == "polars" and kind in _POLARS:
            return f"{self.name} = {self.name}.with_columns(pl.col({column!r}).cast({_POLARS[kind]}))"
        return None

    def replace(self, column: str, values: Mapping[str, str], *, categories: bool) -> str | None:
        """Put one value for another."""
        few = dict(list(values.items())[:_MOST])
        place = f"{self.name}[{column!r}]"
        if self.kind == "pandas" and categories:
            return f"{place} = {place}.astype(object).replace({few!r})"
        if self.kind == "pandas":
            return f"{place} = {place}.replace({few!r})"
        if self.kind == "polars":
            return f"{self.name} = {self.name}.with_columns(pl.col({column!r}).cast(pl.String).replace({few!r}))"
        return None

    def decode(self, column: str) -> str | None:
        """Make text of bytes."""
        return f"{self.name}[{column!r}] = {self.name}[{column!r}].str.decode('utf-8')" if self.kind == "pandas" else None

    def fill(self, column: str, value: object) -> str | None:
        """Put a value where there is none."""
        if self.kind == "pandas":
            return f"{self.name}[{column!r}] = {self.name}[{column!r}].fillna({value!r})"
        if self.kind == "polars":
            return f"{self.name} = {self.name}.with_columns(pl.col({column!r}).fill_null({value!r}))"
        return None

    def register(self, features: Iterable[tuple[str, Dtype | None]]) -> str:
        """Register features, one line each."""
        return "\n".join(f"ln.Feature(name={name!r}, dtype={str(dtype or 'str')!r}).save()" for name, dtype in list(features)[:_MOST])
