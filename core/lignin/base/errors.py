"""Every error that Lignin raises on purpose.

    LigninError
    ├── UsageError              the call makes no sense as it stands
    │   ├── DtypeError          a text or object that is no dtype
    │   ├── InvalidKey          a key, name or uid that can't be one
    │   └── UnknownField        a filter, column or relation that does not exist
    ├── NotFound                no such record
    │   └── NoInstance          no instance from here upwards, in the environment or by default
    ├── MultipleFound           one was asked for, several are there
    ├── StorageError            bytes could not be read or written
    │   ├── BytesGone           the record is there, its bytes are not
    │   └── ContentChanged      the bytes are not those that were recorded
    ├── FormatError             a file that can't be read or written as what it claims to be
    │   └── MissingExtra        the package that reads this format is not installed
    ├── Locked                  the record is locked against change
    ├── SchemaVersionError      the database is older or newer than this code
    ├── TrackingError           a run can't be started, finished or found
    ├── SpoolError              a spool that can't be read
    └── ValidationError         a dataset, or an annotation, that does not satisfy its schema

Each message says what happened, to what, and what to do next.
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "BytesGone",
    "ContentChanged",
    "DtypeError",
    "FormatError",
    "InvalidKey",
    "LigninError",
    "Locked",
    "MissingExtra",
    "MultipleFound",
    "NoInstance",
    "NotFound",
    "SchemaVersionError",
    "SpoolError",
    "StorageError",
    "TrackingError",
    "UnknownField",
    "UsageError",
    "ValidationError",
]


class LigninError(Exception):
    """Base of every error that Lignin raises on purpose."""


class UsageError(LigninError):
    """The call makes no sense as it stands."""


class DtypeError(UsageError):
    """A text or object that is no dtype.

    Attributes:
        text: what was given.
        position: the character where it stops making sense, from 0.
    """

    def __init__(self, message: str, *, text: str, position: int = 0) -> None:
        super().__init__(message)
        self.text = text
        self.position = position


class InvalidKey(UsageError):
    """A key, name or uid that can't be one.

    Attributes:
        value: what was given.
    """

    def __init__(self, message: str, *, value: object = None) -> None:
        super().__init__(message)
        self.value = value


class UnknownField(UsageError):
    """A filter, column or relation that the registry does not have.

    Attributes:
        field: the name that was asked for.
        known: the names that exist.
    """

    def __init__(self, message: str, *, field: str, known: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.known = known


class NotFound(LigninError):
    """No record answers the question."""


class NoInstance(NotFound):
    """No instance upwards from the working directory, in the environment, or by default."""


class MultipleFound(LigninError):
    """One record was asked for and several answer.

    Attributes:
        uids: the uids of the first few of them.
    """

    def __init__(self, message: str, *, uids: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.uids = uids


class StorageError(LigninError):
    """Bytes could not be read or written."""


class BytesGone(StorageError):
    """The record is there, its bytes are not."""


class ContentChanged(StorageError):
    """The bytes are not those that were recorded."""


class FormatError(LigninError):
    """A file or object that can't be read or written as what it claims to be."""


class MissingExtra(FormatError):
    """The package that reads this format is not installed."""


class Locked(LigninError):
    """The record is locked against change."""


class SchemaVersionError(LigninError):
    """The database is older or newer than this code."""


class TrackingError(LigninError):
    """A run can't be started, finished or found."""


class SpoolError(LigninError):
    """A spool that can't be read."""


class ValidationError(LigninError):
    """A dataset, or an annotation, does not satisfy its schema.

    Attributes:
        report: everything that was found, a `lignin.schema.Report`.
    """

    def __init__(self, report: Any) -> None:
        super().__init__(report.text())
        self.report = report

    @property
    def by_column(self) -> Mapping[str, tuple[Any, ...]]:
        """The problems of each column, by slot and column."""
        found: dict[str, tuple[Any, ...]] = {}
        for problem in self.report.problems:
            found[problem.where] = (*found.get(problem.where, ()), problem)
        return found
