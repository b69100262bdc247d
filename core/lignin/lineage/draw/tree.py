"""A lineage as a tree for the terminal.

    results/report.html
    ← ✓ make_report  snakemake  in rnaseq
    ├── results/counts.tsv
    │   ← ✓ count  snakemake
    │   └── ≈ aligned/a.bam  same content
    └── config.yaml

The run that made an artifact stands on the artifact's second line, and what it read hangs below:
one level for each step. A task's workflow is named where it differs from that of the run before it.
Where a branch grows too wide for the terminal, it goes on below at the left edge.
"""

from collections import deque
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text
from rich.tree import Tree

from lignin.lineage.draw.marks import mark_of
from lignin.lineage.draw.words import plain, shorten, workflow_of
from lignin.lineage.graph import Edge, Graph, Node

__all__ = ["tree"]

_INDENT = 4
_NAME_ROOM = 24
_SHOWN = "↑ shown above"
_CONTINUED = "↓ continued below"
_ARTIFACT_STYLE = "bold"
_RUN_STYLE = "default"


def tree(graph: Graph, *, width: int = 80, limit: int = 500, fan: int = 50) -> Tree:
    """The graph as a tree from its focus: back to the first inputs, or forward to the last results.

    Each node is shown in full once; where it comes again, it is marked so. Nodes that no edge
    connects to the focus follow at the end.

    Args:
        graph: what to draw.
        width: terminal cells that no line exceeds.
        limit: most nodes to show; a last line tells how many are left out.
        fan: most branches of one node to show; a line tells how many more there are.
    """
    growth = _Growth(graph=graph, view=_View.of(graph), width=width, limit=limit, fan=fan)
    growth.grow()
    trees = growth.trees
    if len(trees) == 1:
        return trees[0]
    forest = Tree("", hide_root=True, guide_style="dim")
    forest.children.extend(trees)
    return forest


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The graph as the tree walks it: from each node onward, away from the focus."""

    nodes: dict[str, Node]
    onward: dict[str, list[tuple[Edge, str]]]
    backward: bool

    @classmethod
    def of(cls, graph: Graph) -> "_View":
        backward = graph.direction == "ancestors"
        nodes = {node.id: node for node in graph.nodes}
        onward: dict[str, list[tuple[Edge, str]]] = {node_id: [] for node_id in nodes}
        for edge in graph.edges:
            here, there = (edge.target, edge.source) if backward else (edge.source, edge.target)
            if here in nodes and there in nodes:
                onward[here].append((edge, there))
        return cls(nodes=nodes, onward=onward, backward=backward)

    def reach(self, start: str) -> set[str]:
        seen, pending = {start}, [start]
        while pending:
            for _, other in self.onward[pending.pop()]:
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return seen

    def way(self, edge: Edge | None) -> tuple[str, str]:
        """The sign before a node that says how it is connected, with its style."""
        match edge.kind if edge else None:
            case "recreated":
                return "↻ ", "yellow"
            case "inferred":
                return "≈ ", "magenta"
            case _:
                return ("← " if self.backward else "→ "), "dim"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bud:
    """A place where the tree is to grow on."""

    node: str
    edge: Edge | None = None
    below: Tree | None = None
    depth: int = 0
    workflow: str | None = None


@dataclass(slots=True, kw_only=True)
class _Growth:
    """One drawing under way. Iterative: a chain of any length needs no deeper stack."""

    graph: Graph
    view: _View
    width: int
    limit: int
    fan: int
    trees: list[Tree] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    heads: deque[str] = field(default_factory=deque)

    def grow(self) -> None:
        nodes = self.view.nodes
        if not nodes:
            self.trees.append(Tree(Text("nothing to show", style="dim")))
            return
        focus = self.graph.focus if self.graph.focus in nodes else next(iter(nodes))
        self._grow_from(_Bud(node=focus))
        reached = self.view.reach(focus)
        apart = iter([node_id for node_id in nodes if node_id not in reached])
        while len(self.shown) < self.limit:
            if self.heads:
                self._grow_from(_Bud(node=self.heads.popleft()), continued=True)
            elif (start := next(apart, None)) is None:
                break
            elif start not in self.shown:
                self._grow_from(_Bud(node=start))
        hidden = len(nodes) - len(self.shown)
        if hidden:
            self.trees.append(Tree(Text(f"… {hidden} more of {len(nodes)} nodes", style="dim italic")))

    def _grow_from(self, head: _Bud, *, continued: bool = False) -> None:
        buds = [head]
        while buds and len(self.shown) < self.limit:
            bud = buds.pop()
            first = bud is head and continued
            if bud.node in self.shown and not first:
                self._put(bud, self._label(bud, note=_SHOWN))
                continue
            self.shown.add(bud.node)
            if bud.depth * _INDENT * 2 >= self.width and self.view.onward[bud.node]:
                self.heads.append(bud.node)
                self._put(bud, self._label(bud, note=_CONTINUED))
                continue
            buds.extend(reversed(self._branch(bud, note="… continued" if first else None)))

    def _branch(self, bud: _Bud, *, note: str | None) -> list[_Bud]:
        """Put a node, and with an artifact its only run; return what grows from there."""
        label, source = self._label(bud, note=note), bud
        if (run := self._only_run(bud)) is not None:
            again = run.node in self.shown
            label = Text("\n", no_wrap=True, overflow="ellipsis").join(
                [label, self._label(run, note=_SHOWN if again else None)]
            )
            if again:
                self._put(bud, label)
                return []
            self.shown.add(run.node)
            source = run
        place = self._put(bud, label)
        onward = self.view.onward[source.node]
        workflow = workflow_of(self.graph, source.node) or bud.workflow
        branches = [
            _Bud(node=other, edge=edge, below=place, depth=bud.depth + 1, workflow=workflow)
            for edge, other in onward[: self.fan]
        ]
        if len(onward) > self.fan:
            place.add(Text(f"… {len(onward) - self.fan} more", style="dim italic"))
        return branches

    def _only_run(self, bud: _Bud) -> _Bud | None:
        onward = self.view.onward[bud.node]
        if self.view.nodes[bud.node].type != "artifact" or len(onward) != 1:
            return None
        edge, other = onward[0]
        if self.view.nodes[other].type != "run":
            return None
        return _Bud(node=other, edge=edge, depth=bud.depth, workflow=bud.workflow)

    def _put(self, bud: _Bud, label: Text) -> Tree:
        if bud.below is not None:
            return bud.below.add(label)
        self.trees.append(Tree(label, guide_style="dim"))
        return self.trees[-1]

    def _label(self, bud: _Bud, *, note: str | None) -> Text:
        node = self.view.nodes[bud.node]
        pieces = _run_pieces(node) if node.type == "run" else _artifact_pieces(node)
        if node.type == "run":
            workflow = workflow_of(self.graph, node.id)
            if workflow is not None and workflow != bud.workflow:
                pieces.append(_Piece(text=f"in {shorten(workflow, _NAME_ROOM)}", style="dim", rank=2))
        if bud.edge is not None:
            pieces += _edge_pieces(bud.edge, backward=self.view.backward)
        if note is not None:
            pieces.append(_Piece(text=note, style="dim italic", rank=0))
        before = [self.view.way(bud.edge)] if bud.edge and (node.type == "run" or bud.edge.kind == "inferred") else []
        if mark := mark_of(node):
            before.append((f"{mark.symbol} ", mark.style))
        style = _RUN_STYLE if node.type == "run" else _ARTIFACT_STYLE
        return _fit(node.name or node.id, style=style, before=before, after=pieces, room=self.width - bud.depth * _INDENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Something said after a name; the higher its rank, the sooner it makes room."""

    text: str
    style: str
    rank: int


def _run_pieces(node: Node) -> list[_Piece]:
    pieces = [_Piece(text=plain(node.engine), style="blue", rank=1)] if node.engine else []
    mark = mark_of(node)
    if mark and mark.word:
        pieces.append(_Piece(text=plain(mark.word), style=mark.style, rank=0))
    return pieces


def _artifact_pieces(node: Node) -> list[_Piece]:
    if node.status is None or node.status == "stored":
        return []
    return [_Piece(text=plain(node.status), style="yellow", rank=0)]


def _edge_pieces(edge: Edge, *, backward: bool) -> list[_Piece]:
    pieces = [_Piece(text=f"({shorten(edge.role, _NAME_ROOM)})", style="dim", rank=3)] if edge.role else []
    match edge.kind:
        case "inferred":
            pieces.append(_Piece(text="same content", style="magenta", rank=0))
        case "recreated":
            pieces.append(_Piece(text="recreated", style="yellow", rank=0))
        case "call":
            pieces.append(_Piece(text="started it" if backward else "started by it", style="dim", rank=1))
        case _:
            pass
    return pieces


def _fit(name: str, *, style: str, before: list[tuple[str, str]], after: list[_Piece], room: int) -> Text:
    """One line of at most `room` cells: first the extras make room, then the name is shortened."""
    needed = min(cell_len(plain(name)), _NAME_ROOM)
    left = room - sum(cell_len(text) for text, _ in before)
    kept = list(after)
    while (spare := left - sum(cell_len(piece.text) + 2 for piece in kept)) < needed:
        rank = max((piece.rank for piece in kept), default=0)
        if rank == 0:
            break
        kept.remove(next(piece for piece in reversed(kept) if piece.rank == rank))
    line = Text(no_wrap=True, overflow="ellipsis")
    for text, sign_style in before:
        line.append(text, style=sign_style)
    line.append(shorten(name, max(spare, 4)), style=style)
    for piece in kept:
        line.append("  ").append(piece.text, style=piece.style)
    return line
