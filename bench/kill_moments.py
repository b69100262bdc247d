"""Kill a working process at random moments with SIGKILL, repair, and see that nothing that was told of as done is lost.

Each round forks a worker that does things and notes what was done only after it was: `--what save` files and folders,
new versions, tracked runs; `--what s3` the same into a bucket of moto's server, over the wire, large files in parts;
`--what delete` to the trash, back, and for good; `--what ingest` a spool whose files are hashed as it is taken in;
`--what all` of these, locally; `--what migrate` a filled catalogue to a made-up next schema that rebuilds a table.
After some rounds the catalogue is repaired as `lignin fsck --repair --rehash 100%` would, without its hour of grace. Then

- whatever was noted as saved has its record and its bytes, and what was noted as deleted is gone;
- every record in the catalogue loads, with the very bytes that its content id names;
- every event that was spooled is in the catalogue, and no run is still recorded as running;
- a migration has happened as a whole or not at all, and every row is as it was;
- a second examination finds nothing, and no upload is left unfinished.

    python bench/kill_moments.py                               # 200 kills, SQLite, all
    python bench/kill_moments.py --what s3
    python bench/kill_moments.py --what delete --db postgresql  # on a PostgreSQL server that it starts itself
"""

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from postgres import OWN, empty_database, server
from sqlalchemy import MetaData, select, text
from sqlalchemy.exc import SAWarning

import lignin as ln
from lignin.base import ports
from lignin.base.clock import now
from lignin.base.content import hash_path
from lignin.base.errors import BytesGone, ContentChanged
from lignin.instance import connect, ingest, init
from lignin.instance.database import Database
from lignin.instance.fsck import examine, repair
from lignin.instance.migrations import HEAD, REVISIONS
from lignin.recording import Ended, FileRef, Produced, RunKey, RunStatus, Started, Used
from lignin.recording.spool import Spool
from lignin.storage import Root, remote, unfinished

# The smallest that S3 takes: a file of two parts is soon uploaded.
PART = 5 * 1024 * 1024
DOES = {
    "all": ("save", "save", "save_folder", "delete", "spool", "track"),
    "save": ("save", "save", "save_folder", "track"),
    "s3": ("save", "save_large", "save_folder", "delete"),
    "delete": ("save", "trash", "delete", "delete"),
    "ingest": ("spool_files",),
}
NEXT = '''
"""A made-up next schema: a table is rebuilt, one is made, and rows are filled."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", {head!r}

def upgrade():
    op.create_table("extra", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(), nullable=False))
    with op.batch_alter_table("artifact") as batch:
        batch.add_column(sa.Column("extra_note", sa.String(), nullable=True))
    op.execute("update artifact set extra_note = uid")
    op.execute("insert into extra (id, name) select id, uid from artifact")
    op.create_index("ix_extra_name", "extra", ["name"])

def downgrade():
    op.drop_table("extra")
    with op.batch_alter_table("artifact") as batch:
        batch.drop_column("extra_note")
'''


class Worker:
    """Does one thing after the other until it is killed."""

    def __init__(self, folder: Path, *, what: str, seed: int) -> None:
        self.instance = connect(folder)
        self.chance = random.Random(seed)
        self.what = what
        self.seed = seed
        self.sources = folder / "outside"
        self.notes = os.open(folder / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.saved: list[tuple[str, str]] = []

    def note(self, what: str, **facts: object) -> None:
        os.write(self.notes, json.dumps({"what": what, **facts}).encode() + b"\n")

    def work(self, ready: Callable[[], None]) -> None:
        if self.what == "delete":
            self.saved = [(artifact.uid, artifact.hash) for artifact in ln.Artifact.all()]
        ready()
        number = 0
        while True:
            number += 1
            getattr(self, self.chance.choice(DOES[self.what]))(f"{self.seed}-{number}")

    def save(self, name: str, *, sizes: tuple[int, ...] = (10, 1_000, 100_000, 2_000_000)) -> None:
        path = self.sources / f"{name}.bin"
        path.write_bytes(self.chance.randbytes(self.chance.choice(sizes)))
        self._save(path, key=f"file/{self.chance.randrange(20)}.bin")

    def save_large(self, name: str) -> None:
        self.save(name, sizes=(PART + 1_000_000,))

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

    def trash(self, _name: str) -> None:
        if self.saved:
            uid, content = self.saved[self.chance.randrange(len(self.saved))]
            artifact = ln.Artifact.get(uid)
            artifact.delete()
            self.note("saved", uid=uid, content=content, trashed=True)
            if self.chance.random() < 0.5:
                artifact.restore()
            elif self.chance.random() < 0.5:
                self.saved.remove((uid, content))
                self.note("deleting", uid=uid, content=content)
                artifact.delete(permanent=True)
                self.note("deleted", uid=uid, content=content)
            else:
                self.saved.remove((uid, content))

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

    def spool_files(self, name: str) -> None:
        """Tasks that read one another's files, which nobody has hashed, all taken in at once."""
        spool = Spool(self.instance.config.spool, engine="bench")
        before: FileRef | None = None
        for part in range(40):
            path = self.instance.config.folder / "results" / f"{part}.txt"
            path.parent.mkdir(exist_ok=True)
            # Now and then the same again; else a new version of that place.
            path.write_text(f"{self.chance.randrange(50)} {part} " * 20)
            info = path.stat()
            ref = FileRef(uri=path.as_uri(), host=None, size=info.st_size, mtime_ns=info.st_mtime_ns, inode=info.st_ino)
            key = RunKey(engine="bench", scope=name, id=str(part))
            spool.record(Started(run=key, name="task", at=now()))
            if before is not None:
                spool.record(Used(run=key, ref=before))
            spool.record(Produced(run=key, ref=ref))
            spool.record(Ended(run=key, status=RunStatus.COMPLETED, at=now()))
            self.note("spooled", uid=key.uid)
            before = ref
        spool.close()
        assert spool.path is not None
        ingest(self.instance, spool.path)

    def track(self, name: str) -> None:
        ln.track(key="worker.py", kind="script", source_code=f"version = {self.chance.randrange(3)}\n")
        self.save(name)
        ln.finish()


def kill_once(folder: Path, work: Callable[[Callable[[], None]], None], *, seconds: float) -> bool:
    """Let a child do it until so long after it said that it is ready, and kill it; whether it was still at work."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            sys.stderr = (folder / "errors").open("a")
            work(lambda: os.close(writer))
            os._exit(0)
        except BaseException as e:
            with (folder / "failed").open("a") as stream:
                stream.write(f"{type(e).__name__}: {e}\n")
        finally:
            os._exit(1)
    os.close(writer)
    # Answers when the child closes its end, by saying so or by its death.
    os.read(reader, 1)
    os.close(reader)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


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
    records = {record.uid: record for record in [*ln.Artifact.all(), *ln.Artifact.filter(branch_id=-1)]}
    for uid, line in last.items():
        if line["what"] == "saved":
            assert records[uid].hash == line["content"], line
        elif line["what"] == "deleted" and uid in records:
            # Saved again, and killed before that could be noted.
            assert records[uid].hash != line["content"], line
    for record in records.values():
        try:
            assert hash_path(record.cache()).id == record.hash, record
        except (BytesGone, ContentChanged):
            # A pipeline's own file that the next run overwrites is no loss, and is never served as what it was.
            assert record.key.startswith("results/"), record
    spooled = {n["uid"] for n in lines if n["what"] == "spooled"}
    assert spooled <= {run.uid for run in ln.Run.filter(engine="bench")}
    assert not ln.Run.filter(status="running", engine=None).count()
    where = Root.parse(instance.config.storage_root)
    assert not where.is_remote or not unfinished(where.path())
    instance.close()
    ports.use("lignin.instance", None)
    return Counter(finding.kind.value for finding in report.findings)


def in_child(folder: Path, work: Callable[[], Counter[str]]) -> Counter[str]:
    """Its result, from a child: what it opens and starts is not handed down to those that are killed."""
    told = folder / "told"
    pid = os.fork()
    if pid == 0:
        try:
            told.write_text(json.dumps(work()))
            os._exit(0)
        finally:
            importlib.import_module("traceback").print_exc()
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, "the check failed"
    return Counter(json.loads(told.read_text()))


def kill_workers(folder: Path, arguments: argparse.Namespace, *, db: str | None, storage: str | None) -> tuple[Counter[str], Counter[str]]:
    """What was done before the kills, and what was found and repaired after them."""
    remote._PART = PART  # large enough files take too long
    (folder / "outside").mkdir()

    def begin() -> Counter[str]:
        init(folder, db=db, storage=storage).close()
        return Counter()

    # Loaded before the fork, so that the moments fall into the work and not into its imports.
    for name in ("upath", "s3fs", "lignin.formats.tables") if storage else ("lignin.formats.tables",):
        importlib.import_module(name)
    in_child(folder, begin)
    chance, found = random.Random(arguments.seed), Counter[str]()
    for kill in range(1, arguments.kills + 1):
        kill_once(folder, lambda ready, seed=kill: Worker(folder, what=arguments.what, seed=seed).work(ready), seconds=chance.uniform(0, arguments.seconds))
        if kill % arguments.each == 0 or kill == arguments.kills:
            found += in_child(folder, lambda: check(folder))
    lines = (folder / "notes").read_bytes().splitlines() if (folder / "notes").exists() else []
    return Counter(json.loads(line)["what"] for line in lines), found


def kill_migrations(folder: Path, arguments: argparse.Namespace, *, db: str | None) -> tuple[Counter[str], Counter[str]]:
    """Migrate a filled catalogue, killed on the way; it is as it was, or migrated as a whole, and goes on from there."""
    module: Any = importlib.import_module("lignin.instance.migrate")
    versions: Any = importlib.import_module("lignin.instance.schema_version")
    command: Any = importlib.import_module("alembic.command")
    # Loaded before the first fork, so that the moments fall into the migration and not into its imports.
    importlib.import_module("alembic.autogenerate")
    shutil.copytree(module.SCRIPTS, folder / "scripts")
    (folder / "scripts" / "versions" / "v9999_next.py").write_text(NEXT.replace("{head!r}", repr(HEAD)))
    module.SCRIPTS, module.HEAD, versions.REVISIONS = folder / "scripts", "9999", (*REVISIONS, "9999")
    instance = init(folder, db=db)
    for number in range(arguments.rows):
        (folder / f"{number}.txt").write_text(f"{number}")
    ln.track(key="fill.py", kind="script", source_code="x = 1\n")
    ln.save([ln.Artifact(folder / f"{n}.txt", key=f"{n}.txt") for n in range(arguments.rows)])
    ln.finish()
    url = instance.config.db_url
    instance.close()
    before = _rows(url)
    chance, done = random.Random(arguments.seed), Counter[str]()
    longest = _time(lambda: _migrate(module, url))
    for _ in range(arguments.kills):
        _downgrade(command, module, url)
        assert _rows(url) == before, "going back changed rows"
        was_killed = kill_once(folder, lambda ready: _migrate(module, url, ready=ready), seconds=chance.uniform(0, longest * 1.5))
        version = _version(url)
        assert _rows(url) == before, f"rows changed at {version}"
        done["killed, as it was" if version == HEAD else "killed, migrated" if was_killed else "ended before"] += 1
        _migrate(module, url)
        assert (_version(url), _rows(url)) == ("9999", before)
    assert not (folder / "failed").exists(), (folder / "failed").read_text()
    return done, Counter()


def _migrate(module: Any, url: str, *, ready: Callable[[], None] = lambda: None) -> None:
    database = Database(url)
    ready()
    module.migrate(database)
    database.close()


def _downgrade(command: Any, module: Any, url: str) -> None:
    database = Database(url)
    with database.engine.connect().execution_options(lignin_write=True) as connection:
        if database.is_sqlite:
            connection.detach()
            connection.connection.cursor().execute("pragma foreign_keys=off")
        with connection.begin():
            config = module.scripts()
            config.attributes["connection"] = connection
            command.downgrade(config, HEAD)
    database.close()


def _rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the first schema's tables, in its columns."""
    warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
    database, tables = Database(url), MetaData()
    with database.engine.connect() as connection:
        tables.reflect(connection, resolve_fks=False)
        found = {}
        for table in tables.tables.values():
            columns = [column for column in table.c if column.name != "extra_note"]
            if table.name not in {"extra", "alembic_version"}:
                found[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
        version = connection.execute(text("select version_num from alembic_version")).scalar_one()
        if version == "9999":
            assert connection.execute(text("select count(*) from artifact where extra_note <> uid or extra_note is null")).scalar() == 0
            assert connection.execute(text("select count(*) from extra")).scalar() == len(found["artifact"])
        else:
            assert "extra" not in tables.tables
            assert "extra_note" not in tables.tables["artifact"].c
    database.close()
    return found


def _version(url: str) -> str:
    database = Database(url)
    with database.engine.connect() as connection:
        version = str(connection.execute(text("select version_num from alembic_version")).scalar_one())
    database.close()
    return version


def _time(work: Callable[[], None]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


@contextmanager
def bucket() -> Iterator[str]:
    """A storage root in a bucket of moto's server, a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-only", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        endpoint = f"http://127.0.0.1:{port}"
        make = "import sys, s3fs; s3fs.S3FileSystem(client_kwargs={'endpoint_url': sys.argv[1]}).mkdir('bench-kills')"
        while subprocess.run([sys.executable, "-c", make, endpoint], stderr=subprocess.DEVNULL, check=False).returncode:
            time.sleep(0.2)
        yield f"s3://bench-kills/data?endpoint_url={endpoint}"
        process.kill()


def main() -> None:
    """Kill, repair and check, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=[*DOES, "migrate"], default="all")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--each", type=int, default=10, help="repair and check after so many kills")
    parser.add_argument("--seconds", type=float, default=0.6, help="a worker lives no longer than this")
    parser.add_argument("--rows", type=int, default=300, help="artifacts in the catalogue that is migrated")
    parser.add_argument("--db", help=f"URL of an empty database, or {OWN!r} for a server that is started; SQLite by default")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-kill-"))
    os.environ |= {"HOME": str(folder), "LIGNIN_HOME": str(folder / "home"), "LIGNIN_VERBOSITY": "error", "LIGNIN_CACHE_DIR": str(folder / "cache")}
    os.chdir(folder)
    with ExitStack() as stack:
        db = stack.enter_context(empty_database(stack.enter_context(server(OWN)))) if arguments.db == OWN else arguments.db
        if arguments.what == "migrate":
            done, found = kill_migrations(folder, arguments, db=db)
        else:
            storage = stack.enter_context(bucket()) if arguments.what == "s3" else None
            done, found = kill_workers(folder, arguments, db=db, storage=storage)
    print(f"{arguments.kills} kills of {arguments.what} (seed {arguments.seed}): {dict(done)} done before, {dict(found)} found and repaired; nothing lost")
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
