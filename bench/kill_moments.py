"""Kill a working process at random moments with SIGKILL, repair, and see that nothing that was told of as done is lost.

Each round forks a worker that saves files and folders, makes new versions, deletes for good, tracks runs
and spools and ingests events, and notes what was done only after it was. After some rounds
the catalogue is repaired as `lignin fsck --repair --rehash 100%` would, without its hour of grace. Then

- whatever was noted as saved has its record and its bytes, and what was noted as deleted is gone;
- every record in the catalogue loads, with the very bytes that its content id names;
- every event that was spooled is in the catalogue, and no run is still recorded as running;
- a second examination finds nothing.

    python bench/kill_moments.py                     # 200 kills, SQLite
    python bench/kill_moments.py --db postgresql://…  # an empty database
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import lignin as ln
from lignin.base import ports
from lignin.base.clock import now
from lignin.base.content import hash_path
from lignin.instance import connect, ingest, init
from lignin.instance.fsck import examine, repair
from lignin.recording import Ended, RunKey, RunStatus, Started
from lignin.recording.spool import Spool


class Worker:
    """Does one thing after the other until it is killed."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.instance = connect(folder)
        self.chance = random.Random(seed)
        self.seed = seed
        self.sources = folder / "outside"
        self.notes = os.open(folder / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.saved: list[tuple[str, str]] = []

    def note(self, what: str, **facts: object) -> None:
        os.write(self.notes, json.dumps({"what": what, **facts}).encode() + b"\n")

    def work(self) -> None:
        number = 0
        while True:
            number += 1
            self.chance.choice([self.save, self.save, self.save_folder, self.delete, self.spool, self.track])(f"{self.seed}-{number}")

    def save(self, name: str) -> None:
        path = self.sources / f"{name}.bin"
        path.write_bytes(self.chance.randbytes(self.chance.choice([10, 1_000, 100_000, 2_000_000])))
        self._save(path, key=f"file/{self.chance.randrange(20)}.bin")

    def save_folder(self, name: str) -> None:
        path = self.sources / name
        path.mkdir()
        for part in range(5):
            (path / str(part)).write_bytes(self.chance.randbytes(20_000))
        self._save(path, key=f"folder/{self.chance.randrange(5)}")

    def _save(self, path: Path, *, key: str) -> None:
        content = hash_path(path).id
        artifact = ln.Artifact(path, key=key).save()
        self.note("saved", uid=artifact.uid, content=content)
        self.saved.append((artifact.uid, content))
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def delete(self, _name: str) -> None:
        if self.saved:
            uid, content = self.saved.pop(self.chance.randrange(len(self.saved)))
            self.note("deleting", uid=uid, content=content)
            ln.Artifact.get(uid).delete(permanent=True)
            self.note("deleted", uid=uid, content=content)

    def spool(self, name: str) -> None:
        spool = Spool(self.instance.config.spool, engine="bench")
        for part in range(5):
            key = RunKey(engine="bench", scope=name, id=str(part))
            spool.record(Started(run=key, name="task", at=now()))
            spool.record(Ended(run=key, status=RunStatus.COMPLETED, at=now()))
            self.note("spooled", uid=key.uid)
        if self.chance.random() < 0.7:
            spool.close()
        if spool.path is not None and self.chance.random() < 0.7:
            ingest(self.instance, spool.path)

    def track(self, name: str) -> None:
        ln.track(key="worker.py", kind="script", source_code=f"version = {self.chance.randrange(3)}\n")
        self.save(name)
        ln.finish()


def kill_once(folder: Path, *, seed: int, seconds: float) -> None:
    """Let a worker work for so long, and kill it."""
    pid = os.fork()
    if pid == 0:
        try:
            sys.stderr = (folder / "errors").open("a")
            os.environ["LIGNIN_VERBOSITY"] = "error"
            Worker(folder, seed=seed).work()
        except BaseException as e:
            with (folder / "failed").open("a") as stream:
                stream.write(f"{type(e).__name__}: {e}\n")
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def check(folder: Path) -> Counter[str]:
    """Repair, and look whether all is as it was told; how many findings there were of each kind."""
    failed = folder / "failed"
    assert not failed.exists(), failed.read_text()
    instance = connect(folder)
    no_grace = timedelta(0)
    report = repair(instance, examine(instance, rehash=100, grace=no_grace))
    assert not report.left, report.left
    again = examine(instance, rehash=100, grace=no_grace)
    assert not again.findings, again.findings
    lines = [json.loads(line) for line in (folder / "notes").read_bytes().splitlines()] if (folder / "notes").exists() else []
    # The last word on each uid: of a newest version that is deleted for good, the next one takes it over.
    last = {line["uid"]: line for line in lines if line["what"] in {"saved", "deleting", "deleted"}}
    records = {record.uid: record for record in ln.Artifact.all()}
    for uid, line in last.items():
        if line["what"] == "saved":
            assert records[uid].hash == line["content"], line
        elif line["what"] == "deleted" and uid in records:
            # Saved again, and killed before that could be noted.
            assert records[uid].hash != line["content"], line
    for record in records.values():
        assert record.state == "stored", record
        assert hash_path(record.cache()).id == record.hash, record
    spooled = {n["uid"] for n in lines if n["what"] == "spooled"}
    assert spooled <= {run.uid for run in ln.Run.filter(engine="bench")}
    assert not ln.Run.filter(status="running", engine=None).count()
    instance.close()
    ports.use("lignin.instance", None)
    return Counter(finding.kind.value for finding in report.findings)


def main() -> None:
    """Kill, repair and check, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--each", type=int, default=10, help="repair and check after so many kills")
    parser.add_argument("--seconds", type=float, default=0.6, help="a worker lives no longer than this")
    parser.add_argument("--db", help="URL of an empty database; SQLite by default")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-kill-"))
    os.environ |= {"HOME": str(folder), "LIGNIN_HOME": str(folder / "home"), "LIGNIN_VERBOSITY": "error"}
    os.chdir(folder)
    (folder / "outside").mkdir()
    init(folder, db=arguments.db).close()
    ports.use("lignin.instance", None)
    chance, found = random.Random(arguments.seed), Counter[str]()
    for kill in range(1, arguments.kills + 1):
        kill_once(folder, seed=kill, seconds=chance.uniform(0.02, arguments.seconds))
        if kill % arguments.each == 0 or kill == arguments.kills:
            found += check(folder)
    done = Counter(json.loads(line)["what"] for line in (folder / "notes").read_bytes().splitlines())
    print(f"{arguments.kills} kills (seed {arguments.seed}): {dict(done)} done before, {dict(found)} found and repaired; nothing lost")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
