"""A save that is killed at any moment leaves nothing that looks whole and is not."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import lignin as ln
from lignin.base.content import hash_path

SAVER = """
import sys
from pathlib import Path
import lignin as ln
ln.Artifact.all().count()
print(1, flush=True)
for turn in range(1000):
    path = Path(f"source-{sys.argv[1]}.bin")
    path.write_bytes(f"{sys.argv[1]} {turn} ".encode() * 200_000)
    ln.Artifact(path, key=f"key-{turn % 3}.bin").save()
    print("saved", flush=True)
"""


def test_killed_saves_leave_only_whole_artifacts(sqlite_instance):
    for turn in range(12):
        process = subprocess.Popen([sys.executable, "-c", SAVER, str(turn)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        process.stdout.readline()
        if turn % 2:
            # On a busy machine no save might end otherwise.
            process.stdout.readline()
        time.sleep(random.Random(turn).uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    saved = list(ln.Artifact.all())
    assert saved
    for artifact in saved:
        assert hash_path(Path(artifact.path)).id == artifact.hash
    for key in {a.key for a in saved}:
        assert [a.is_latest for a in saved if a.key == key].count(True) == 1
    Path("after.txt").write_text("works")
    assert ln.Artifact("after.txt", key="after.txt").save().load() == "works"
