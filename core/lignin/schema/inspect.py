"""A table against a schema, over as many pieces as the table comes in."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from lignin.base.errors import FormatError
from lignin.base.texts import shown
from lignin.schema.dtype import Categorical, Dtype, ListOf, Target
from lignin.schema.feature import FeatureSpec
from lignin.schema.fix import Fixer
from lignin.schema.judge import Judge
from lignin.schema.report import Checked, Problem, ProblemKind, Report
from lignin.schema.spec import SchemaSpec
from lignin.schema.tables import Table, dtype_of_column
from lignin.schema.verdict import checked_column, column_problems
from lignin.schema.vocabulary import Registries, Vocabulary, feature_names

__all__ = ["TableCheck"]

_FEATURE = Target(registry="Feature")
# Of so many unlisted names at most it is looked up what they were meant to be.
_LOOKED_UP = 200


class TableCheck:
    """Takes a table piece by piece (`add`), and says at the end what it found (`report`)."""

    def __init__(
        self, first: Table, schema: SchemaSpec, *, registries: Registries, slot: str = "", name: str = "df", examples: int = 5, several: bool = False
    ) -> None:
        self._schema = schema
        self._registries = registries
        self._slot = slot
        self._examples = examples
        self._several = several
        self._fixer = Fixer(kind=first.kind, name=name)
        self._names: Sequence[Any] = list(first.names)
        self._problems: list[Problem] = []
        self._unresolved: dict[str, list[str]] = {}
        self._pieces = 0
        self._inferred: dict[str, Dtype | None] = {}
        self._identifiers: Checked | None = None
        self._at = self._positions()
        self._unlisted = [name for name in self._at if name not in self._listed]
        self._judges = self._assign()
        self._index = None if schema.index is None else self._judge(schema.index)

    @cached_property
    def _listed(self) -> Mapping[str, FeatureSpec]:
        return {feature.name: feature for feature in self._schema.features}

    def add(self, table: Table) -> None:
        """Count another piece.

        Raises:
            FormatError: its columns are not those of the first piece.
        """
        if list(table.names) != self._names:
            raise FormatError(f"piece {self._pieces + 1} of the table has other columns than the first: {shown(list(table.names))}. Give pieces of one table.")
        for name, judge in self._judges.items():
            for position in self._at[name]:
                judge.add(table.column(position))
        index = table.index() if self._index is not None else None
        if self._index is not None and index is not None:
            self._index.add(index)
        if not self._pieces:
            self._infer(table)
        self._pieces += 1

    def report(self) -> Report:
        """Everything that was found."""
        found = [*self._problems, *self._missing_columns(), *self._order()]
        checked = []
        for name, judge in self._judges.items():
            found += column_problems(judge, name=name, slot=self._slot, fixer=self._fixer, examples=self._examples)
            checked.append(checked_column(judge, name=name, slot=self._slot))
        if self._index is not None:
            name = self._index.feature.name
            if self._index.verdict.rows or not self._pieces:
                index = Fixer(kind="index", name=self._fixer.name)
                found += column_problems(self._index, name=name, slot=self._slot, fixer=index, examples=self._examples)
                checked.append(checked_column(self._index, name=name, slot=self._slot))
            elif name not in self._at:
                found.append(self._problem(ProblemKind.MISSING_COLUMN, f"the schema wants rows named by {name!r}, and these rows have no names", column=name))
        if self._identifiers is not None:
            checked.append(self._identifiers)
        found += self._strangers() + self._without_vocabulary()
        return Report(
            problems=tuple(p for p in found if p.refused), notes=tuple(p for p in found if not p.refused), checked=tuple(checked)
        )

    def _positions(self) -> dict[str, list[int]]:
        """Where each name stands. A name that is no text counts as what it prints."""
        found: dict[str, list[int]] = {}
        for position, name in enumerate(self._names):
            found.setdefault(name if isinstance(name, str) else repr(name), []).append(position)
        twice = {name: places for name, places in found.items() if len(places) > 1}
        if twice:
            # Row names that repeat make no column ambiguous.
            refused = self._fixer.kind != "turned"
            message = f"{len(twice):,} {'name is' if len(twice) == 1 else 'names are'} there more than once"
            few = tuple((name, len(places)) for name, places in list(twice.items())[: self._examples])
            fix = f"{self._fixer.name} = {self._fixer.name}.loc[:, ~{self._fixer.name}.columns.duplicated()]" if self._fixer.kind == "pandas" else None
            self._problems.append(self._problem(ProblemKind.DUPLICATE_COLUMN, message, refused=refused, count=len(twice), examples=few, fix=fix))
        return found

    def _assign(self) -> dict[str, Judge]:
        """Who judges which column: the listed features, those registered under the names of others, or one dtype for all identifiers."""
        judges = {name: self._judge(self._listed[name]) for name in self._at if name in self._listed}
        schema, itype = self._schema, self._schema.itype
        if itype is not None and itype.registry != "Feature":
            self._identify(itype)
            if schema.dtype is not None and self._fixer.kind != "turned":
                all_of_one = FeatureSpec(name="identifiers", dtype=schema.dtype, coerce=schema.coerce)
                judges |= {name: self._judge(all_of_one) for name in self._at if name not in self._listed}
        elif schema.is_flexible and not (schema.maximal_set and schema.features):
            registered = self._registries.features(self._unlisted)
            judges |= {name: self._judge(registered[name]) for name in self._unlisted if name in registered}
            self._unlisted = [name for name in self._unlisted if name not in registered]
        return judges

    def _judge(self, feature: FeatureSpec) -> Judge:
        targets = _targets(feature.dtype)
        vocabularies = []
        for target in targets:
            vocabulary = self._vocabulary(target)
            if vocabulary is None:
                self._unresolved.setdefault(str(target), []).append(feature.name)
            else:
                vocabularies.append(vocabulary)
        return Judge(
            feature, vocabularies=vocabularies, coerce=feature.coerce or self._schema.coerce, several=self._several, samples=self._examples
        )

    def _vocabulary(self, target: Target) -> Vocabulary | None:
        return self._registries.vocabulary(target)

    def _identify(self, itype: Target) -> None:
        """Look all unlisted names up as identifiers; those that are known need no further look."""
        vocabulary = self._vocabulary(itype)
        if vocabulary is None:
            self._unresolved.setdefault(str(itype), []).append("identifiers")
            self._unlisted = []
            return
        known = set(vocabulary.known(self._unlisted))
        terms = [name for name in self._unlisted if name in known]
        unknown = [name for name in self._unlisted if name not in known]
        self._identifiers = Checked(
            slot=self._slot, name=vocabulary.name, dtype=f"cat[{itype}]", rows=len(self._unlisted), terms=tuple(terms[:1000]), n_terms=len(terms),
            unknown=tuple(unknown[:100_000]),
        )
        self._unlisted = unknown

    def _infer(self, table: Table) -> None:
        if self._schema.itype is None or self._schema.itype.registry == "Feature":
            for name in self._unlisted[: self._examples] if self._schema.is_flexible else ():
                self._inferred[name] = dtype_of_column(table.column(self._at[name][0]))

    @cached_property
    def _meant(self) -> Mapping[str, tuple[str, ...]]:
        """What unlisted names were probably meant to be: a listed feature, or a term of the identifiers' vocabulary."""
        looked_up = self._unlisted[:_LOOKED_UP]
        listed = feature_names(self._schema.features)
        itype = self._schema.itype
        vocabulary = self._vocabulary(itype if itype is not None else _FEATURE)
        found: dict[str, tuple[str, ...]] = {}
        for terms in filter(None, (listed, vocabulary)):
            rest = [name for name in looked_up if name not in found]
            found |= {name: (term,) for name, term in terms.standard(rest).items()}
            rest = [name for name in rest if name not in found]
            found |= terms.near(rest if terms is listed else rest[: self._examples])
        return found

    def _missing_columns(self) -> list[Problem]:
        missing = [name for name in self._schema.required if name not in self._at]
        if not missing:
            return []
        renamed: dict[str, str] = {}
        for name, meant in self._meant.items():
            for wanted in meant:
                if wanted in missing and wanted not in renamed.values():
                    renamed.setdefault(name, wanted)
        lines = [self._fixer.rename(renamed)] if renamed else []
        told = f"{len(missing):,} of {len(self._schema.required):,} required columns {'is' if len(missing) == 1 else 'are'} missing"
        suggestions = tuple((repr(wanted), (name,)) for name, wanted in renamed.items())
        fix = "\n".join(filter(None, lines)) or None
        examples = tuple((name, 0) for name in missing[: max(self._examples, 10)])
        column = missing[0] if len(missing) == 1 else None
        return [
            self._problem(
                ProblemKind.MISSING_COLUMN, told, column=column, count=len(missing), of=len(self._schema.required), examples=examples, suggestions=suggestions, fix=fix
            )
        ]

    def _order(self) -> list[Problem]:
        wanted = [name for name in self._listed if name in self._at]
        there = sorted(wanted, key=lambda name: self._at[name][0])
        if not self._schema.ordered_set or wanted == there:
            return []
        others = [name for name in self._at if name not in self._listed]
        first = next(position for position, pair in enumerate(zip(wanted, there, strict=True)) if pair[0] != pair[1])
        message = f"the columns come in another order than the schema has: {there[first]!r} where {wanted[first]!r} should be"
        return [self._problem(ProblemKind.COLUMN_ORDER, message, fix=self._fixer.select([*wanted, *others]))]

    def _strangers(self) -> list[Problem]:
        """The columns that nobody judged."""
        names = self._unlisted
        if not names:
            return []
        schema, itype = self._schema, self._schema.itype
        refused = schema.refuses_unlisted
        identifiers = itype is not None and itype.registry != "Feature"
        few = names[: self._examples]
        # A registered feature that is not listed was meant as what it is.
        suggestions = tuple((repr(name), self._meant[name]) for name in few if self._meant.get(name, (name,)) != (name,))
        if identifiers:
            told = f"not known as {itype}" + ("" if refused else ", and were not checked")
            kind, fix = ProblemKind.UNREGISTERED, self._create(itype, few)
        elif schema.is_flexible and not (schema.maximal_set and schema.features):
            told = "not registered as features" + ("" if refused else ", and were not checked")
            kind, fix = ProblemKind.UNREGISTERED, self._register(few)
        else:
            told = "not in the schema" + ("" if refused else ", and were not checked")
            kind, fix = ProblemKind.UNLISTED, self._fixer.select([name for name in self._at if name in self._listed]) if refused else None
        noun = "identifiers" if identifiers else "columns"
        message = f"{len(names):,} of {len(self._names):,} {noun} {'is' if len(names) == 1 else 'are'} {told}"
        message = message if len(names) > 1 else message.replace("were not checked", "was not checked")
        examples = tuple((name, 0) for name in few)
        return [
            self._problem(kind, message, refused=refused, count=len(names), of=len(self._names), examples=examples, suggestions=suggestions, fix=fix)
        ]

    def _create(self, itype: Target | None, names: Sequence[str]) -> str | None:
        vocabulary = None if itype is None else self._vocabulary(itype)
        new = [name for name in names if name not in self._meant]
        return vocabulary.creation(new) if vocabulary is not None and new else None

    def _register(self, names: Collection[str]) -> str | None:
        new = [(name, self._inferred.get(name)) for name in names if name not in self._meant]
        return self._fixer.register(new) if new else None

    def _without_vocabulary(self) -> list[Problem]:
        found = []
        for target, users in self._unresolved.items():
            message = f"there is no vocabulary {target} here, so {', '.join(map(repr, users[:3]))}{', …' if len(users) > 3 else ''} can't be checked; import one, or name a table of its terms"
            found.append(self._problem(ProblemKind.NO_VOCABULARY, message, column=users[0] if len(users) == 1 else None, count=len(users)))
        return found

    def _problem(self, kind: ProblemKind, message: str, **more: Any) -> Problem:
        return Problem(kind=kind, message=message, slot=self._slot, **more)


def _targets(dtype: Dtype) -> tuple[Target, ...]:
    while isinstance(dtype, ListOf):
        dtype = dtype.item
    return dtype.targets if isinstance(dtype, Categorical) else ()
