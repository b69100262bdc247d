"""The dtype language, read from text."""

import re
from typing import NoReturn

from lignin.base.errors import DtypeError
from lignin.schema.dtype import (
    BARE,
    Categorical,
    Dtype,
    Filter,
    Kind,
    ListOf,
    Simple,
    Target,
)

__all__ = ["parse_dtype", "parse_target"]

_WORD = re.compile(r"[^\W\d]\w*")
_PATH = re.compile(r"[^\W\d]\w*")
_REGISTRY = re.compile(r"(?:[^\W\d]\w*\.)*?[A-Z]\w*")
_ZONED = re.compile(r"datetime64\[(?:s|ms|us|ns)(?:\s*,\s*(?P<zone>[\w/+:-]+))?\]")
_KINDS = {str(kind): kind for kind in Kind}
_MEANT = {
    "boolean": "bool", "category": "cat", "categorical": "cat", "double": "float", "integer": "int", "json": "dict", "number": "num",
    "numeric": "num", "object": "str or dict", "string": "str", "text": "str", "timestamp": "datetime",
}
_DEEPEST = 16


def parse_dtype(text: str) -> Dtype:
    """The dtype that a text writes.

    Raises:
        DtypeError: it writes none; the message points at the character.
    """
    reader = _Reader(text)
    found = reader.dtype(depth=0)
    reader.end()
    return found


def parse_target(text: str) -> Target:
    """The place that terms come from, as it stands inside `cat[…]`: `bionty.CellType.ontology_id`.

    Raises:
        DtypeError: it writes none.
    """
    reader = _Reader(text)
    found = reader.target()
    reader.end()
    return found


class _Reader:
    """Goes through a text from left to right; white space around signs means nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def dtype(self, *, depth: int) -> Dtype:
        start = self._skip()
        if depth > _DEEPEST:
            self._fail(f"lists stand more than {_DEEPEST} deep in each other")
        if match := _ZONED.match(self._text, start):
            self._at = match.end()
            return Simple(kind=Kind.DATETIME, zone=match["zone"])
        word = self._word("a dtype")
        if word == "list":
            self._expect("[")
            item = self.dtype(depth=depth + 1)
            self._expect("]")
            return ListOf(item=item)
        if word == "cat":
            return self._categorical()
        if word not in _KINDS:
            self._at = start
            self._fail(_unknown(word))
        return Simple(kind=_KINDS[word])

    def target(self) -> Target:
        start = self._skip()
        match = _REGISTRY.match(self._text, start)
        if match is None:
            self._fail("expected a registry, which is written with a capital letter, such as ULabel or bionty.CellType")
        self._at = match.end()
        types, filters = self._types_or_filters()
        field = None
        if not filters and self._take("."):
            field = self._word("a field")
            filters = self._filters() if self._take("[") else ()
        elif not filters and types and self._take("["):
            filters = self._filters()
        return Target(registry=match.group(), types=types, field=field, filters=filters)

    def end(self) -> None:
        if self._skip() < len(self._text):
            self._fail("expected the end")

    def _categorical(self) -> Categorical:
        if not self._take("["):
            return Categorical()
        targets: list[Target] = []
        while True:
            start = self._skip()
            target = self.target()
            if target in targets:
                self._at = start
                self._fail(f"{target} stands here twice")
            targets.append(target)
            if not self._take("|"):
                break
        self._expect("]")
        return Categorical(targets=tuple(targets))

    def _types_or_filters(self) -> tuple[tuple[str, ...], tuple[Filter, ...]]:
        """What follows a registry's name: a type in brackets, or filters, which have an equals sign."""
        if not self._take("["):
            return (), ()
        if re.compile(r"\s*[^\W\d]\w*\s*=").match(self._text, self._at):
            return (), self._filters()
        types: list[str] = []
        while True:
            types.append(self._named("a type"))
            if not self._take("["):
                break
        for _ in types:
            self._expect("]")
        return tuple(types), ()

    def _filters(self) -> tuple[Filter, ...]:
        found: list[Filter] = []
        while True:
            start = self._skip()
            match = _PATH.match(self._text, start)
            if match is None:
                self._fail("expected a filter, such as organism__name='human'")
            if any(match.group() == other.path for other in found):
                self._fail(f"{match.group()} is filtered twice")
            self._at = match.end()
            self._expect("=")
            found.append(Filter(path=match.group(), value=self._named("a value")))
            if not self._take(","):
                break
        self._expect("]")
        return tuple(found)

    def _named(self, what: str) -> str:
        """A name or value, bare or in quotes."""
        start = self._skip()
        quote = self._text[start : start + 1]
        if quote not in {"'", '"'} or not quote:
            match = BARE.match(self._text, start)
            if match is None:
                self._fail(f"expected {what}")
            self._at = match.end()
            return match.group()
        characters: list[str] = []
        at = start + 1
        while at < len(self._text) and self._text[at] != quote:
            at += self._text[at] == "\\"
            characters.append(self._text[at : at + 1])
            at += 1
        if at >= len(self._text):
            self._fail("the quote that opens here is never closed")
        self._at = at + 1
        return "".join(characters)

    def _word(self, what: str) -> str:
        match = _WORD.match(self._text, self._skip())
        if match is None:
            self._fail(f"expected {what}")
        self._at = match.end()
        return match.group()

    def _skip(self) -> int:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at

    def _take(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._skip())
        self._at += len(sign) if found else 0
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            self._fail(f"expected {sign!r}")

    def _fail(self, why: str) -> NoReturn:
        # Long texts are shown around the place.
        first = max(0, self._at - 60)
        piece = "".join(c if c.isprintable() else "?" for c in self._text[first : self._at + 20])
        raise DtypeError(
            f"this is no dtype: {why} at character {self._at + 1}\n    {piece}\n    {' ' * (self._at - first)}^\n"
            "Write for example int, list[str], cat[ULabel] or cat[bionty.CellType.ontology_id].",
            text=self._text,
            position=self._at,
        )


def _unknown(word: str) -> str:
    meant = _MEANT.get(word.lower()) or (word.lower() if word.lower() in {*_KINDS, "cat", "list"} else None)
    stripped = re.sub(r"\d+$", "", word.lower()).removeprefix("u")
    meant = meant or (stripped if stripped in {"int", "float"} else None)
    if meant is None and word[:1].isupper():
        meant = f"cat[{word}]"
    return f"there is no type {word!r}" + (f" (did you mean {meant}?)" if meant else f"; there are cat, list and {', '.join(_KINDS)}")
