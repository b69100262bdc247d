"""`lignin lineage`."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from lignin.base.errors import StorageError, UsageError
from lignin.base.messages import say
from lignin.cli.options import registry_option
from lignin.cli.place import here_settled
from lignin.cli.resolve import resolve
from lignin.lineage import Graph, explore, render
from lignin.lineage.draw import tree

__all__ = ["command"]

_SUFFIXES = {".html": "html", ".htm": "html", ".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid", ".txt": "tree", ".json": "json"}


@click.command("lineage")
@click.argument("name", metavar="KEY|UID")
@click.option("--down", is_flag=True, help="What came of it, instead of what led to it.")
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="At most this many runs away. [default: all]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object of nodes and edges.")
@click.option("--format", "form", type=click.Choice(["tree", "mermaid", "svg", "html"]), help="How to draw it. [default: by the suffix of FILE, else tree]")
@click.option("-o", "--output", metavar="FILE", help="Write to a file.")
@registry_option
def command(*, name: str, down: bool, depth: int | None, as_json: bool, form: str | None, output: str | None, registry: str | None) -> None:
    """Show what led to an artifact or run, or what came of it.

    Edges go in the direction of the data: from an input to the run that read it, from a run to its
    output. What is inferred, a copy that nobody recorded, is marked so.
    """
    if as_json and form is not None:
        raise UsageError("--json and --format exclude each other")
    chosen = "json" if as_json else form or (_SUFFIXES.get(Path(output).suffix.lower(), "tree") if output else "tree")
    record = resolve(here_settled(), name, registry=registry)
    graph = explore(record, direction="descendants" if down else "ancestors", depth=depth)
    if output is not None:
        _write(Path(output), _as_json(graph) if chosen == "json" else render(graph, chosen))
    elif chosen == "tree":
        console = Console(highlight=False)
        console.print(tree(graph, width=console.width))
    else:
        click.echo(_as_json(graph) if chosen == "json" else render(graph, chosen), nl=False)


def _as_json(graph: Graph) -> str:
    """The graph, one node or edge a line."""
    nodes = [json.dumps({"id": n.id, "type": n.type, "name": n.name, "engine": n.engine, "status": n.status}) for n in graph.nodes]
    edges = [json.dumps({"source": e.source, "target": e.target, "role": e.role, "kind": e.kind}) for e in graph.edges]
    return f'{{"nodes": {_lines(nodes)},\n"edges": {_lines(edges)}}}\n'


def _lines(items: Sequence[str]) -> str:
    inner = ",\n".join(items)
    return f"[\n{inner}\n]" if items else "[]"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise StorageError(f"can't write {path}: {e.strerror or e}. Give another file with -o.") from e
    say("→", f"wrote the lineage to {path}")
