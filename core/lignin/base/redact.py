"""Secrets are taken out before anything is stored.

What is a secret is told by its name (`password`, `--api-key`, `clientSecret`, `DB_TOKEN=`) or by its form
(a cloud's key, a signed token, a private key). Names are judged by their words, so that `author`,
`max_tokens`, `barcode_key` and `secretome` stay. Every pattern takes time in proportion to the text.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit, urlunsplit

__all__ = ["REDACTED", "is_secret_name", "option_before", "redact", "redact_text", "redact_url"]

REDACTED = "***"

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_INSIDE = ("password", "passwd", "passphrase", "passcode", "credential", "apikey", "accesskey", "privatekey", "sessionid")
_ENDINGS = ("token", "secret", "secrets", "authorization")
_LAST = {"auth", "bearer", "cookie", "cookies"}
_WHOLE = {"pwd", "secret", "secrets", "bearer", "sig"}
_PAIRS = {
    *((first, "key") for first in ("api", "access", "private", "ssh", "encryption", "signing", "master", "account", "secret")),
    *((first, "pass") for first in ("db", "smtp", "ftp", "user", "login", "mysql", "pg")),
    *((first, last) for first in ("connection", "conn") for last in ("string", "str")),
    ("session", "id"), ("amz", "signature"), ("amz", "credential"), ("token", "value"), ("token", "id"),
}  # fmt: skip

# A name and what stands before its value, which is quoted or not.
_VALUE = re.compile(r"\"[^\"\n]+\"|'[^'\n]+'|[^\s'\",;)}\]&]+")
_NAMED = (
    re.compile(r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{0,80})['\"]?(?P<sep>\s{0,4}[:=]\s{0,4})"),
    re.compile(r"(?<![^\s'\"\[(,])--?(?P<name>[A-Za-z][\w-]{0,60})(?P<sep>[ \t]{1,4}|=)(?!-)"),
    re.compile(r"[?&](?P<name>[\w.-]{1,60})(?P<sep>=)"),
)
# In source code these are types, constants and references, no secrets.
_NO_VALUE = re.compile(r"(str|int|bool|bytes|float|Any|None|True|False|null|true|false|Secret\w*|Optional\[?.*|\$.*|\{.*|\*\*\*|Bearer|Basic)", re.IGNORECASE)

_FORMS = (
    re.compile(r"(?P<keep>://[^\s:/@'\"]{0,200}:)[^\s'\"/]{1,500}(?=@)"),
    re.compile(r"(?P<keep>\bAuthorization['\"]?\s{0,4}[:=]\s{0,4}['\"]?\w{1,20}\s{1,4})[^\s'\"]+", re.IGNORECASE),
    re.compile(r"(?P<keep>\bBearer\s{1,4})(?=[^\s\d]{0,200}\d)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(?P<keep>-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:(?!-----)[\s\S])+"),
    re.compile(r"(?P<keep>\bmysql(?:dump|admin)?\s[^\n|;]{0,200}?\s-p)\S+"),
    re.compile(r"(?P<keep>\b)(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?P<keep>\b)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})"),
    re.compile(r"(?P<keep>\b)(?:[spr]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-(?=[^\d\s]{0,60}\d)[\w-]{20,}|hf_[A-Za-z0-9]{30,}|AIza[\w-]{30,})"),
    re.compile(r"(?P<keep>\b)xox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"(?P<keep>\b)eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"),
)


def is_secret_name(name: str) -> bool:
    """Whether a parameter, variable or option of this name is likely to hold a secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if words[-1].endswith(_ENDINGS) or words[-1] in _LAST or not _WHOLE.isdisjoint(words):
        return True
    if any(part in word for word in words for part in _INSIDE):
        return True
    return any((first, last.removesuffix("s")) in _PAIRS or (first, last) in _PAIRS for first, last in pairwise(words))


def redact(value: Any, *, name: str = "") -> Any:
    """`value` with everything that looks secret replaced by `***`, through dicts and lists."""
    if name and is_secret_name(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    if isinstance(value, dict):
        return {key: redact(inner, name=str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        cleaned = [redact(inner, name=option_before(value, place)) for place, inner in enumerate(value)]
        return cleaned if isinstance(value, list) else tuple(cleaned)
    return redact_text(value) if isinstance(value, str) else value


def option_before(values: Sequence[Any], place: int) -> str:
    """The option that the item at `place` of a command line answers, as `--token` in `["--token", "x"]`; else nothing."""
    before = values[place - 1] if place else None
    if not isinstance(before, str) or not before.startswith("-") or "=" in before:
        return ""
    return before.lstrip("-").replace("-", "_")


def redact_text(text: str) -> str:
    """A text (source, command line, log, error) without passwords, tokens and keys."""
    for pattern in _FORMS:
        text = pattern.sub(_blank, text)
    for pattern in _NAMED:
        text = "".join(_blanked(pattern, text))
    return text


def redact_url(url: str) -> str:
    """A URL without its password, and without signed query parameters; what is none, as a text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return redact_text(url)
    if parts.password is None:
        return redact_text(url)
    user, _, place = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}:{REDACTED}@{place}"
    return redact_text(urlunsplit(parts._replace(netloc=netloc)))


def _blank(match: re.Match[str]) -> str:
    return f"{match['keep']}{REDACTED}"


def _blanked(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The text in pieces, without the values of secret names; a value may hold names of its own."""
    told = 0
    for match in pattern.finditer(text):
        if match.end() < told or not is_secret_name(match["name"]):
            continue
        found = _VALUE.match(text, match.end())
        if found is None or _NO_VALUE.fullmatch(found[0]):
            continue
        quote = found[0][0] if found[0][0] in "'\"" else ""
        if not quote and match["sep"].strip() == "=" and match["sep"] != "=":
            # `token = read()` in source: what is not quoted is a name.
            continue
        yield f"{text[told : match.end()]}{quote}{REDACTED}{quote}"
        told = found.end()
    yield text[told:]
