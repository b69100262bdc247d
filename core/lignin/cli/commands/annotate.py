"""`lignin annotate`."""

import sys
from pathlib import Path

import click

from lignin.base.errors import UsageError
from lignin.base.messages import say
from lignin.cli.options import registry_option
from lignin.cli.place import here
from lignin.cli.resolve import resolve

__all__ = ["command"]


@click.command("annotate")
@click.argument("name", metavar="KEY|UID", required=False)
@click.option("--key", hidden=True, help="The same as KEY.")
@registry_option
@click.option("--readme", metavar="FILE", help="Its page, in Markdown; - reads standard input. Earlier versions are kept.")
@click.option("--comment", metavar="TEXT", multiple=True, help="A comment; may be repeated.")
def command(*, name: str | None, key: str | None, registry: str | None, readme: str | None, comment: tuple[str, ...]) -> None:
    """Write about a record: its page, comments."""
    wanted = key if name is None else name
    if wanted is None or (name is not None and key is not None):
        raise UsageError("say which record, by its key or uid: lignin annotate KEY --comment TEXT")
    if readme is None and not comment:
        raise UsageError("say what to annotate it with: --readme FILE or --comment TEXT")
    record = resolve(here(), wanted, registry=registry)
    page = None if readme is None else _read(readme)
    if page is not None:
        record.notes.readme = page
    for text in comment:
        record.notes.comment(text)
    say("✓", f"annotated {type(record).__name__} {record.uid}")


def _read(name: str) -> str:
    try:
        content: bytes = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise UsageError(f"{name} is no text in UTF-8: {e.reason} at byte {e.start}. Convert it first.") from e
    except OSError as e:
        raise UsageError(f"can't read {name}: {e.strerror or e}") from e
