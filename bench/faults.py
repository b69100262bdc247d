"""Let machines fail under work, again and again, and see that what was told of as done is there, once, with its bytes.

- `postgres`: processes save artifacts, labels and runs while the server is stopped (fast, immediate, kill -9) and
  started again; no call may fail.
- `s3`: threads save and read back while requests are refused, cut, delayed, damaged and left without an answer;
  a call may fail, with an error of ours.
- `disk`: a process saves on a file system that is filled and freed; a call may fail, with an error of ours.

After each, what was acknowledged is compared with the catalogue and with its bytes, and `fsck` finds nothing.

    python bench/faults.py                        # all, at full size: some minutes
    python bench/faults.py postgres --rounds 3
"""

import argparse
import importlib
import logging
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from failing import FaultyStore, PostgresServer, wait_until

import lignin as ln
from lignin.base.errors import LigninError
from lignin.base.ports import use
from lignin.instance import connect, init
from lignin.instance.fsck import examine

WRITERS = 4
DAMAGES = ("500", "503", "cut", "flip", "truncate", "slow", "silence")


def write(folder: Path, number: int, *, notes: Path, is_over: Callable[[], bool], size: int = 1000, sources: Sequence[Path] = ()) -> None:
    """Save until it is over; note what was done after it was, and what failed, by an error of ours."""
    chance = random.Random(number)
    with notes.open("a") as done:
        turn = 0
        while not is_over():
            turn += 1
            path = sources[turn % len(sources)] if sources else folder / f"source-{number}"
            if not sources:
                path.write_bytes(chance.randbytes(size))
            try:
                artifact = ln.Artifact(path, key=f"{number}/{turn % 5}").save()
                done.write(f"artifact {artifact.hash} {artifact.uid}\n")
                label = ln.ULabel(name=f"{number} {turn}").save()
                done.write(f"label {label.name} -\n")
                artifact.ulabels.add(label)
                if artifact.cache().read_bytes() != path.read_bytes():
                    done.write("wrong bytes -\n")
            except LigninError as e:
                done.write(f"failed {' '.join(str(e).split())}\n")
            done.flush()


def write_as_process(folder: Path, number: int, notes: Path, over: Path) -> None:
    """The same in a process of its own, until the file `over` is there."""
    connect(folder)
    write(folder, number, notes=notes, is_over=over.exists)


def judge(name: str, instance: Any, notes: list[Path], *, may_fail: bool) -> None:
    """Compare what was noted with the catalogue; leave with a message where they differ."""
    lines = [line.split(" ", 1) for note in notes for line in note.read_text().splitlines()]
    kept = {artifact.uid: artifact for artifact in ln.Artifact.all()}
    labels = ln.ULabel.all().to_list("name")
    told = [rest.split() for kind, rest in lines if kind == "artifact"]
    failures = [rest for kind, rest in lines if kind == "failed"]
    problems = [f"lost {content}" for content, uid in told if uid not in kept or kept[uid].hash != content]
    problems += [f"lost label {rest}" for kind, rest in lines if kind == "label" and rest.removesuffix(" -") not in labels]
    problems += [f"twice: label {label}" for label in set(labels) if labels.count(label) > 1]
    problems += ["wrong bytes" for kind, _ in lines if kind == "wrong"]
    problems += [f"failed: {failure}" for failure in failures if not may_fail]
    for artifact in kept.values():
        artifact.cache(verify=True)
    problems += [f"fsck: {finding}" for finding in examine(instance).findings]
    print(f"{name}: {len(told)} artifacts and {len(labels)} labels acknowledged, {len(failures)} calls failed with an error of ours, {'nothing lost' if not problems else 'WRONG'}")
    if problems:
        sys.exit("\n".join(problems[:20]))


def fail_postgres(folder: Path, rounds: int) -> None:
    """Stop, or kill, the server in each round."""
    home = folder / "pg"
    home.mkdir(mode=0o755)
    server = PostgresServer(home)
    project = folder / "project"
    instance = init(project, db=server.make_database("lignin"), name="faults")
    notes, over = [folder / f"notes-{n}" for n in range(WRITERS)], folder / "over"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_as_process, args=(project, n, notes[n], over)) for n in range(WRITERS)]
    for worker in workers:
        worker.start()
    hows = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
    for turn in range(rounds):
        before = size_of(notes)
        wait_until(lambda before=before: size_of(notes) > before + 2_000)  # type: ignore[misc]  # a default binds it
        server.stop(hows[turn % 3])
        time.sleep(random.Random(turn).uniform(0, 2))
        server.start()
    before = size_of(notes)
    wait_until(lambda: size_of(notes) > before + 2_000)
    over.touch()
    for worker in workers:
        worker.join()
    judge(f"postgres, {rounds} restarts, {WRITERS} processes", instance, notes, may_fail=False)
    instance.close()
    server.stop(signal.SIGINT)


def fail_s3(folder: Path, rounds: int) -> None:
    """Damage some requests in each round."""
    for name, value in (("ACCESS_KEY_ID", "bench"), ("SECRET_ACCESS_KEY", "bench"), ("DEFAULT_REGION", "us-east-1"), ("EC2_METADATA_DISABLED", "true")):
        os.environ[f"AWS_{name}"] = value
    os.environ |= {"LIGNIN_S3_TIMEOUT": "2", "AWS_MAX_ATTEMPTS": "2"}
    upstream = importlib.import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    upstream.start()
    line = FaultyStore("http://{}:{}".format(*upstream.get_host_and_port()))
    importlib.import_module("s3fs").S3FileSystem(client_kwargs={"endpoint_url": line.url}).mkdir("faults")
    instance = init(folder / "project", storage=f"s3://faults/data?endpoint_url={line.url}", name="faults")
    notes, over = [folder / f"notes-{n}" for n in range(WRITERS)], threading.Event()
    threads = [
        threading.Thread(target=write, args=(folder / "project", n), kwargs={"notes": notes[n], "is_over": over.is_set, "size": 200_000})
        for n in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    chance = random.Random(1)
    for _ in range(rounds):
        line.fail(chance.choice(DAMAGES), method=chance.choice(["", "GET", "PUT", "HEAD"]), times=chance.choice([1, 3, 20]))
        before = size_of(notes)
        wait_until(lambda before=before: size_of(notes) > before + 500)  # type: ignore[misc]  # a default binds it
        line.heal()
    over.set()
    for thread in threads:
        thread.join()
    shutil.rmtree(os.environ["LIGNIN_CACHE_DIR"], ignore_errors=True)
    judge(f"s3, {rounds} faults, {WRITERS} threads, {len(line.requests)} requests", instance, notes, may_fail=True)
    instance.close()
    line.close()
    upstream.stop()


def fail_disk(folder: Path, rounds: int) -> None:
    """In each round no file may grow beyond a size, as on a full disk, for some of the time."""
    instance = init(folder / "project", name="faults")
    note, is_over = folder / "notes-0", threading.Event()
    chance, sources = random.Random(1), [folder / f"source-{n}" for n in range(60)]
    for source in sources:
        source.write_bytes(chance.randbytes(200_000))
    writer = threading.Thread(target=write, args=(folder / "project", 0), kwargs={"notes": note, "is_over": is_over.is_set, "sources": sources})
    writer.start()
    for _ in range(rounds):
        before = size_of([note])
        wait_until(lambda before=before: size_of([note]) > before + 300)  # type: ignore[misc]  # a default binds it
        # The notes lie on the same disk, and have to be written: so the limit is beyond their size.
        before = size_of([note])
        resource.setrlimit(resource.RLIMIT_FSIZE, (before + chance.choice([5_000, 50_000, 150_000]), resource.RLIM_INFINITY))
        wait_until(lambda before=before: size_of([note]) > before + 300)  # type: ignore[misc]  # a default binds it
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    is_over.set()
    writer.join()
    judge(f"disk, {rounds} times full", instance, [note], may_fail=True)
    instance.close()


def size_of(notes: list[Path]) -> int:
    """How much was noted."""
    return sum(note.stat().st_size for note in notes if note.exists())


def main() -> None:
    """Run what was asked for, each in a folder of its own."""
    kinds = {"postgres": (fail_postgres, 30), "s3": (fail_s3, 60), "disk": (fail_disk, 60)}
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kinds", nargs="*", help="postgres, s3, disk; all by default")
    parser.add_argument("--rounds", type=int)
    asked = parser.parse_args()
    os.environ["LIGNIN_VERBOSITY"] = "error"
    for kind in asked.kinds or kinds:
        run, rounds = kinds[kind]
        with tempfile.TemporaryDirectory(prefix="lignin-faults-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            os.environ |= {"HOME": name, "LIGNIN_HOME": f"{name}/home", "LIGNIN_CACHE_DIR": f"{name}/cache"}
            (folder / "project").mkdir()
            run(folder, asked.rounds or rounds)
            use("lignin.instance", None)


if __name__ == "__main__":
    main()
