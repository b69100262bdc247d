"""What tracking costs a script: the whole process with and without it, and the two calls alone."""

from measure import Time, Workspace, compare, options

TRACKED = """
with timed("track"):
    ln.track()
with timed("finish"):
    ln.finish()
"""


def task(space: Workspace) -> dict[str, Time]:
    bare = space.script("", name="bare.py")
    tracked = space.script(TRACKED)
    return {
        "script that imports": bare["process"],
        "script that tracks": tracked["process"],
        "track()": tracked["track"],
        "finish()": tracked["finish"],
    }


if __name__ == "__main__":
    compare(options(__doc__).parse_args(), task, title="Track and finish a script", fresh=False)
