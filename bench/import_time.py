"""How long a fresh interpreter takes to import the package, beside one that imports nothing."""

from measure import Time, Workspace, compare, options


def task(space: Workspace) -> dict[str, Time]:
    name = "lignin" if space.side.name == "lignin" else "lamindb"
    python = str(space.side.python)
    query = f"{space.side.prelude}ln.Artifact.filter().count()"
    return {
        "bare python": space.call([python, "-c", "pass"]),
        "import": space.call([python, "-c", f"import {name}"]),
        "import and a first query": space.call([python, "-c", query]),
    }


if __name__ == "__main__":
    compare(options(__doc__, runs=9).parse_args(), task, title="Import", fresh=False)
