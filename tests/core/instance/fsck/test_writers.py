"""Repairs go on while others write: nothing that they were told of as done is lost."""

import subprocess
import sys
import time
from datetime import timedelta

import lignin as ln
from lignin.base.content import hash_path
from lignin.instance.fsck import examine, repair

WRITER = """
import os, random, sys
os.environ["LIGNIN_VERBOSITY"] = "error"
from pathlib import Path
import lignin as ln
chance = random.Random(sys.argv[1])
folder = Path("../outside-" + sys.argv[1])
folder.mkdir()
ln.track(key="writer.py", kind="script", source_code="x = 1")
while True:
    # Few contents, so that writers meet at the same bytes, and delete what others save.
    path = folder / "x.txt"
    path.write_text(f"content {chance.randrange(12)}" * 100)
    artifact = ln.Artifact(path, key=f"{sys.argv[1]}/{chance.randrange(4)}.txt").save()
    if chance.random() < 0.3:
        artifact.delete(permanent=True)
    else:
        artifact.load()
        print(artifact.uid, artifact.hash, flush=True)
"""


def test_repairs_and_writers_do_each_other_no_harm(instance, tmp_path):
    files = [(tmp_path / f"{n}.out").open("w+") for n in range(3)]
    errors = (tmp_path / "errors").open("w+")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(n)], stdout=file, stderr=errors) for n, file in enumerate(files)]
    end = time.monotonic() + 12
    try:
        while time.monotonic() < end:
            report = repair(instance, examine(instance, rehash=50, grace=timedelta(seconds=2)))
            assert [f for f in report.findings if f.kind.value in {"missing", "wrong", "dangling", "latest", "crashed"}] == []
        assert [writer.poll() for writer in writers] == [None] * 3, (tmp_path / "errors").read_text()[-2000:]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
        for file in (*files, errors):
            file.close()
    repair(instance, examine(instance, rehash=100, grace=timedelta(0)))
    assert examine(instance, rehash=100, grace=timedelta(0)).findings == ()
    records = {a.uid: a for a in ln.Artifact.all()}
    assert records
    for record in records.values():
        assert hash_path(record.cache(is_run_input=False)).id == record.hash
