r"""Events as JSON lines: protocol version 1.

    {"v": 1, "event": "started", "run": RUN, "name": …, "at": ISO, "parent": RUN, "code": {…}, …}
    {"v": 1, "event": "used" | "produced", "run": RUN, "ref": {"uri": …, …}, "role": …}
    {"v": 1, "event": "ended", "run": RUN, "status": …, "at": ISO, "error": …, "reused": RUN}

with RUN = {"engine": …, "scope": …, "id": …, "attempt": …}. Field names are those of `events`.
Absent and `null` mean the same. A reader ignores fields that it does not know, so that a newer
writer may add some; it refuses another `v`. What no database takes in a text, a NUL or a lone
surrogate, is read as `\0` and `\udcff`; in a RUN it is refused. What names something may be 2,400 bytes
long, as much as a database finds again: a RUN, a URI, and a code's reference, key and hash together.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from lignin.base.clock import from_iso, to_iso
from lignin.base.errors import SpoolError
from lignin.base.texts import MAX_INDEXED, size_of
from lignin.recording.events import (
    Code,
    Ended,
    Event,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
)

__all__ = ["VERSION", "dump", "load"]

VERSION = 1
_MAX_SHORT = 255


def dump(event: Event) -> str:
    """An event as one line of JSON, without the line's end."""
    # Put together here from parts that come again and again: an engine waits for it.
    head = f'{{"v":{VERSION},"event":"{_NAMES[type(event)]}","run":{_run_text(event.run)}'
    match event:
        case Started():
            parent = f',"parent":{_run_text(event.parent)}' if event.parent else ""
            code = f',"code":{_code_text(event.code)}' if event.code else ""
            maps = {"params": event.params, "info": event.info, "environment": event.environment}
            rest = {name: dict(value) for name, value in maps.items() if value}
            return f'{head},"name":{_encode(event.name)},"at":"{to_iso(event.at)}"{parent}{code}{"," if rest else ""}{_encode(rest)[1:]}'
        case Used() | Produced():
            role = f',"role":{_encode(event.role)}' if event.role else ""
            return f'{head},"ref":{_ref_text(event.ref)}{role}}}'
        case Ended():
            error = "" if event.error is None else f',"error":{_encode(event.error)}'
            reused = f',"reused":{_run_text(event.reused)}' if event.reused else ""
            return f'{head},"status":{_encode(event.status.value)},"at":"{to_iso(event.at)}"{error}{reused}}}'


def load(line: str) -> Event:
    """Read one line.

    Raises:
        SpoolError: the line is no event of this protocol; the message says what is wrong.
    """
    try:
        fields = _decode(line)
        if not isinstance(fields, dict):
            raise SpoolError("not a JSON object")  # noqa: TRY301 - one message for all ways to be malformed
        if fields.get("v") != VERSION:
            raise SpoolError(f"protocol version {fields.get('v')!r}, this Lignin reads {VERSION}")  # noqa: TRY301
        return _READERS[fields["event"]](fields)
    except SpoolError:
        raise
    except KeyError as e:
        raise SpoolError(f"field or event {e} is missing or unknown") from e
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as e:
        raise SpoolError(f"{type(e).__name__}: {e}") from e


def _present(value: Code | FileRef) -> dict[str, Any]:
    fields = ((name, getattr(value, name)) for name in value.__slots__)
    return {name: inner for name, inner in fields if inner is not None}


@lru_cache(maxsize=1024)
def _run_text(run: RunKey) -> str:
    return f'{{"engine":{_encode(run.engine)},"scope":{_encode(run.scope)},"id":{_encode(run.id)},"attempt":{run.attempt:d}}}'


@lru_cache(maxsize=128)
def _code_text(code: Code) -> str:
    return _encode(_present(code))


@lru_cache(maxsize=1024)
def _ref_text(ref: FileRef) -> str:
    return _encode(_present(ref))


def _decode(line: str) -> Any:
    """What the JSON of a line says."""
    try:
        fields, end = _DECODER.raw_decode(line)
    except ValueError:
        # White space before it, and what is wrong with it, is for the whole decoder to see.
        return _DECODER.decode(line)
    return fields if end == len(line) or line[end:] == "\n" else _DECODER.decode(line)


def _read_run(fields: Mapping[str, Any]) -> RunKey:
    return _run_key(fields.get("engine") or "", fields.get("scope") or "", fields.get("id") or "", fields.get("attempt", 1))


# The lines of a run stand close together, and its parent's name in all of its siblings.
@lru_cache(maxsize=4096, typed=True)
def _run_key(engine: str, scope: str, own: str, attempt: int) -> RunKey:
    if not isinstance(attempt, int) or isinstance(attempt, bool) or not 1 <= attempt < 2**31:
        raise SpoolError(f"attempt must be a whole number from 1, not {attempt!r}")
    for name, part in (("engine", engine), ("scope", scope), ("id", own)):
        if not (part or name == "scope") or _text(part) != part:
            raise SpoolError(f"a run's {name} can't be {part!r}")
    _check_room("a run's name", engine, scope, own)
    return RunKey(engine=engine, scope=scope, id=own, attempt=attempt)


def _text(value: object, *, empty: bool = True) -> str:
    if not isinstance(value, str) or not (value or empty):
        raise SpoolError(f"expected a text, got {value!r}")
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _plain(value: Any) -> Any:
    """A JSON value whose texts any database takes."""
    kind = type(value)
    if kind is int or kind is bool or value is None:
        return value
    match value:
        case str():
            return _text(value)
        case dict():
            return {_text(name): _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case float() if not math.isfinite(value):
            raise SpoolError(f"{value} is no JSON value")
        case _:
            return value


def _check_room(what: str, *parts: str | None) -> None:
    texts = [part for part in parts if part]
    if sum(map(len, texts)) * 4 > MAX_INDEXED and (size := sum(map(size_of, texts))) > MAX_INDEXED:
        raise SpoolError(f"{what} has {size} bytes, {MAX_INDEXED} are allowed")


def _check_short(what: str, text: str | None) -> None:
    if text is not None and len(text) * 4 > _MAX_SHORT and (size := size_of(text)) > _MAX_SHORT:
        raise SpoolError(f"{what} has {size} bytes, {_MAX_SHORT} are allowed")


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _count(value: object, *, bits: int = 63, signed: bool = False) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not (-(2**bits) if signed else 0) <= value < 2**bits:
        raise SpoolError(f"expected a whole number of {bits} bits, got {value!r}")
    return value


def _mapping(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SpoolError(f"expected an object, got {value!r}")
    return {_text(name): _plain(inner) for name, inner in value.items()}


def _read_ref(fields: Mapping[str, Any]) -> FileRef:
    get = fields.get
    return _file_ref(
        fields["uri"], get("host"), get("size"), get("mtime_ns"), get("inode"),
        get("content_id"), get("n_files"), get("state") or "present", get("key"),
    )  # fmt: skip


# Who uses a file tells of it as its producer did.
@lru_cache(maxsize=8192, typed=True)
def _file_ref(uri: Any, host: Any, size: Any, mtime_ns: Any, inode: Any, content_id: Any, n_files: Any, state: Any, key: Any) -> FileRef:  # noqa: PLR0917 - the cache's key
    uri = _text(uri, empty=False)
    if "://" not in uri:
        raise SpoolError(f"{uri!r} is no URI")
    host, content_id = _optional_text(host), _optional_text(content_id)
    if len(uri) > MAX_INDEXED // 12:
        # Percent signs of a local path are not what it is found by.
        _check_room("the path of a file", unquote(uri, errors="backslashreplace") if uri.startswith("file://") else uri)
    _check_short("the name of a host", host)
    _check_short("a content id", content_id)
    return FileRef(
        uri=uri,
        host=host,
        size=_count(size),
        # Before 1970 in archives that were packed carelessly; inodes of some network file systems fill 64 bits.
        mtime_ns=_count(mtime_ns, signed=True),
        inode=_count(inode, bits=64),
        content_id=content_id,
        n_files=_count(n_files, bits=31),
        state=_STATES.get(state) or RefState(state),
        key=_optional_text(key),
    )


def _read_started(fields: Mapping[str, Any]) -> Started:
    code, parent = fields.get("code"), fields.get("parent")
    return Started(
        run=_read_run(fields["run"]),
        name=_text(fields["name"]),
        at=from_iso(fields["at"]),
        parent=_read_run(parent) if parent else None,
        code=_read_code(code) if code else None,
        params=_mapping(fields.get("params")),
        info=_mapping(fields.get("info")),
        environment=_mapping(fields.get("environment")),
    )


def _read_code(fields: Mapping[str, Any]) -> Code:
    get = fields.get
    return _code(fields["kind"], fields["key"], fields["hash"], get("source"), get("reference"), get("version"), get("description"))


@lru_cache(maxsize=128, typed=True)
def _code(kind: Any, key: Any, own_hash: Any, source: Any, reference: Any, version: Any, description: Any) -> Code:  # noqa: PLR0917 - the cache's key
    code = Code(
        kind=_text(kind),
        key=_text(key, empty=False),
        hash=_text(own_hash),
        source=_optional_text(source),
        reference=_optional_text(reference),
        version=_optional_text(version),
        description=_optional_text(description),
    )
    _check_room("a code's reference, key and hash", code.reference, code.key, code.hash)
    return code


def _read_ended(fields: Mapping[str, Any]) -> Ended:
    reused = fields.get("reused")
    status = _STATUSES.get(fields["status"]) or RunStatus(fields["status"])
    if status in {RunStatus.SCHEDULED, RunStatus.RUNNING}:
        raise SpoolError(f"a run does not end as {status.value!r}")
    return Ended(
        run=_read_run(fields["run"]),
        status=status,
        at=from_iso(fields["at"]),
        error=_optional_text(fields.get("error")),
        reused=_read_run(reused) if reused else None,
    )


def _refuse_constant(name: str) -> None:
    raise SpoolError(f"{name} is no JSON value")


# A look-up takes a tenth of what an enum's call takes, which still says what is wrong with another value.
_STATES = {state.value: state for state in RefState}
_STATUSES = {status.value: status for status in RunStatus}
_NAMES = {Started: "started", Used: "used", Produced: "produced", Ended: "ended"}
# ASCII: no text can break the encoding, and no line can be split by U+2028.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "started": _read_started,
    "used": lambda f: Used(run=_read_run(f["run"]), ref=_read_ref(f["ref"]), role=_text(f.get("role") or "")),
    "produced": lambda f: Produced(run=_read_run(f["run"]), ref=_read_ref(f["ref"]), role=_text(f.get("role") or "")),
    "ended": _read_ended,
}
