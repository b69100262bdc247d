"""What a run may be started with: refused before anything is recorded."""

import os
from collections.abc import Mapping

from lignin.base.errors import UsageError
from lignin.base.texts import MAX_INDEXED, problem_of_text, size_of

__all__ = ["check_params", "check_path", "check_texts"]


def check_texts(**texts: object) -> None:
    """Refuse what is no text, or none that can be stored; `None` is absent.

    Raises:
        UsageError: there is one; the message names it.
    """
    for name, value in texts.items():
        if value is None:
            continue
        if not isinstance(value, str):
            raise UsageError(f"{name} is a text, not {value!r}")
        if name != "source_code" and (problem := problem_of_text(value)):
            raise UsageError(f"{name} can't be {value[:60]!r}: {problem}")
        if name == "key" and (not value.strip() or size_of(value) > MAX_INDEXED):
            raise UsageError(f"the key {value[:60]!r} is empty, or has more than {MAX_INDEXED} bytes")


def check_params(params: object) -> None:
    """Refuse parameters without names.

    Raises:
        UsageError: they are no mapping.
    """
    if params is not None and not isinstance(params, Mapping):
        raise UsageError(f"params are given by name, as in params={{'fdr': 0.05}}, not as {params!r}")


def check_path(path: object) -> None:
    """Refuse what is no path.

    Raises:
        UsageError: it is none.
    """
    if path is not None and (not isinstance(path, str | os.PathLike) or "\0" in os.fsdecode(path)):
        raise UsageError(f"path is the file whose code is run, not {path!r}")
