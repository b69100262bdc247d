"""Many labels, and many artifacts, made and saved with one call."""

from measure import Time, Workspace, compare, options

# The first query loads what either system loads late, so that the work is timed and not the imports.
SAVES = """
from pathlib import Path
ln.Artifact.filter().count()
labels, files = {labels}, {files}
with timed("construct label", per=labels):
    made = [ln.ULabel(name=f"label {{i:05}}") for i in range(labels)]
with timed("save label", per=labels):
    ln.save(made)
assert ln.ULabel.filter().count() >= labels
for i in range(files):
    Path(f"in_{{i}}.txt").write_bytes(f"{{i}} ".encode() * 200)
with timed("construct artifact", per=files):
    artifacts = [ln.Artifact(f"in_{{i}}.txt", key=f"out/{{i}}.txt") for i in range(files)]
with timed("save artifact", per=files):
    ln.save(artifacts)
assert ln.Artifact.filter(key__startswith="out/").count() == files
"""


def task(space: Workspace, *, labels: int, files: int) -> dict[str, Time]:
    times = space.script(SAVES.format(labels=labels, files=files))
    out = {}
    for noun, count in (("label", labels), ("artifact", files)):
        make, save = times[f"construct {noun}"], times[f"save {noun}"]
        out[f"per {noun} of {count}, construct"] = make
        out[f"per {noun} of {count}, save"] = save
        out[f"per {noun} of {count}, both"] = Time(make.wall + save.wall, make.cpu + save.cpu)
    return out


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--labels", type=int, default=2000)
    parser.add_argument("--files", type=int, default=500)
    arguments = parser.parse_args()
    compare(
        arguments,
        lambda space: task(space, labels=arguments.labels, files=arguments.files),
        title="Bulk saves",
        warm=False,
    )
