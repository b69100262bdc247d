"""Identifiers: short, URL-safe, unique.

A uid is base62. A versioned record's uid is a stem, the same for the whole family, and four
characters that count the versions. Lengths follow LaminDB, so that uids stay familiar.
"""

import hashlib
import os

__all__ = [
    "ALPHABET",
    "FIRST_VERSION",
    "VERSION_LENGTH",
    "derived_uid",
    "digest",
    "new_uid",
    "next_version",
    "stem_of",
]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VERSION_LENGTH = 4
FIRST_VERSION = "0" * VERSION_LENGTH

# What a random byte stands for: each character as likely as any other.
_LETTERS, _LEFT_OUT = (ALPHABET * 5).encode()[:256], bytes(range(4 * len(ALPHABET), 256))
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)


def new_uid(length: int) -> str:
    """A random uid of `length` base62 characters (16 characters hold 95 bits), from the system's source of chance."""
    uid = b""
    while len(uid) < length:
        # A few more than are needed, since one byte in 32 is none of four times 62.
        uid += os.urandom(length + 4).translate(_LETTERS, _LEFT_OUT)
    return uid[:length].decode()


def derived_uid(text: str, *, length: int = 16) -> str:
    """The uid that always belongs to `text`: the same on every machine, in every process."""
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")
    return _base62(number, length)


def next_version(uid: str) -> str:
    """The uid of the version after `uid`, in the same family.

    >>> next_version("Pugv6wbg8DIZMbfv0009")
    'Pugv6wbg8DIZMbfv000A'
    """
    number = 0
    for character in uid[-VERSION_LENGTH:]:
        number = number * 62 + ALPHABET.index(character)
    return stem_of(uid) + _base62(number + 1, VERSION_LENGTH)


def stem_of(uid: str) -> str:
    """The part of a versioned uid that the whole family shares."""
    return uid[:-VERSION_LENGTH]


def digest(text: str) -> str:
    """A short hexadecimal fingerprint of a text (BLAKE2b, 128 bits): for sources and families."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _base62(number: int, length: int) -> str:
    """The last `length` base62 digits of a number, two at a time."""
    pairs = []
    for _ in range((length + 1) // 2):
        number, rest = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[rest])
    pairs.reverse()
    return "".join(pairs)[-length:]
