"""`lignin annotate`."""

import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.cli.filters import parse_value
from lignin.cli.options import registry_option
from lignin.cli.place import here
from lignin.cli.resolve import resolve
from lignin.instance import Instance
from lignin.model import Feature

__all__ = ["command"]

# Dtypes whose values are more than texts.
_PARSED = ("int", "float", "num", "bool", "dict", "list")


@click.command("annotate")
@click.argument("name", metavar="KEY|UID", required=False)
@click.option("--key", hidden=True, help="The same as KEY.")
@registry_option
@click.option("--feature", "--features", "features", metavar="NAME=VALUE", multiple=True, help="A value of a feature; may be repeated. Numbers, lists, true and false are read as such.")
@click.option("--readme", metavar="FILE", help="Its page, in Markdown; - reads standard input. Earlier versions are kept.")
@click.option("--comment", metavar="TEXT", multiple=True, help="A comment; may be repeated.")
def command(*, name: str | None, key: str | None, registry: str | None, features: tuple[str, ...], readme: str | None, comment: tuple[str, ...]) -> None:
    """Say more of a record: features, its page, comments.

    A feature of labels takes more of them; of several values, one option each or a list: drugs='["DMSO", "IFNG"]'.
    """
    wanted = key if name is None else name
    if wanted is None or (name is not None and key is not None):
        raise UsageError("say which record, by its key or uid: lignin annotate KEY --comment TEXT")
    if readme is None and not comment and not features:
        raise UsageError("say what to annotate it with: --feature NAME=VALUE, --readme FILE or --comment TEXT")
    instance = here()
    record = resolve(instance, wanted, registry=registry)
    page = None if readme is None else _read(readme)
    if features:
        # Checked before anything is written.
        instance.features(record).add_values(_values(instance, features))
    if page is not None:
        record.notes.readme = page
    for text in comment:
        record.notes.comment(text)
    say("✓", f"annotated {type(record).__name__} {record.uid}")


def _values(instance: Instance, texts: tuple[str, ...]) -> Mapping[str, Any]:
    """Values by feature, of which several of one feature are a list. What a feature of texts is to hold is taken as it was typed."""
    given: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"a feature is written name=value, not {text!r}. For example: --feature gc_content=0.55")
        given.setdefault(name, []).append(value)
    known = instance.query(Feature).filter(name__in=list(given), is_type=False)
    dtypes = {feature.name: str(feature.dtype) for feature in known}
    return {name: _joined([_value(text, dtypes.get(name, "")) for text in listed]) for name, listed in given.items()}


def _joined(values: list[Any]) -> Any:
    """One value as it is, several as a list."""
    return values[0] if len(values) == 1 else [inner for value in values for inner in (value if isinstance(value, list) else [value])]


def _value(text: str, dtype: str) -> Any:
    """What a text stands for. A label or text may look like a number."""
    value = parse_value(text)
    is_parsed = isinstance(value, list) if dtype.startswith("cat") else dtype.startswith(_PARSED)
    # To Python NaN is JSON, too.
    is_nan = isinstance(value, float) and math.isnan(value)
    return value if is_parsed and not is_nan else text


def _read(name: str) -> str:
    try:
        content: bytes = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise UsageError(f"{name} is no text in UTF-8: {e.reason} at byte {e.start}. Convert it first.") from e
    except OSError as e:
        raise UsageError(f"can't read {name}: {e.strerror or e}") from e
