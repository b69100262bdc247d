"""Secrets are taken out before anything is stored."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

__all__ = ["REDACTED", "is_secret_name", "redact", "redact_text", "redact_url"]

REDACTED = "***"

_NAME = re.compile(
    r"(pass(word|wd|phrase)?$|passwd|password|secret|token$|_token|token_|api_?key|access_?key|private_?key|"
    r"credential|auth(orization)?$|bearer|session_?id|cookie|signature$|conn(ection)?_?str)",
    re.IGNORECASE,
)
_TEXT = (
    re.compile(r"(?P<keep>[a-zA-Z][\w+.-]*://[^\s:/@'\"]*:)[^\s@'\"/]+(?=@)"),
    re.compile(r"(?P<keep>\bBearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(?P<keep>\b[\w-]*(?:password|passwd|secret|token|api_?key|access_?key|private_?key|credential)[\w-]*"
        r"['\"]?\s*[:=]\s*)(?P<quote>['\"])[^'\"\n]+(?P=quote)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<keep>(?:^|\s)--?[\w-]*(?:password|passwd|secret|token|api-?key|access-?key)[\w-]*[=\s])[^\s'\"-][^\s'\"]*",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<keep>\b[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY)[A-Z0-9_]*=)[^\s'\"]+"
    ),
    re.compile(r"(?P<keep>\b)(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"(?P<keep>\b)gh[pousr]_[A-Za-z0-9]{20,}\b"),
    re.compile(r"(?P<keep>\b)(?:sk|pk|rk)[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9_-]{20,}\b"),
    re.compile(r"(?P<keep>\b)xox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"(?P<keep>\b)eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"),
    re.compile(r"(?P<keep>-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]+?(?=-----END)"),
    re.compile(
        r"(?P<keep>[?&](?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|sig|signature|token|access_token)=)[^&\s'\"]+"
    ),
)


def is_secret_name(name: str) -> bool:
    """Whether a parameter, variable or option of this name is likely to hold a secret."""
    return _NAME.search(name) is not None


def redact(value: Any, *, name: str = "") -> Any:
    """`value` with everything that looks secret replaced by `***`, through dicts and lists."""
    if name and is_secret_name(name) and value is not None and not isinstance(value, bool):
        return REDACTED
    if isinstance(value, dict):
        return {key: redact(inner, name=str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [redact(inner) for inner in value]
    if isinstance(value, tuple):
        return tuple(redact(inner) for inner in value)
    return redact_text(value) if isinstance(value, str) else value


def redact_text(text: str) -> str:
    """A text (source, command line, log, error) without passwords, tokens and keys."""
    for pattern in _TEXT:
        text = pattern.sub(_blank, text)
    return text


def redact_url(url: str) -> str:
    """A URL without its password, and without signed query parameters."""
    parts = urlsplit(url)
    if parts.password is None:
        return redact_text(url)
    user, _, place = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}:{REDACTED}@{place}"
    return redact_text(urlunsplit(parts._replace(netloc=netloc)))


def _blank(match: re.Match[str]) -> str:
    quote = match.groupdict().get("quote") or ""
    return f"{match['keep']}{quote}{REDACTED}{quote}"
