"""Query sets: lazy, immutable descriptions of a question to one registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, String, and_, case, func, or_, select, true
from sqlalchemy.sql.operators import asc_op, desc_op

from lignin.base.errors import MultipleFound, NotFound, UnknownField, UsageError
from lignin.base.ids import VERSION_LENGTH
from lignin.base.messages import say
from lignin.base.texts import problem_of_text
from lignin.instance.conditions import ALIASES, compile_condition, compile_lookups, first_names
from lignin.instance.deletions import what_became_of
from lignin.instance.first_page import first_ids
from lignin.instance.frame import to_frame
from lignin.instance.known_features import KnownFeatures, find_named
from lignin.instance.order import order_terms
from lignin.model import (
    VALUES,
    Artifact,
    Descending,
    Q,
    Registry,
    Schema,
    Trashable,
    Versioned,
)

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lignin.instance.instance import Instance
    from lignin.instance.plan_move import MovePlan

__all__ = ["QuerySet"]

R = TypeVar("R", bound=Registry)

_INTERNAL = "__lignin"
_MAX_SEARCH = 20
_MAX_WORDS = 50
_MAX_CLAUSES = 500
_MAX_POSITION = 2**62
_MIN_UID = 4


class QuerySet(Generic[R]):
    """Records of one registry that meet conditions, in an order. Asks the database when iterated.

    Trash, archive and other branches are out of scope until a condition speaks of `branch`; reports
    and environments of runs until one speaks of `kind`.
    """

    def __init__(self, instance: Instance, registry: type[R]) -> None:
        self._instance = instance
        self.registry = registry
        self._where: tuple[ColumnElement[bool], ...] = ()
        self._mentioned: frozenset[str] = frozenset()
        self._order: tuple[Any, ...] = ()
        self._slice: tuple[int, int | None] = (0, None)
        self._fetched: int | None = None

    # Narrowing: each returns a new query set.

    def filter(self, *conditions: Q, **lookups: Any) -> QuerySet[R]:
        """Those that meet every condition too; see `Registry.filter`."""
        for condition in conditions:
            if not isinstance(condition, Q):
                raise UsageError(f"filter takes ln.Q objects and field=value, not {condition!r}")
        self._refuse_cut("filter")
        if len(self._where) + len(conditions) > _MAX_CLAUSES:
            raise UsageError(f"this query set has more than {_MAX_CLAUSES} conditions. Ask for many values with: field__in=[…]")
        features, names = KnownFeatures(self._instance), first_names(conditions, lookups)
        features.named(self._unlisted(names))
        clauses = [compile_condition(self.registry, q, features=features) for q in conditions]
        if lookups:
            clauses.append(compile_lookups(self.registry, lookups, features=features))
        return self._with(where=(*self._where, *clauses), mentioned=self._mentioned | names)

    def exclude(self, *conditions: Q, **lookups: Any) -> QuerySet[R]:
        """Those that do not meet all of the conditions."""
        return self.filter(~Q(*conditions, **lookups))

    def all(self) -> QuerySet[R]:
        """The same."""
        return self._with()

    def distinct(self) -> QuerySet[R]:
        """The same: no condition here ever multiplies records."""
        return self._with()

    def order_by(self, *fields: Any) -> QuerySet[R]:
        """In the order of these fields or features, `-field` for descending; the id decides among equals.

        Records without a value of a feature come last.

        Raises:
            UnknownField: no such field, and no such feature.
        """
        self._refuse_cut("order")
        order: list[Any] = []
        for field in fields:
            order += order_terms(self.registry, field, features=KnownFeatures(self._instance))
        descending = bool(fields) and (isinstance(fields[0], Descending) or (isinstance(fields[0], str) and fields[0].startswith("-")))
        tie = self.registry.id.desc() if descending else self.registry.id.asc()
        return self._with(order=(*order, tie))

    def search(self, text: str, *, field: str | Sequence[str] | None = None, limit: int = _MAX_SEARCH, case_sensitive: bool = False) -> QuerySet[R]:
        """Those whose texts contain every word, the closest first: equal, then beginning, then inside."""
        names = tuple(field or self.registry.searched) if isinstance(field, list | tuple | None) else (field,)
        _check_limit(limit)
        known = tuple(c.key for c in self.registry.__mapper__.columns if isinstance(c.type, String))
        for name in names:
            if name not in known:
                raise UnknownField(f"{self.registry.__name__} has no text {name!r} to search. It has: {', '.join(known)}", field=str(name), known=known)
        _check_searched(text)
        columns = [getattr(self.registry, name) for name in names]
        texts = [func.coalesce(c if case_sensitive else func.lower(c), "") for c in columns]
        needle = text.strip() if case_sensitive else text.strip().lower()
        words = [or_(*(t.contains(word, autoescape=True) for t in texts)) for word in needle.split()]
        # A uid is no text to find words in, but it may be what was asked for.
        is_uid = func.substr(self.registry.uid, 1, len(text.strip())) == text.strip()
        rank = case(
            (or_(*(t == needle for t in texts)), 0),
            (or_(*(t.startswith(needle, autoescape=True) for t in texts)), 1),
            (or_(*(t.contains(needle, autoescape=True) for t in texts)), 2),
            else_=3,
        )
        meets = or_(and_(true(), *words), is_uid) if len(needle) >= _MIN_UID else and_(true(), *words)
        found = self._with(where=(*self._where, meets), order=(rank, func.length(texts[0]), self.registry.id.asc()))
        best: QuerySet[R] = found[:limit]
        return best

    # Asking.

    def __iter__(self) -> Iterator[R]:
        records = self._instance.database.read(lambda session: session.scalars(self.asked(session)).all())
        self._fetched = len(records)
        return self._each(records)

    def _each(self, records: Sequence[R]) -> Iterator[R]:
        self._fetched = None
        yield from records

    def __len__(self) -> int:
        # `list()` asks for the length when it has the iterator already.
        return self.count() if self._fetched is None else self._fetched

    def __bool__(self) -> bool:
        return self.exists()

    def __getitem__(self, index: int | slice) -> Any:
        start, stop = self._slice
        bounds = (index.start, index.stop, index.step) if isinstance(index, slice) else (index,)
        if any(not isinstance(b, int | None) or abs(b or 0) > _MAX_POSITION for b in bounds) or index is None:
            raise UsageError(f"a query set takes a position, or [start:stop], not {index!r}")
        if isinstance(index, int):
            if index < 0:
                raise UsageError("a query set has no negative positions; reverse its order instead")
            found = list(self[index : index + 1])
            if not found:
                raise IndexError(f"there are not {index + 1} records")
            return found[0]
        if index.step is not None or (index.start or 0) < 0 or (index.stop or 0) < 0:
            raise UsageError("a query set is sliced as [start:stop], without step or negative positions")
        begin = start + (index.start or 0)
        ends = [end for end in (stop, None if index.stop is None else start + index.stop) if end is not None]
        return self._with(cut=(begin, min(ends) if ends else None))

    def get(self, uid: str | int | None = None, /, **lookups: Any) -> R:
        """The one record; see `Registry.get`."""
        if uid is None:
            return self._get_by_lookups(lookups)
        if isinstance(uid, int) and not isinstance(uid, bool):
            return self._get_by_lookups({**lookups, "id": uid})
        if not isinstance(uid, str) or not re.fullmatch(r"[0-9A-Za-z]{3,24}", uid):
            raise NotFound(f"{uid!r} is no uid. For another field write get(field=…), for example get({self.registry.label}={uid!r})")
        stem_length = self.registry.uid_length
        versioned = issubclass(self.registry, Versioned)
        if versioned and len(uid) == stem_length:
            return self._latest(self.filter(uid__startswith=uid, **lookups)._lifted("kind"), uid)
        full = stem_length + (VERSION_LENGTH if versioned else 0)
        if len(uid) == full:
            return self._only(self.filter(uid=uid, **lookups)._lifted("kind"), uid)
        found = self.filter(uid__startswith=uid, **lookups)._lifted("kind")
        latest = found.filter(is_latest=True) if versioned and len(uid) < stem_length else found
        return self._chosen(list(latest[:3]) or list(found[:3]), uid)

    def one(self) -> R:
        """The only record. Raises NotFound or MultipleFound."""
        return self._only(self, None)

    def one_or_none(self) -> R | None:
        """The only record, or `None`. Raises MultipleFound."""
        found = list(self[:2])
        return self._only(self, None) if len(found) > 1 else next(iter(found), None)

    def first(self) -> R | None:
        """The first record in the order, by id unless told otherwise; `None` where there is none."""
        return next(iter(self[:1]), None)

    def last(self) -> R | None:
        """The last record in the order, by id unless told otherwise; `None` where there is none."""
        self._refuse_cut("reverse")
        order = self._order or (self.registry.id.asc(),)
        return next(iter(self._with(order=tuple(_reversed(column) for column in order))[:1]), None)

    def count(self) -> int:
        """The number of records."""
        def work(session: Session) -> int:
            inner = self.asked(session).with_only_columns(self.registry.id).order_by(None).subquery()
            return session.scalar(select(func.count()).select_from(inner)) or 0

        return self._instance.database.read(work)

    def exists(self) -> bool:
        """Whether there is any."""
        begin, stop = self._slice
        first = self if stop is not None and stop <= begin else self._with(order=(), cut=(begin, begin + 1))
        return self._instance.database.read(lambda session: session.execute(first.asked(session).with_only_columns(self.registry.id)).first() is not None)

    def to_list(self, field: str | None = None) -> list[Any]:
        """All records, or one field of each."""
        if field is None:
            return list(self)
        if not isinstance(field, str) or field not in self.registry.fields():
            raise UnknownField(f"{self.registry.__name__} has no field {field!r}", field=field, known=self.registry.fields())
        column = getattr(self.registry, field)
        return self._instance.database.read(lambda session: list(session.scalars(self.asked(session).with_only_columns(column))))

    def to_dataframe(
        self, *, include: str | Sequence[str] | None = None, features: Sequence[Any] | str | None = None, limit: int | None = 20, order_by: Any = "-id"
    ) -> pd.DataFrame:
        """The records as a frame with their id as index.

        Args:
            include: instead of all fields, uid, name and these: fields, or fields across relations
                (`created_by__handle`, `ulabels__name`); many values come as a set.
                `"features"` adds a column for each feature that occurs among the rows.
            features: features, or their names, to add columns of.
            limit: rows at most; `None` for all. A notice says when there are more.
            order_by: used where the query set has no order of its own.
        """
        if not isinstance(include, str | list | tuple | None) or include == "":
            raise UsageError(f"include takes a field or a list of fields, not {include!r}")
        _check_limit(limit)
        ordered = self if self._order or order_by is None or self._slice != (0, None) else self.order_by(order_by)
        listed = [include] if isinstance(include, str) else list(include or ())
        wanted = [name for name in listed if not self._is_features(name)]
        every = len(wanted) < len(listed) or features == "queryset"
        chosen = None if every else find_named(KnownFeatures(self._instance), features or (), registry=self.registry)
        shown = ordered if limit is None else ordered[: limit + 1]
        frame = to_frame(self._instance.database, self.registry, asked=shown.asked, include=wanted, features=chosen)
        if limit is not None and len(frame) > limit:
            say("!", f"truncated query result to limit={limit} {self.registry.__name__} objects; pass limit=None for all")
            frame = frame.iloc[:limit]
        return frame

    def lookup(self, field: str | None = None) -> SimpleNamespace:
        """An object with an attribute for each record, by its name or another field."""
        name = field or self.registry.label
        if not isinstance(name, str) or name not in self.registry.fields():
            raise UnknownField(f"{self.registry.__name__} has no field {name!r} to look up", field=str(name), known=self.registry.fields())
        records: dict[str, R] = {}
        for record in self:
            text = str(getattr(record, name) or "")
            attribute = re.sub(r"\W+", "_", text).strip("_").lower() or "unnamed"
            if attribute[0].isdigit():
                attribute = f"n_{attribute}"
            unique, number = attribute, 1
            while unique in records:
                number += 1
                unique = f"{attribute}_{number}"
            records[unique] = record
        return SimpleNamespace(**records)

    def delete(self, *, permanent: bool | None = None) -> None:
        """Delete each; see `Registry.delete`."""
        for record in self:
            self._instance.delete(record, permanent=permanent)

    def plan_move(self, *, storage: Any) -> MovePlan:
        """What `move` would do, as a value to print; see `Artifact.move`."""
        return self._instance.plan_move(self._artifacts(), storage)

    def move(self, *, storage: Any) -> MovePlan:
        """Bring each artifact, with its bytes, to another storage location; see `Artifact.move`. Returns what was done."""
        return self._instance.move(self._artifacts(), storage)

    def describe(self) -> None:
        """Describe each of the first twenty."""
        for record in self[:20]:
            self._instance.describe(record)

    def __repr__(self) -> str:
        shown = list(self[:20])
        more = ", …" if len(shown) == 20 else ""
        return f"<{self.registry.__name__} query set [{', '.join(map(repr, shown))}{more}]>"

    # For the rest of the instance.

    def statement(self) -> Select[tuple[R]]:
        """The question as a select of whole records."""
        order = self._order or (self.registry.id.asc(),)
        start, stop = self._slice
        question = select(self.registry).where(*self._scope(), *self._where).order_by(*order)
        if stop is not None:
            question = question.limit(max(stop - start, 0))
        return question.offset(start) if start else question

    def asked(self, session: Session) -> Select[tuple[R]]:
        """The same question; where it is for the first few records, and those are found from one end, for those by id."""
        begin, stop = self._slice
        where = (*self._scope(), *self._where)
        ids = None if stop is None else first_ids(session, self.registry, where=where, order=self._order, stop=stop)
        if ids is None:
            return self.statement()
        return select(self.registry).where(self.registry.id.in_(ids[begin:])).order_by(*(self._order or (self.registry.id.asc(),)))

    def selected_ids(self) -> Select[tuple[int]]:
        """The ids, as a subselect."""
        return self.statement().with_only_columns(self.registry.id)

    def _scope(self) -> Sequence[ColumnElement[bool]]:
        clauses: list[ColumnElement[bool]] = []
        if issubclass(self.registry, Trashable) and not self._mentioned & {"branch", "branch_id"}:
            branches = self._instance.branches_in_sight
            clauses.append(self.registry.branch_id.in_(branches))
        if issubclass(self.registry, Artifact | Schema) and not self._mentioned & {"kind", "id"}:
            # Most have no kind, and then the cheap half decides.
            clauses.append(or_(self.registry.kind.is_(None), func.substr(self.registry.kind, 1, len(_INTERNAL)) != _INTERNAL))
        return clauses

    def _is_features(self, name: object) -> bool:
        return name == "features" and self.registry.__name__ in VALUES

    def _unlisted(self, names: Iterable[str]) -> set[str]:
        """Names of no field and relation, which may be features'."""
        known = {*self.registry.fields(), *self.registry.relations(), *ALIASES.get(self.registry.__name__, {})}
        return set(names) - known if self.registry.__name__ in VALUES else set()

    def _artifacts(self) -> list[Artifact]:
        found: list[Any] = list(self)
        if self.registry is not Artifact:
            raise UsageError(f"a {self.registry.__name__} has no bytes that move; artifacts do")
        return found

    def _refuse_cut(self, act: str) -> None:
        """A condition after a cut would be asked before it."""
        if self._slice != (0, None):
            raise UsageError(f"can't {act} a part of a query set; {act} first, then slice")

    def _lifted(self, *names: str) -> QuerySet[R]:
        return self._with(mentioned=self._mentioned | set(names))

    def _get_by_lookups(self, lookups: Mapping[str, Any]) -> R:
        if not lookups:
            raise UsageError(f"say which {self.registry.__name__}: get(uid) or get(field=value)")
        found = self.filter(**lookups)
        if issubclass(self.registry, Versioned) and "is_latest" not in lookups and not {"id", "uid", "hash", "version_tag"} & set(lookups):
            return self._latest(found, lookups)
        return self._only(found, lookups)

    def _latest(self, found: QuerySet[R], asked: Any) -> R:
        """The latest of one family; where all its versions are out of the way, the newest."""
        latest: list[Any]
        if issubclass(self.registry, Artifact) and not isinstance(asked, str) and "key" in asked:
            # A key that a user gave goes before a file that an adapter found under that name.
            is_given = case((self.registry.family.startswith("key:"), 0), else_=1)
            latest = list(found.filter(is_latest=True)._with(order=(is_given, self.registry.id.asc()))[:3])
            given = [record for record in latest if str(record.family).startswith("key:")]
            latest = given or latest
        else:
            latest = list(found.filter(is_latest=True)[:3])
        return self._chosen(latest or list(found.order_by("-uid")[:1]), asked)

    def _only(self, found: QuerySet[R], asked: Any) -> R:
        return self._chosen(list(found[:3]), asked)

    def _chosen(self, records: Sequence[R], asked: Any) -> R:
        if len(records) == 1:
            return records[0]
        asking = "" if asked is None else f" for {asked!r}" if isinstance(asked, str) else f" with {', '.join(f'{k}={v!r}' for k, v in asked.items())}"
        if not records:
            gone = self._instance.database.read(lambda session: what_became_of(session, self.registry, asked)) if isinstance(asked, str) else None
            raise NotFound(f"{gone}." if gone else f"there is no {self.registry.__name__}{asking}. List them with: lignin list {self.registry.__name__.lower()}")
        uids = tuple(str(r.uid) for r in records)
        raise MultipleFound(f"there are several {self.registry.__name__}s{asking}: {', '.join(uids)}, … Ask for one uid, or filter further.", uids=uids)

    def _with(
        self,
        *,
        where: tuple[ColumnElement[bool], ...] | None = None,
        mentioned: frozenset[str] | None = None,
        order: tuple[Any, ...] | None = None,
        cut: tuple[int, int | None] | None = None,
    ) -> QuerySet[R]:
        copy: QuerySet[R] = QuerySet(self._instance, self.registry)
        copy._where = self._where if where is None else where
        copy._mentioned = self._mentioned if mentioned is None else frozenset(mentioned)
        copy._order = self._order if order is None else order
        copy._slice = self._slice if cut is None else cut
        return copy


def _check_searched(text: object) -> None:
    if not isinstance(text, str):
        raise UsageError(f"search takes a text, not {text!r}")
    if problem := problem_of_text(text):
        raise UsageError(f"can't search for {text[:60]!r}: {problem}")
    if len(text.split()) > _MAX_WORDS:
        raise UsageError(f"search takes {_MAX_WORDS} words at most, not {len(text.split())}")


def _check_limit(limit: object) -> None:
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit < _MAX_POSITION):
        raise UsageError(f"limit is a number of records, or None for all, not {limit!r}")


def _reversed(column: Any) -> Any:
    """An order the other way round."""
    is_descending = getattr(column, "modifier", None) is desc_op
    return column.element.asc() if is_descending else (column.element if getattr(column, "modifier", None) is asc_op else column).desc()
