"""Many writers at once: no error, no duplicate, one latest."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lignin as ln

WORKER = """
import sys
from pathlib import Path
import lignin as ln
number, start = sys.argv[1], Path(sys.argv[2])
while not start.exists():
    pass
for turn in range(4):
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
"""


def run_workers(count, code=WORKER):
    start = Path("start")
    workers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", textwrap.dedent(code), str(n), str(start)], stderr=subprocess.PIPE, text=True) for n in range(count)
    ]
    start.touch()
    for worker in workers:
        _, said = worker.communicate(timeout=120)
        assert worker.returncode == 0, said[-2000:]


def check():
    everything = list(ln.Artifact.all())
    for family in {a.family for a in everything}:
        members = [a for a in everything if a.family == family]
        assert [a.is_latest for a in members].count(True) == 1
        assert len({a.hash for a in members}) == len(members) == len({a.uid for a in members})
    for artifact in everything:
        assert Path(artifact.path).read_text()


def test_eight_processes_write_the_same_and_their_own(instance):
    run_workers(8)
    check()
    assert ln.Artifact.filter(key="same.txt").count() == 4
    assert ln.Artifact.filter(key="shared.txt").count() == 32
    assert ln.Artifact.filter(key__startswith="own/").count() == 32
    assert ln.Artifact.filter(key=None).count() <= 4
    assert ln.ULabel.all().count() == 4
    assert ln.Collection.filter(is_latest=True).count() == 1


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
    check()
    assert ln.ULabel.all().count() == 4
    assert ln.Artifact.filter(key="shared.txt").count() == 16


def test_the_same_content_without_a_key_from_many_writers_is_one_artifact(instance):
    run_workers(
        8,
        """
        import sys
        from pathlib import Path
        import lignin as ln
        path = Path(f"{sys.argv[1]}.txt")
        path.write_text("one content")
        artifact = ln.Artifact(path)
        while not Path(sys.argv[2]).exists():
            pass
        artifact.save()
        """,
    )
    assert ln.Artifact.all().count() == 1
