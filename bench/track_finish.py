"""What tracking costs a script: the whole process with and without it, and the two calls alone."""

from measure import Time, Workspace, compare, options

# The first query loads what either system loads late, so that the calls are timed and not the imports.
TRACKED = """
ln.Artifact.filter().count()
ln.track
with timed("track"):
    ln.track()
with timed("finish"):
    ln.finish()
"""


def task(space: Workspace) -> dict[str, Time]:
    bare = space.script("ln.Artifact.filter().count()", name="bare.py")
    tracked = space.script(TRACKED)
    return {
        "script with one query": bare["process"],
        "the same, tracked": tracked["process"],
        "track()": tracked["track"],
        "finish()": tracked["finish"],
    }


if __name__ == "__main__":
    compare(options(__doc__).parse_args(), task, title="Track and finish a script", fresh=False)
