"""Drawings of a lineage graph: terminal tree, Mermaid, SVG, and a page of its own. Pure functions of a `Graph`."""

from lignin.lineage.draw.html import html
from lignin.lineage.draw.mermaid import mermaid
from lignin.lineage.draw.svg import svg
from lignin.lineage.draw.tree import tree

__all__ = ["html", "mermaid", "svg", "tree"]
