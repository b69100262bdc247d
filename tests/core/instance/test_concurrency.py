"""Many writers at once: no error, no duplicate, one latest."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lignin as ln
from lignin.base.clock import now
from lignin.instance.fsck import examine
from lignin.recording import (
    Code,
    Ended,
    FileRef,
    Produced,
    RunKey,
    RunStatus,
    Spool,
    Started,
    Used,
)

WORKER = """
import sys, time
from pathlib import Path
import lignin as ln
from lignin.base.ports import current
from lignin.instance import ingest
number, start = sys.argv[1], Path(sys.argv[2])
ln.Artifact.all().count()
start.with_name(f"ready-{number}").touch()
while not start.exists():
    time.sleep(0.002)
ln.track(key="worker.py", kind="script", source_code="x = 1")
for turn in range(2):
    own = Path(f"own-{number}.txt")
    own.write_text(f"{number} {turn}")
    ln.Artifact(own, key=f"own/{number}.txt").save()
    ln.Artifact(own, key="shared.txt").save()
    same = Path(f"same-{number}.txt")
    same.write_text(f"the same {turn}")
    ln.Artifact(same, key="same.txt").save()
    ln.Artifact(same).save()
    label = ln.ULabel(name=f"label {turn}").save()
    artifact = ln.Artifact.get(key="same.txt")
    artifact.ulabels.add(label)
    ln.Collection([artifact], key="set").save()
ln.finish()
for spool in ("one", number):
    ingest(current(), Path(f"{spool}.jsonl"))
"""


def check(artifacts):
    everything = list(artifacts)
    for family in {a.family for a in everything}:
        members = [a for a in everything if a.family == family]
        assert [a.is_latest for a in members].count(True) == 1
        assert len({a.hash for a in members}) == len(members) == len({a.uid for a in members})
    for artifact in everything:
        assert Path(artifact.path).read_text()


def write_spool(name, *, scope, content):
    """Tasks that wrote and read the same places as those of all other spools."""
    spool = Spool(Path("spools"), engine="bench")
    for part in range(10):
        run = RunKey(engine="bench", scope=scope, id=str(part))
        code = Code(kind="task", key=f"rule {part % 3}", hash=f"{content}")
        spool.record(Started(run=run, name="task", at=now(), code=code))
        spool.record(Used(run=run, ref=FileRef(uri="file:///data/in.txt", host="node", size=50, mtime_ns=1, content_id="b3:" + "a" * 64)))
        spool.record(Produced(run=run, ref=FileRef(uri=f"file:///data/{part}.txt", host="node", size=50, mtime_ns=content, content_id=f"b3:{content:064x}")))
        spool.record(Ended(run=run, status=RunStatus.COMPLETED, at=now()))
    spool.close()
    spool.path.rename(f"{name}.jsonl")


def test_sixteen_processes_write_the_same_and_their_own(instance, together):
    write_spool("one", scope="one", content=1)
    for number in range(16):
        write_spool(str(number), scope=f"own {number}", content=1 + number % 3)
    together(16, WORKER)
    found = ln.Artifact.filter(key__startswith="file://node/data/")
    check(artifact for artifact in ln.Artifact.all() if not (artifact.key or "").startswith("file://"))
    assert ln.Artifact.filter(key="same.txt").count() == 2
    assert ln.Artifact.filter(key="shared.txt").count() == 32
    assert ln.Artifact.filter(key__startswith="own/").count() == 32
    assert ln.Artifact.filter(key=None, kind=None).count() <= 2
    assert ln.ULabel.all().count() == 2
    assert ln.Collection.filter(is_latest=True).count() == 1
    assert ln.Transform.filter(key="worker.py").count() == 1
    assert ln.Run.filter(transform__key="worker.py", status="completed").count() == 16
    # What many spools tell of the same places: three contents of ten files, and one that all read.
    assert found.count() == 31
    assert found.filter(is_latest=True).count() == 11
    assert ln.Run.filter(engine="bench", status="completed").count() == 170
    assert ln.Transform.filter(key__startswith="rule").count() == 9
    assert ln.Transform.filter(key__startswith="rule", is_latest=True).count() == 3
    assert examine(instance, rehash=100).findings == ()


def test_four_threads_share_one_instance(instance):
    def work(number):
        for turn in range(4):
            path = Path(f"{number}.txt")
            path.write_text(f"{number} {turn}")
            ln.Artifact(path, key=f"own/{number}.txt").save()
            ln.Artifact(path, key="shared.txt").save()
            ln.ULabel(name=f"label {turn}").save()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    check(ln.Artifact.all())
    assert ln.ULabel.all().count() == 4
    assert ln.Artifact.filter(key="shared.txt").count() == 16


def test_the_same_content_without_a_key_from_many_writers_is_one_artifact(instance, together):
    together(
        8,
        """
        import sys
        from pathlib import Path
        import lignin as ln
        path = Path(f"{sys.argv[1]}.txt")
        path.write_text("one content")
        artifact = ln.Artifact(path)
        Path(f"ready-{sys.argv[1]}").touch()
        while not Path(sys.argv[2]).exists():
            pass
        artifact.save()
        """,
    )
    assert ln.Artifact.all().count() == 1
