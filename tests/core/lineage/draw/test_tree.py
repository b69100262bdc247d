from io import StringIO

from rich.cells import cell_len
from rich.console import Console

from lignin.lineage.draw import tree
from lignin.lineage.graph import Edge, Graph, Node


def lines_of(graph: Graph, *, width: int = 80, **options: int) -> list[str]:
    out = StringIO()
    Console(file=out, width=1000, color_system=None).print(tree(graph, width=width, **options))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def diamond(direction: str = "ancestors") -> Graph:
    return Graph(
        focus="d" if direction == "ancestors" else "a",
        direction=direction,
        nodes=tuple(
            Node(id=i, type="run" if i in {"m", "l", "r"} else "artifact", name=f"{i}-name", status="completed" if i in {"m", "l", "r"} else "stored")
            for i in "dmblcra"
        ),
        edges=(
            Edge(source="m", target="d", kind="output"),
            Edge(source="b", target="m"),
            Edge(source="c", target="m"),
            Edge(source="l", target="b", kind="output"),
            Edge(source="r", target="c", kind="output"),
            Edge(source="a", target="l"),
            Edge(source="a", target="r"),
        ),
    )


def test_a_diamond_shows_its_shared_input_once_and_marks_the_repeat():
    assert lines_of(diamond()) == [
        "d-name",
        "← ✓ m-name",
        "├── b-name",
        "│   ← ✓ l-name",
        "│   └── a-name",
        "└── c-name",
        "    ← ✓ r-name",
        "    └── a-name  ↑ shown above",
    ]


def test_descendants_grow_forward():
    assert lines_of(diamond("descendants")) == [
        "a-name",
        "├── → ✓ l-name",
        "│   └── b-name",
        "│       → ✓ m-name",
        "│       └── d-name",
        "└── → ✓ r-name",
        "    └── c-name",
        "        → ✓ m-name  ↑ shown above",
    ]


def test_engine_status_workflow_role_and_kind_of_edge_can_be_read_without_colour(cross_engine):
    text = "\n".join(lines_of(cross_engine))
    assert "results/normalised.parquet  unhashed  (matrix)" in text
    assert "← = normalise  prefect  cached  in W2" in text
    assert "↻ ✗ plot-volcano  prefect  failed  in W2  recreated" in text
    assert "≈ results/counts.tsv  same content" in text
    assert "← ✓ featureCounts  snakemake  in rnaseq" in text
    assert "aligned/A.bam  gone  (bams)" in text


def test_no_line_is_wider_than_the_terminal(cross_engine, hostile, chain):
    for graph in (cross_engine, hostile, chain(40)):
        for width in (60, 80, 120):
            assert all(cell_len(line) <= width for line in lines_of(graph, width=width))


def test_a_run_that_read_nothing_hangs_on_the_one_that_started_it():
    graph = Graph(
        focus="a",
        nodes=(
            Node(id="a", type="artifact", name="out.txt"),
            Node(id="t", type="run", name="task", status="completed"),
            Node(id="f", type="run", name="flow", status="completed"),
        ),
        edges=(Edge(source="t", target="a", kind="output"), Edge(source="f", target="t", kind="call")),
        parents={"t": "f"},
        parent_names={"f": "flow"},
    )
    assert lines_of(graph) == ["out.txt", "← ✓ task  in flow", "└── ← ✓ flow  started it"]


def test_a_long_name_keeps_its_two_ends():
    name = "results/" + "deep/" * 40 + "sample.sorted.bam"
    graph = Graph(focus="a", nodes=(Node(id="a", type="artifact", name=name),), edges=())
    (line,) = lines_of(graph)
    assert line.startswith("results/")
    assert line.endswith("sample.sorted.bam")
    assert "…" in line


def test_names_cannot_send_control_characters_or_markup_to_the_terminal(hostile):
    text = "\n".join(lines_of(hostile, width=500))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text


def test_a_cycle_ends():
    graph = Graph(
        focus="a",
        nodes=(Node(id="a", type="artifact", name="state"), Node(id="r", type="run", name="update", status="running")),
        edges=(Edge(source="a", target="r"), Edge(source="r", target="a", kind="recreated")),
    )
    assert lines_of(graph) == ["state", "↻ ▸ update  running  recreated", "└── state  ↑ shown above"]


def test_a_deep_chain_goes_on_at_the_left_edge(chain):
    lines = lines_of(chain(30))
    stub = next(line for line in lines if line.endswith("↓ continued below"))
    name = stub.strip(" └─").split()[0]
    assert f"{name}  … continued" in lines
    assert sum(line.endswith("step_0.txt") for line in lines) == 1


def test_a_chain_of_ten_thousand_is_cut_with_a_line_that_says_so(chain):
    lines = lines_of(chain(10_000))
    assert lines[-1] == "… 19501 more of 20001 nodes"
    assert len(lines) < 700


def test_a_chain_of_ten_thousand_can_be_shown_whole(chain):
    lines = lines_of(chain(10_000), limit=30_000)
    assert "more" not in lines[-1]
    assert sum("← ✓" in line for line in lines) == 10_000


def test_a_wide_fan_says_how_many_more_there_are():
    files = [Node(id=f"o{i}", type="artifact", name=f"out_{i}.txt") for i in range(60)]
    graph = Graph(
        focus="r",
        direction="descendants",
        nodes=(Node(id="r", type="run", name="split"), *files),
        edges=tuple(Edge(source="r", target=f.id, kind="output") for f in files),
    )
    lines = lines_of(graph, fan=20)
    assert lines[0] == "split"
    assert sum("out_" in line for line in lines) == 20
    assert any(line.endswith("… 40 more") for line in lines)
    assert lines[-1] == "… 40 more of 61 nodes"


def test_what_no_edge_connects_to_the_focus_follows_at_the_end():
    graph = Graph(
        focus="a", nodes=(Node(id="a", type="artifact", name="one"), Node(id="b", type="artifact", name="apart")), edges=()
    )
    assert lines_of(graph) == ["one", "apart"]


def test_a_graph_without_nodes_says_so():
    assert lines_of(Graph(focus="a", nodes=(), edges=())) == ["nothing to show"]
