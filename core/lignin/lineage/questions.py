"""What `lignin.base.ports.graph` gives to records: their lineage as a frame, and as a picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from lignin.base.errors import StorageError, UsageError
from lignin.base.messages import say
from lignin.formats.tables import build_frame
from lignin.lineage.draw import html, mermaid, svg, tree
from lignin.lineage.explore import explore, explore_far
from lignin.lineage.graph import Graph
from lignin.model import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Picture", "Questions", "render"]

_FORMATS = {".html": "html", ".htm": "html", ".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "mermaid", ".txt": "tree"}


class Questions:
    """Answers about the open instance's lineage."""

    def lineage(self, record: Registry, *, direction: str, depth: int | None) -> pd.DataFrame:
        """One row per node, the nearest first; see `Artifact.lineage`."""
        found, away = explore_far(record, direction=direction, depth=depth, details=False)
        inferred = {e.source if direction == "ancestors" else e.target for e in found.edges if e.kind == "inferred"}
        columns: dict[str, Sequence[Any]] = {
            "uid": [n.id for n in found.nodes],
            "type": [n.type for n in found.nodes],
            "name": [n.name for n in found.nodes],
            "engine": [n.engine for n in found.nodes],
            "status": [n.status for n in found.nodes],
            "distance": [away.get(n.id) for n in found.nodes],
            "inferred": [n.id in inferred for n in found.nodes],
        }
        return build_frame(columns, index=range(len(found.nodes)))

    def view(self, record: Registry, *, direction: str = "ancestors", depth: int | None = None, format: str | None = None, path: str | Path | None = None) -> Any:  # noqa: A002
        """Draw; see `Artifact.view_lineage`. Returns the picture in a notebook, the path of a file, else nothing."""
        found = explore(record, direction=direction, depth=depth)
        chosen = format or (None if path is None else _FORMATS.get(Path(path).suffix.lower()))
        if path is not None:
            text = render(found, chosen or "html")
            try:
                Path(path).write_text(text, encoding="utf-8")
            except OSError as e:
                raise StorageError(f"can't write {path}: {e.strerror or e}") from e
            say("→", f"wrote the lineage to {path}")
            return Path(path)
        if chosen is None and _in_notebook():
            return Picture(found)
        if chosen in {None, "tree"}:
            Console().print(tree(found))
            return None
        return render(found, str(chosen))


class Picture:
    """A lineage graph that a notebook shows as a picture."""

    def __init__(self, found: Graph) -> None:
        self._graph = found

    def _repr_svg_(self) -> str:
        return svg(self._graph)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"image/svg+xml": svg(self._graph), "text/plain": render(self._graph, "tree")}

    def __repr__(self) -> str:
        return render(self._graph, "tree")


def render(found: Graph, format: str) -> str:  # noqa: A002
    """A graph as text of one format: `tree`, `mermaid`, `svg` or `html`."""
    if format == "tree":
        console = Console(width=100, color_system=None, highlight=False)
        with console.capture() as captured:
            console.print(tree(found))
        return captured.get()
    drawers = {"mermaid": mermaid, "svg": svg, "html": html}
    if format not in drawers:
        raise UsageError(f"a lineage is drawn as tree, mermaid, svg or html, not as {format!r}")
    return drawers[format](found)


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    interactive = shell.get_ipython() if shell is not None else None
    return interactive is not None and hasattr(interactive, "kernel")
