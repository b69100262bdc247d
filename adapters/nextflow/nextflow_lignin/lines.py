"""The lines of a plug-in's spool, and the values in them: read with patience, trusted in nothing.

`EVENTS.md` says what they are. A field of another type than it says counts as absent.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from lignin.base.clock import from_iso
from lignin.recording import BadLine

__all__ = ["Line", "distinct", "flag", "items", "moment", "number", "paths_in", "plain", "read_lines", "section", "text"]

Line = Mapping[str, Any]

SCHEMA = 1
_RUN = ("sessionId", "runName", "startedAt")


def read_lines(data: bytes) -> tuple[list[Line], list[BadLine]]:
    """The events in a spool's bytes, and the lines that are none; a torn last line is a bad one that is marked so."""
    lines: list[Line] = []
    bad: list[BadLine] = []
    # What follows the last line break is empty, or torn.
    whole = data.split(b"\n")
    for place, raw in enumerate(whole, 1):
        if not raw.strip():
            continue
        try:
            lines.append(_checked(json.loads(raw.decode())))
        except (ValueError, RecursionError) as e:
            bad.append(BadLine(number=place, problem=str(e)[:300], torn=place == len(whole)))
    return lines, bad


def _checked(line: Any) -> Line:
    if not isinstance(line, dict) or not isinstance(line.get("type"), str):
        raise ValueError("no event of nf-lignin")  # noqa: TRY004 - one kind of failure for all that can't be read
    if not isinstance(line.get("schema"), int) or line["schema"] > SCHEMA:
        raise ValueError(f"schema {line.get('schema')!r}, this Lignin reads {SCHEMA}: upgrade it")
    run = line.get("run")
    if not isinstance(run, dict) or not all(isinstance(run.get(name), str) and run[name] for name in _RUN):
        raise ValueError("it does not say of which run it is")
    from_iso(run["startedAt"])
    from_iso(str(line.get("t")))
    return line


def text(line: Line, name: str) -> str | None:
    """A text, or `None`."""
    value = line.get(name)
    return value if isinstance(value, str) and value else None


def number(line: Line, name: str) -> int | None:
    """A whole number, or `None`."""
    value = line.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def flag(line: Line, name: str) -> bool:
    """Whether something is said to be so."""
    return line.get(name) is True


def items(line: Line, name: str) -> Iterator[Line]:
    """The objects in a list."""
    value = line.get(name)
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def section(line: Line, name: str) -> Line:
    """An object, or an empty one."""
    value = line.get(name)
    return value if isinstance(value, dict) else {}


def moment(line: Line, name: str = "t") -> datetime | None:
    """A moment told as ISO 8601, or `None`."""
    try:
        return from_iso(line[name])
    except (KeyError, ValueError, TypeError):
        return None


def plain(value: Any) -> Any:
    """A value of Nextflow as JSON that a person reads: paths as their text, objects of other classes as theirs."""
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if "$path" in value:
        return value["$path"]
    if "$type" in value:
        return value["$text"] if isinstance(value.get("$text"), str) else f"<{value['$type']}>"
    if "$truncated" in value:
        return _shortened(value)
    if "$deep" in value:
        return f"<{value['$deep']}>"
    return {name[1:] if name.startswith("$$") else name: plain(inner) for name, inner in value.items()}


def _shortened(value: Mapping[str, Any]) -> Any:
    head, whole = plain(value.get("$head")), value["$truncated"]
    if isinstance(head, list):
        return [*head, f"… of {whole}"]
    if isinstance(head, dict):
        return {**head, "…": f"of {whole}"}
    return f"{head}… ({whole} characters)"


def paths_in(value: Any) -> Iterator[str]:
    """The paths anywhere in a value."""
    if isinstance(value, list):
        for inner in value:
            yield from paths_in(inner)
    elif isinstance(value, dict):
        if isinstance(value.get("$path"), str):
            yield value["$path"]
        elif "$truncated" in value:
            yield from paths_in(value.get("$head"))
        else:
            yield from paths_in(list(value.values()))


def distinct(lines: Iterable[Line]) -> list[Line]:
    """Each line once, in the order in which they were written."""
    by_text = {json.dumps(line, sort_keys=True): line for line in lines}
    return [line for _, line in sorted(by_text.items(), key=lambda item: (number(item[1], "seq") or 0, item[0]))]
