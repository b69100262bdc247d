"""Notes on a record: its page in versions, and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from lignin.base.errors import Locked, NotFound, UsageError
from lignin.base.ids import new_uid
from lignin.base.texts import problem_of_text
from lignin.instance.fields import conceal
from lignin.instance.query import QuerySet
from lignin.instance.rows import insert_records
from lignin.model import Note, Owned, Registry

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["Notes", "delete_notes", "hand_notes_over", "note_columns"]

README, COMMENT = "readme", "comment"
_SHOWN = 400


class Notes:
    """`record.notes`: what people wrote about a record, in Markdown."""

    def __init__(self, instance: Instance, record: Registry) -> None:
        if isinstance(record, Note):
            raise UsageError("a note has no notes of its own. Comment on the record that it is about.")
        if record.id is None:
            raise UsageError(f"save this {type(record).__name__} before you use its notes: it is not in the database yet")
        self._instance = instance
        self._record = record

    @property
    def readme(self) -> str | None:
        """The newest version of its page; set it to write another."""
        newest = self._of(README).order_by(Note.id.desc()).limit(1)
        found: str | None = self._instance.database.read(lambda session: session.scalar(newest.with_only_columns(Note.content)))
        return found

    @readme.setter
    def readme(self, text: str) -> None:
        self.write(text)

    @property
    def comments(self) -> QuerySet[Note]:
        """All comments, the oldest first."""
        return self._notes(COMMENT)

    def versions(self) -> QuerySet[Note]:
        """All versions of its page, the newest first."""
        return self._notes(README).order_by("-id")

    def write(self, text: str) -> Note:
        """Make a text the newest version of its page; the same text again is no new version.

        Raises:
            UsageError: it is no text, or an empty one.
            Locked: the record is locked.
        """
        return self._add(README, text)

    def comment(self, text: str) -> Note:
        """Add a comment.

        Raises:
            UsageError: it is no text, or an empty one.
            Locked: the record is locked.
        """
        return self._add(COMMENT, text)

    def __repr__(self) -> str:
        name = type(self._record).__name__
        return f"<notes of {name} {self._record.uid}: {self.versions().count()} versions of its page, {self.comments.count()} comments>"

    def _of(self, kind: str) -> Any:
        registry, row_id = type(self._record).__name__, self._record.id
        return select(Note).where(Note.target_registry == registry, Note.target_id == row_id, Note.kind == kind)

    def _notes(self, kind: str) -> QuerySet[Note]:
        found: QuerySet[Note] = QuerySet(self._instance, Note)
        return found.filter(target_registry=type(self._record).__name__, target_id=self._record.id, kind=kind)

    def _add(self, kind: str, text: str) -> Note:
        if not isinstance(text, str) or not text.strip():
            raise UsageError(f"a {kind} is a text in Markdown, not {text!r}")
        if problem := problem_of_text(text):
            raise UsageError(f"this text can't be a {kind}: {problem}")
        instance, target = self._instance, self._record
        note = Note(target_registry=type(target).__name__, target_id=target.id, kind=kind, content=text)
        note.uid, note.created_by_id = new_uid(Note.uid_length), instance.user_id
        conceal(note)

        def work(session: Session) -> Note:
            _hold(session, target)
            if kind == README:
                newest: Note | None = session.scalars(self._of(README).order_by(Note.id.desc()).limit(1)).first()
                if newest is not None and newest.content == note.content:
                    session.expunge(newest)
                    return newest
            insert_records(session, [note])
            return note

        return instance.database.transact(work)


def note_columns(record: Registry) -> dict[str, Any]:
    """The beginning of a record's page, and the number of its comments, as subselects by name."""
    mine = (Note.target_registry == type(record).__name__, Note.target_id == record.id)
    readme = select(func.substr(Note.content, 1, _SHOWN)).where(*mine, Note.kind == README).order_by(Note.id.desc()).limit(1)
    return {"readme": readme, "comments": select(func.count()).select_from(Note).where(*mine, Note.kind == COMMENT)}


def delete_notes(session: Session, registry: type[Registry], row_id: int) -> None:
    """Delete the notes of a record that is deleted for good."""
    session.execute(delete(Note).where(Note.target_registry == registry.__name__, Note.target_id == row_id))


def hand_notes_over(session: Session, registry: type[Registry], row_id: int, *, to: int) -> None:
    """Make the notes of a record those of another, which it turned out to be."""
    session.execute(update(Note).where(Note.target_registry == registry.__name__, Note.target_id == row_id).values(target_id=to))


def _hold(session: Session, record: Registry) -> None:
    """See that a record is there and not locked, and keep it so until the transaction ends."""
    registry: Any = type(record)
    is_owned = issubclass(registry, Owned)
    columns = (registry.id, registry.is_locked) if is_owned else (registry.id,)
    row = session.execute(select(*columns).where(registry.id == record.id).with_for_update(key_share=True)).first()
    if row is None:
        raise NotFound(f"{registry.__name__} {record.uid} is no longer in the database; somebody deleted it")
    if is_owned and row.is_locked:
        raise Locked(f"{registry.__name__} {record.uid} is locked. Unlock it first: record.is_locked = False; record.save()")
