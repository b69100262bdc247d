"""PostgreSQL is stopped, or killed, and comes back in the middle of the work: nothing fails, nothing is lost or doubled."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import LigninError
from lignin.base.ports import current, use
from lignin.instance import Instance, connect, init
from lignin.instance.database import Database
from lignin.instance.fsck import examine
from lignin.recording import Code

PATIENT = 120


@pytest.fixture(scope="module")
def server(failing):
    with tempfile.TemporaryDirectory(prefix="lignin-pg-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o755)
        patch.setenv("XDG_RUNTIME_DIR", name)
        own = failing.PostgresServer(folder)
        yield own
        own.stop(signal.SIGINT)


@pytest.fixture
def running(server):
    """The server, up again afterwards."""
    server.start()
    yield server
    server.start()


@pytest.fixture
def instance(running, tmp_path, monkeypatch):
    url = running.make_database(f"lignin_{os.urandom(6).hex()}")
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    opened = init(folder, db=url, name="test")
    yield opened
    opened.close()
    use("lignin.instance", None)


class Wire:
    """Stands between a client and the server, and cuts the line at a commit: before it arrives, or before its answer does."""

    def __init__(self, folder, server):
        self.cuts = []
        self.path = server.url.partition("host=")[2] + "/.s.PGSQL.5432"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.path)
        with client, server:
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    cut = self.cuts.pop() if end is client and b"COMMIT" in data and self.cuts else None
                    if cut == "before":
                        return
                    (server if end is client else client).sendall(data)
                    if cut == "after":
                        server.recv(65536)
                        return


@pytest.fixture
def wire(instance, running):
    """The instance, reached through a line that can be cut."""
    with tempfile.TemporaryDirectory(prefix="lignin-") as name:
        wire = Wire(Path(name), running)
        instance.close()
        use("lignin.instance", Instance(instance.config, Database(instance.config.db_url.partition("?")[0] + f"?host={name}")))
        yield wire
        current().close()
        wire.listener.close()


HOW = pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=["fast shutdown", "immediate shutdown", "kill -9"])


@HOW
def test_a_restart_between_two_calls_is_not_noticed(instance, running, how):
    Path("a.txt").write_text("one")
    ln.Artifact("a.txt", key="a.txt").save()
    running.stop(how)
    running.start()
    assert ln.Artifact.get(key="a.txt").load() == "one"
    running.stop(how)
    running.start()
    Path("a.txt").write_text("two")
    assert ln.Artifact("a.txt", key="a.txt").save().is_latest
    assert [a.load() for a in ln.Artifact.get(key="a.txt", is_latest=True).versions] == ["two", "one"]


@HOW
def test_writers_wait_for_the_server_and_store_each_thing_once(instance, running, failing, how):
    saved, failed, is_over = {}, [], threading.Event()

    def write(number):
        turn = 0
        try:
            while not is_over.is_set():
                path = Path(f"{number}.txt")
                path.write_text(f"{number} {turn}")
                artifact = ln.Artifact(path, key=f"{number}.txt").save()
                label = ln.ULabel(name=f"{number} {turn}").save()
                artifact.ulabels.add(label)
                saved[f"{number} {turn}"] = artifact.hash
                turn += 1
        except Exception as e:
            failed.append(e)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()

    def some_more():
        wanted = len(saved) + 8
        failing.wait_until(lambda: len(saved) > wanted or failed)

    for _ in range(2):
        some_more()
        running.stop(how)
        running.start()
        some_more()
    is_over.set()
    for thread in threads:
        thread.join()
    assert failed == []
    artifacts, labels = list(ln.Artifact.all()), list(ln.ULabel.all())
    assert sorted(a.hash for a in artifacts) == sorted(saved.values())
    assert sorted(label.name for label in labels) == sorted(saved)
    assert sorted(name for a in artifacts for name in a.ulabels.all().to_list("name")) == sorted(saved)
    assert sum(a.is_latest for a in artifacts) == 4
    assert examine(instance).findings == ()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_done_exactly_once(wire, cut, tmp_path):
    assert not ln.ULabel.all().exists()
    wire.cuts.append(cut)
    label = ln.ULabel(name="one").save()
    assert not wire.cuts
    assert [row.uid for row in ln.ULabel.all()] == [label.uid]
    label.description = "said later"
    wire.cuts.append(cut)
    label.save()
    assert not wire.cuts
    assert ln.ULabel.get(name="one").description == "said later"
    (tmp_path / "a.txt").write_text("one")
    artifact = ln.Artifact(tmp_path / "a.txt", key="a.txt")
    assert artifact.storage_id is None
    wire.cuts.append(cut)
    artifact.save()
    assert not wire.cuts
    assert [row.uid for row in ln.Artifact.all()] == [artifact.uid]
    wire.cuts.append(cut)
    run = current().start_run(code=Code(kind="script", key="s.py", hash="1"))
    assert not wire.cuts
    assert [row.uid for row in ln.Run.all()] == [run.uid]


SCRIPT = """
import sys
from pathlib import Path
import lignin as ln

@ln.step()
def double(number):
    return 2 * number

ln.track()
for turn in range(3):
    Path("made.txt").write_text(f"made {turn}")
    ln.Artifact("made.txt", key="made.txt").save()
    double(turn)
    print(turn, flush=True)
    sys.stdin.readline()
ln.finish()
"""


def test_a_tracked_script_goes_on_through_restarts(instance, running, tmp_path):
    Path("script.py").write_text(SCRIPT)
    with subprocess.Popen([sys.executable, "script.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for how in (signal.SIGINT, signal.SIGKILL, signal.SIGINT):
            assert process.stdout.readline()
            running.stop(how)
            # Told to go on while there is no server.
            process.stdin.write("\n")
            process.stdin.flush()
            running.start()
        process.stdin.close()
        assert process.wait(PATIENT) == 0
    run = ln.Run.get(transform__key="script.py")
    assert run.status == "completed"
    assert len(list(run.output_artifacts.all())) == 3
    assert [r.status for r in ln.Run.filter(parent=run)] == ["completed"] * 3
    assert ln.Run.all().count() == 4


def test_a_server_that_stays_away_is_a_clear_error_in_bounded_time(instance, running, monkeypatch):
    monkeypatch.setenv("LIGNIN_DB_WAIT", "0.3")
    Path("a.txt").write_text("one")
    artifact = ln.Artifact("a.txt", key="a.txt")
    running.stop(signal.SIGINT)
    with pytest.raises(LigninError, match=r"is away.*Start its server"):
        artifact.save()
    with pytest.raises(LigninError, match="is away"):
        ln.Artifact.all().count()
    with pytest.raises(LigninError, match="is away"):
        connect(".")
    running.start()
    assert artifact.save().load() == "one"
    assert ln.Artifact.all().count() == 1


def test_steps_go_on_while_the_server_stays_away_and_are_in_the_catalogue_later(instance, running, monkeypatch, capsys):
    monkeypatch.setenv("LIGNIN_DB_WAIT", "0.3")

    @ln.step()
    def double(number):
        return 2 * number

    @ln.step()
    def keep(number):
        Path("sum.txt").write_text(str(number))
        return ln.Artifact("sum.txt", key="sum.txt").save()

    @ln.step()
    def outer(number):
        found = double(number)
        running.start()
        keep(found)
        return found

    @ln.flow()
    def whole():
        running.stop(signal.SIGINT)
        return double(1) + outer(2)

    assert whole() == 6
    assert capsys.readouterr().err.count("Until then steps are recorded in") == 1
    artifact = ln.Artifact.get(key="sum.txt")
    subprocess.run([sys.executable, "-m", "lignin", "ingest", "--all"], check=True, capture_output=True)
    runs = {run.name.rsplit(".", 1)[-1]: run for run in ln.Run.filter(status="completed").order_by("started_at")}
    assert ln.Run.filter(status="completed").count() == ln.Run.all().count() == 5
    assert {name: run.parent and run.parent.name.rsplit('.', 1)[-1] for name, run in runs.items()} == {"whole": None, "outer": "whole", "double": "outer", "keep": "outer"}
    assert artifact.run.name.endswith("keep")
    assert runs["double"].params == {"number": 2}
    assert runs["double"].transform.source_code.lstrip().startswith("@ln.step()")
    assert {run.engine for run in ln.Run.all()} == {None}


def test_who_is_strict_has_no_step_run_unrecorded(instance, running, monkeypatch):
    monkeypatch.setenv("LIGNIN_DB_WAIT", "0.3")
    monkeypatch.setenv("LIGNIN_STRICT", "1")
    done = []

    @ln.flow()
    def whole():
        running.stop(signal.SIGINT)
        ln.step()(done.append)(1)

    with pytest.raises(LigninError, match="is away"):
        whole()
    assert done == []
