"""A piece of the lineage graph as a value: what queries return and drawers take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Edge", "Graph", "Node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An artifact or a run.

    Attributes:
        id: its uid.
        type: which of the two.
        name: an artifact's key, a run's name.
        engine: `snakemake`, `prefect`, …; `None` for artifacts, scripts and notebooks.
        status: a run's `RunStatus` value; an artifact's state (`stored`, `gone`, `unhashed`, …).
        details: more for people, in the order in which to show it: size, hash, times, params.
    """

    id: str
    type: Literal["artifact", "run"]
    name: str
    engine: str | None = None
    status: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A step in the direction of the data: artifact → run it went into, run → artifact it made.

    Attributes:
        source: id of the node where the data come from.
        target: id of the node where they go.
        role: the input's or output's name in the task; may be empty.
        kind: `input`, `output`; `recreated` where the run made again what was there; `inferred`
            between two artifacts of the same content (a copy that nobody recorded); `call` between
            a run and one that it started and that read no file of its own: its data came from there.
    """

    source: str
    target: str
    role: str = ""
    kind: Literal["input", "output", "recreated", "inferred", "call"] = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes and the edges among them.

    Attributes:
        focus: id of the node that was asked about.
        direction: `ancestors`: everything flows into the focus; `descendants`: out of it.
        nodes: each once, the focus first.
        edges: each once.
        parents: for runs in `nodes`, the uid of the run that started them (a task's workflow).
        parent_names: names of those runs, which need not be nodes themselves.
    """

    focus: str
    direction: Literal["ancestors", "descendants"] = "ancestors"
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    parents: Mapping[str, str] = field(default_factory=dict)
    parent_names: Mapping[str, str] = field(default_factory=dict)
