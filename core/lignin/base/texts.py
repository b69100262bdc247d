"""What a text may hold that is stored, and what a name may: names that look alike are the same, or can be told apart.

A name is kept in Unicode's composed form (NFC), since an `é` looks the same however it was typed. Signs that
nobody sees (control characters, marks of direction, spaces without width) are refused, since they make two
names of what looks like one. Letters of other scripts that resemble each other are not told apart.
"""

import unicodedata

__all__ = ["MAX_INDEXED", "composed", "problem_of_name", "problem_of_text", "shown", "size_of"]

# PostgreSQL's indexes hold 2,704 bytes of an entry, with what belongs to it.
MAX_INDEXED = 2_400
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
# Joiners shape words of several scripts, and signs such as the Arabic number sign are visible.
_SEEN = {0x200C, 0x200D, *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
_BLANK = "\u115f\u1160\u3164\uffa0"


def composed(name: str) -> str:
    """A name as it is kept: in Unicode's composed form."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def problem_of_text(text: str) -> str | None:
    """Why no database takes a text, or `None`."""
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        return "it holds control characters that can't be stored as text: NUL, or half of a surrogate pair"
    return None


def problem_of_name(name: str) -> str | None:
    """Why a text can't name anything, or `None`."""
    if not name.strip():
        return "it is empty"
    if name != name.strip():
        return "it begins or ends with white space"
    if name.isascii():
        return None if name.isprintable() else "it holds control characters"
    for character in name:
        kind = unicodedata.category(character)
        if kind in _CONTROL:
            return "it holds control characters"
        if (kind == "Cf" and ord(character) not in _SEEN) or character in _BLANK:
            return f"it holds an invisible character ({unicodedata.name(character, f'U+{ord(character):04X}')})"
    return None


def size_of(text: str) -> int:
    """The bytes of a text in a database."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def shown(value: object) -> str:
    """A value in a message: what Python writes of it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
