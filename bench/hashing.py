"""Saving a file of 1 GB, and a folder of 2,000 small files: from outside of the storage, and in place.

Lignin reads every byte for the content id; LaminDB 2.12 reads the first and the last 50 MB of large files.
"""

from measure import Time, Workspace, compare, options

BODY = """
import os
from pathlib import Path
block = os.urandom(2 ** 20)
def write(path, megabytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        for number in range(megabytes):
            stream.write(number.to_bytes(8, "little") + block[8:])
def folder(path):
    path.mkdir(parents=True)
    for number in range({files}):
        (path / f"f{{number}}.bin").write_bytes(number.to_bytes(8, "little") + block[:2040])
write(Path("outside.bin"), {megabytes})
write(Path("data/inside.bin"), {megabytes})
folder(Path("outside_folder"))
folder(Path("data/inside_folder"))
Path("warm.txt").write_text("warm")
ln.Artifact("warm.txt", key="warm.txt").save()
for name, path, key in (
    ("large, outside", "outside.bin", "outside.bin"),
    ("large, in place", "data/inside.bin", None),
    ("folder, outside", "outside_folder", "outside_folder"),
    ("folder, in place", "data/inside_folder", None),
):
    with timed(name):
        ln.Artifact(path, **({{"key": key}} if key else {{}})).save()
"""


def task(space: Workspace, *, megabytes: int, files: int) -> dict[str, Time]:
    times = space.script(BODY.format(megabytes=megabytes, files=files))
    labels = {
        "large, outside": f"{megabytes} MB, copied and hashed",
        "large, in place": f"{megabytes} MB, hashed where it lies",
        "folder, outside": f"{files:,} files of 2 KB, copied and hashed",
        "folder, in place": f"{files:,} files of 2 KB, hashed where they lie",
    }
    return {label: times[name] for name, label in labels.items()}


if __name__ == "__main__":
    parser = options(__doc__, runs=2)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=2_000)
    arguments = parser.parse_args()
    compare(arguments, lambda space: task(space, megabytes=arguments.megabytes, files=arguments.files), title="Hashing", warm=False)
