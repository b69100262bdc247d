"""Small files saved one by one, each a new artifact with its own content."""

from measure import Time, Workspace, compare, options

SAVES = """
from pathlib import Path
count = {count}
for i in range(count + 1):
    Path(f"in_{{i}}.txt").write_bytes(f"{{i}} ".encode() * 200)
ln.Artifact(f"in_{{count}}.txt", key="first.txt").save()
with timed("save", per=count):
    for i in range(count):
        ln.Artifact(f"in_{{i}}.txt", key=f"out/{{i}}.txt").save()
with timed("save the same again", per=count):
    for i in range(count):
        ln.Artifact(f"in_{{i}}.txt", key=f"out/{{i}}.txt").save()
assert ln.Artifact.filter(key__startswith="out/").count() == count
"""


def task(space: Workspace, *, count: int) -> dict[str, Time]:
    times = space.script(SAVES.format(count=count))
    return {f"per file, {count} new": times["save"], f"per file, {count} known": times["save the same again"]}


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, count=arguments.count), title="Single saves", warm=False)
