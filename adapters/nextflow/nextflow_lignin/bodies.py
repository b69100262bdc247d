"""The processes that a script defines, each with its body as Nextflow's parser keeps it.

The plug-in is told a process's source by Nextflow, whose hash names the process's code. Here the same text is cut out of the
script, as the parser of Nextflow 25.04 does it (`NextflowDSLImpl.readSource`): the statements after `script:`, `shell:` or `exec:`, each
with the indent of its first line, comments and blank lines between them left out. Where a statement's end is not plain, nothing is told.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Definitions", "read_definitions"]

_PROCESS = re.compile(r"^[ \t]*process[ \t]+(\w+)\s*\{", re.MULTILINE)
_LABEL = re.compile(r"^[ \t]*(script|shell|exec|stub|input|output|when|topic)[ \t]*:", re.MULTILINE)
_INCLUDE = re.compile(r"^[ \t]*include\s*\{([^}]*)\}\s*from\s*\(?\s*(['\"])", re.MULTILINE)
_BODIES = ("script", "shell", "exec")
_OPEN, _CLOSE = "([{", ")]}"
# A line that ends or begins so goes on over the line break, or may: only the first kind is sure.
_GOES_ON = re.compile(r"[=,.?:&|(\[{]$|\b(?:return|in|as)$")
_CONTINUES = re.compile(r"\.|\?\.|else\b|catch\b|finally\b")
_UNSURE_END, _UNSURE_BEGIN = re.compile(r"[-+*/%<>!~]$"), re.compile(r"[-+*/%?:&|<>=,)\]}]")
_SLASHY_AFTER = "=(,[~:?{!&|"
_STRING = "\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """What a script defines and includes.

    Attributes:
        sources: by the names of its processes, their bodies; `None` where a body can't be told.
        includes: by the name here, the name there and the module as it is written.
    """

    sources: Mapping[str, str | None]
    includes: Mapping[str, tuple[str, str]]


def read_definitions(text: str) -> Definitions:
    """The processes and includes of a script."""
    code = _masked(text)
    sources: dict[str, str | None] = {}
    for found in _PROCESS.finditer(code):
        end = _closing(code, found.end() - 1)
        if end is not None:
            sources[found[1]] = None if found[1] in sources else _body(text, code, found.end(), end)
    return Definitions(sources=sources, includes=dict(_includes(text, code)))


def _includes(text: str, code: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for found in _INCLUDE.finditer(text):
        # Not in a comment or string.
        if not code[found.start() : found.end()].strip():
            continue
        module = text[found.end() : text.find(found[2], found.end())]
        for part in re.split(r"[;,\n]", found[1]):
            if named := re.fullmatch(r"\s*(\w+)(?:\s+as\s+(\w+))?\s*", part):
                yield named[2] or named[1], (named[1], module)


def _body(text: str, code: str, begin: int, end: int) -> str | None:
    """The source of a process, between its braces."""
    labels = [found for found in _LABEL.finditer(code, begin, end) if _depth(code, begin, found.start()) == 0]
    own = [found for found in labels if found[1] in _BODIES]
    if len(own) > 1 or any(found[1] == "stub" and not own for found in labels):
        return None
    start = own[0].end() if own else labels[-1].end() if labels else begin
    following = [found.start() for found in labels if found.start() > start]
    statements = _statements(code, start, min([*following, end]))
    if not statements:
        return None
    if not own:
        # Without a label the last statement is the script, if it is a text.
        statements = statements[-1:]
        if code[statements[0][0]] != _STRING:
            return None
    return "".join(_source(text, first, last) for first, last in statements)


def _source(text: str, first: int, last: int) -> str:
    line = text[text.rfind("\n", 0, first) + 1 : first]
    indent = line[: len(line) - len(line.lstrip(" "))]
    return f"{indent}{text[first:last]}\n"


def _statements(code: str, begin: int, end: int) -> list[tuple[int, int]] | None:
    """Where each statement begins and ends; `None` where that is not plain."""
    found: list[tuple[int, int]] = []
    place, open_at = begin, None
    for raw in code[begin:end].splitlines(keepends=True):
        line = raw.strip()
        if line:
            first = place + len(raw) - len(raw.lstrip())
            last = place + len(raw.rstrip())
            is_within = open_at is not None or bool(found and (_CONTINUES.match(line) or _GOES_ON.search(code[: found[-1][1]][-20:])))
            if not is_within and found and (_UNSURE_BEGIN.match(line) or _UNSURE_END.search(code[found[-1][1] - 1 : found[-1][1]])):
                return None
            if is_within:
                found[-1] = found[-1][0], last
            else:
                found.append((first, last))
            depth = _depth(code, found[-1][0], last)
            if depth < 0 or (depth == 0 and ";" in line):
                return None
            open_at = found[-1][0] if depth else None
        place += len(raw)
    return None if open_at is not None else found


def _depth(code: str, begin: int, end: int) -> int:
    part = code[begin:end]
    return sum(part.count(sign) for sign in _OPEN) - sum(part.count(sign) for sign in _CLOSE)


def _closing(code: str, place: int) -> int | None:
    """Where the brace that opens here is closed."""
    depth = 0
    for at in range(place, len(code)):
        depth += (code[at] == "{") - (code[at] == "}")
        if depth == 0:
            return at
    return None


def _masked(text: str) -> str:
    """The text with comments as spaces, and strings as signs of their own, line breaks kept outside of strings."""
    found: list[str] = []
    place = 0
    while place < len(text):
        end, sign = _token(text, place, found)
        piece = text[place:end]
        found.append(piece if sign is None else "".join(c if c == "\n" and sign == " " else sign for c in piece))
        place = end
    return "".join(found)


def _token(text: str, place: int, before: list[str]) -> tuple[int, str | None]:
    """The end of the comment or string that begins here, and what it is masked with; the next place where none does."""
    if text.startswith("//", place):
        end = text.find("\n", place)
        return (len(text) if end < 0 else end), " "
    if text.startswith("/*", place):
        end = text.find("*/", place + 2)
        return (len(text) if end < 0 else end + 2), " "
    if text.startswith("#!", place) and place == 0:
        return max(text.find("\n"), 1), " "
    for quote in ('"""', "'''", '"', "'"):
        if text.startswith(quote, place):
            return _string_end(text, place + len(quote), quote), _STRING
    if text.startswith("$/", place):
        end = text.find("/$", place + 2)
        return (len(text) if end < 0 else end + 2), _STRING
    if text[place] == "/":
        last = "".join(before[-200:]).rstrip()[-1:]
        if last and last in _SLASHY_AFTER:
            return _string_end(text, place + 1, "/"), _STRING
    return place + 1, None


def _string_end(text: str, place: int, quote: str) -> int:
    """Behind the quote that ends a string; what stands in `${…}` may hold strings of its own."""
    while place < len(text):
        if text[place] == "\\":
            place += 2
        elif text.startswith(quote, place):
            return place + len(quote)
        elif text.startswith("${", place) and quote[0] != "'":
            place = _expression_end(text, place + 2)
        elif text[place] == "\n" and quote in {'"', "'"}:
            return place
        else:
            place += 1
    return len(text)


def _expression_end(text: str, place: int) -> int:
    depth = 1
    while place < len(text) and depth:
        for quote in ('"""', "'''", '"', "'"):
            if text.startswith(quote, place):
                place = _string_end(text, place + len(quote), quote)
                break
        else:
            depth += (text[place] == "{") - (text[place] == "}")
            place += 1
    return place
