"""Which run code belongs to."""

import contextvars
import sys
import threading

import pytest

from lignin.base import context
from lignin.base.context import current_run, current_run_uid, reset, set_process_run, set_run


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    set_process_run(None)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A module `tinyengine`, and an adapter that says which of its runs is going on."""
    (tmp_path / "tinyengine.py").write_text("run = None\n")
    (tmp_path / "tinyadapter.py").write_text("import sys\ndef active_run():\n    return sys.modules['tinyengine'].run\n")
    folder = tmp_path / "tinyadapter-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text("[lignin.runs]\ntinyengine = tinyadapter:active_run\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    context._asker.cache_clear()
    yield __import__("tinyengine")
    for name in ("tinyengine", "tinyadapter"):
        sys.modules.pop(name, None)


def test_the_innermost_of_context_process_and_environment_counts(monkeypatch):
    monkeypatch.setenv("LIGNIN_RUN", "snakemake:a:b:1")
    assert current_run_uid() == "snakemake:a:b:1"
    set_process_run("process", record="P")
    assert (current_run_uid(), current_run()) == ("process", "P")
    token = set_run("context", record="C")
    assert (current_run_uid(), current_run()) == ("context", "C")
    reset(token)
    assert current_run_uid() == "process"
    set_process_run(None)
    monkeypatch.delenv("LIGNIN_RUN")
    assert (current_run_uid(), current_run()) == (None, None)


def test_plain_threads_see_the_run_of_the_process_and_not_that_of_the_context():
    set_process_run("process")
    token = set_run("context")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(current_run_uid()))
    thread.start()
    thread.join()
    reset(token)
    assert seen == ["process"]


def test_an_inherited_run_counts_in_its_own_instance_only(monkeypatch):
    monkeypatch.setenv("LIGNIN_RUN", "run@home")
    assert current_run_uid() == current_run_uid(instance="home") == "run"
    assert current_run_uid(instance="other") is None


def test_an_engine_is_asked_and_the_deeper_of_its_run_and_ours_counts(engine, monkeypatch):
    monkeypatch.setenv("LIGNIN_RUN", "outer")
    assert current_run_uid() == "outer"
    engine.run = "tinyengine::flow:1"
    assert current_run_uid() == "tinyengine::flow:1"
    token = set_run("inside the flow")
    assert current_run_uid() == "inside the flow"
    engine.run = "tinyengine::task:1"
    assert current_run_uid() == "tinyengine::task:1"
    engine.run = None
    assert current_run_uid() == "inside the flow"
    reset(token)


def test_an_engine_that_is_not_loaded_is_not_asked(engine):
    engine.run = "tinyengine::flow:1"
    del sys.modules["tinyengine"]
    assert current_run_uid() is None


def test_an_adapter_that_does_not_load_is_passed_over(engine, tmp_path):
    (tmp_path / "tinyadapter.py").write_text("import no_such_package_at_all\n")
    engine.run = "x"
    assert current_run_uid() is None


def test_resetting_in_another_context_does_nothing():
    token = contextvars.copy_context().run(set_run, "elsewhere")
    reset(token)
    assert current_run_uid() is None
