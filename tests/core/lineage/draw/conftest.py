from collections.abc import Callable

import pytest

from lignin.lineage.graph import Edge, Graph, Node


@pytest.fixture
def cross_engine() -> Graph:
    """Snakemake tasks, a copied file, Prefect tasks, a script; a failed, a cached and a re-creating run."""
    return Graph(
        focus="report",
        nodes=(
            Node(id="report", type="artifact", name="reports/report.html", status="stored", details={"size": 182334}),
            Node(id="script", type="run", name="report.py", status="completed", details={"params": {"alpha": 0.05}}),
            Node(id="normal", type="artifact", name="results/normalised.parquet", status="unhashed"),
            Node(id="log", type="artifact", name="logs/deg.log", status="stored"),
            Node(id="normalise", type="run", name="normalise", engine="prefect", status="cached"),
            Node(id="plot", type="run", name="plot-volcano", engine="prefect", status="failed"),
            Node(id="copy", type="artifact", name="input/counts.tsv", status="stored"),
            Node(id="counts", type="artifact", name="results/counts.tsv", status="stored"),
            Node(id="count", type="run", name="featureCounts", engine="snakemake", status="completed"),
            Node(id="bam", type="artifact", name="aligned/A.bam", status="gone"),
        ),
        edges=(
            Edge(source="script", target="report", role="html", kind="output"),
            Edge(source="normal", target="script", role="matrix"),
            Edge(source="log", target="script"),
            Edge(source="normalise", target="normal", kind="output"),
            Edge(source="normalise", target="log", kind="output"),
            Edge(source="plot", target="log", kind="recreated"),
            Edge(source="copy", target="normalise", role="counts"),
            Edge(source="counts", target="copy", kind="inferred"),
            Edge(source="count", target="counts", kind="output"),
            Edge(source="bam", target="count", role="bams"),
        ),
        parents={"count": "W1", "normalise": "W2", "plot": "W2"},
        parent_names={"W1": "rnaseq"},
    )


@pytest.fixture
def chain() -> Callable[[int], Graph]:
    """A factory of chains: so many runs, each reading what the one before wrote."""

    def make(runs: int) -> Graph:
        nodes, edges = [], []
        for step in range(runs, 0, -1):
            nodes.append(Node(id=f"a{step}", type="artifact", name=f"steps/step_{step}.txt", status="stored"))
            nodes.append(Node(id=f"r{step}", type="run", name=f"step_{step}", engine="snakemake", status="completed"))
            edges.append(Edge(source=f"r{step}", target=f"a{step}", kind="output"))
            edges.append(Edge(source=f"a{step - 1}", target=f"r{step}"))
        nodes.append(Node(id="a0", type="artifact", name="steps/step_0.txt", status="stored"))
        return Graph(focus=f"a{runs}", nodes=tuple(nodes), edges=tuple(edges))

    return make


@pytest.fixture
def hostile() -> Graph:
    """Names that try to break out of every format, and a cycle."""
    return Graph(
        focus="a",
        nodes=(
            Node(id="a", type="artifact", name='</script><script>alert("1")</script>', details={"note": "]]> & <b>\x00"}),
            Node(id="r", type="run", name='"]; click n0 "javascript:1"\n%%{init: {}}%%', engine="<&>", status="completed"),
            Node(id="b", type="artifact", name="\x1b[31mred\x1b[0m \u202egpj.exe [bold]x[/bold] " + "long/" * 60),
        ),
        edges=(
            Edge(source="r", target="a", role='"|x', kind="output"),
            Edge(source="a", target="r", role="<i>", kind="input"),
            Edge(source="b", target="r", role="\u2028#quot;"),
        ),
        parents={"r": "p"},
        parent_names={"p": "--> <!-- `x`"},
    )
