"""Questions about the graph: what led to an artifact, what came of it, and how to draw that."""

from lignin.lineage.explore import distances, explore
from lignin.lineage.graph import Edge, Graph, Node
from lignin.lineage.questions import Picture, Questions, render

__all__ = ["Edge", "Graph", "Node", "Picture", "Questions", "distances", "explore", "provide", "render"]


def provide(previous: Questions | None) -> Questions:
    """What `lignin.base.ports.graph` calls."""
    return previous or Questions()
