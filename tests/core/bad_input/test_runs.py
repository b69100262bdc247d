"""What no run can be started with, and what the environment may not say."""

import os
from importlib import import_module

import pytest

from lignin.base.context import current_run, set_process_run


class Odd:
    def __str__(self):
        raise ValueError("no text")


def _flow(w, **options):
    return w.ln.flow(**options)(lambda: None)


TRACKED = [
    (lambda w: w.ln.track(5), "5"),
    (lambda w: w.ln.track("short"), "short"),
    (lambda w: w.ln.track("x" * 13), "xxx"),
    (lambda w: w.ln.track("'; drop --12"), "drop"),
    (lambda w: w.ln.track({"fdr": 0.05}), "params="),
    (lambda w: w.ln.track(w.label), "uid"),
    (lambda w: w.ln.track(project="none of this name"), "none of this name"),
    (lambda w: w.ln.track(project=5), "5"),
    (lambda w: w.ln.track(project="a\0b"), "project"),
    (lambda w: w.ln.track(project="\udcff"), "project"),
    (lambda w: w.ln.track(project=w.ln.Project(name="unsaved")), "project"),
    (lambda w: w.ln.track(params=[1]), "params"),
    (lambda w: w.ln.track(params="fdr=1"), "params"),
    (lambda w: w.ln.track(params=5), "params"),
    (lambda w: w.ln.track(key=5), "key"),
    (lambda w: w.ln.track(key="a\0b"), "key"),
    (lambda w: w.ln.track(key="\udcff"), "key"),
    (lambda w: w.ln.track(key="\u4e00" * 3000), "key"),
    (lambda w: w.ln.track(kind=5), "kind"),
    (lambda w: w.ln.track(kind="a\0b"), "kind"),
    (lambda w: w.ln.track(name=5), "name"),
    (lambda w: w.ln.track(name="a\0b"), "name"),
    (lambda w: w.ln.track(description=5), "description"),
    (lambda w: w.ln.track(parent="none"), "none"),
    (lambda w: w.ln.track(parent=5), "5"),
    (lambda w: w.ln.track(parent="a:b"), "a:b"),
    (lambda w: w.ln.track(parent="a:b:c:0"), "a:b:c:0"),
    (lambda w: w.ln.track(parent="a:b:c:x"), "a:b:c:x"),
    (lambda w: w.ln.track(parent="::" + ":1"), "LIGNIN_PARENT"),
    (lambda w: w.ln.track(parent="e:s:" + "x" * 5000 + ":1"), "LIGNIN_PARENT"),
    (lambda w: w.ln.track(parent="e:s:%00:1"), "LIGNIN_PARENT"),
    (lambda w: w.ln.track(parent=w.label), "no run"),
    (lambda w: w.ln.track(source_code=5), "source_code"),
    (lambda w: w.ln.track(path="missing.py"), "missing.py"),
    (lambda w: w.ln.track(path="empty"), "empty"),
    (lambda w: w.ln.track(path=5), "path"),
    (lambda w: w.ln.track(path="a\0b"), "path"),
    (lambda w: w.ln.track(path="loop.txt"), "loop.txt"),
    (lambda w: w.ln.track(path="pipe"), "pipe"),
    (lambda w: w.ln.track(entrypoint=5), "entrypoint"),
    (lambda w: w.ln.finish(), "no run"),
    (lambda w: w.ln.flow(global_run="forever"), "forever"),
    (lambda w: w.ln.flow(uid="short")(print), "short"),
    (lambda w: w.ln.flow(5), "5"),
    (lambda w: w.ln.flow()(5), "5"),
    (lambda w: w.ln.flow()(Odd), "class"),
    (lambda w: w.ln.step("short")(print), "short"),
    (lambda w: w.ln.step()(None), "None"),
    (lambda w: w.ln.step()("text"), "text"),
    (lambda w: _flow(w, name=5)(), "name"),
    (lambda w: _flow(w, name="a\0b")(), "name"),
    (lambda w: _flow(w, project="none of this name")(), "none of this name"),
    (lambda w: _flow(w, project=5)(), "5"),
]
VARIABLES = [
    ({"LIGNIN_RUN": "none"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "a:b"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "a:b:c:0"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "a:b:c:99999999999"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": ":::1"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "x" * 10_000}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "\udcff"}, "LIGNIN_RUN"),
    ({"LIGNIN_RUN": "'; drop table run; --"}, "LIGNIN_RUN"),
]


@pytest.fixture
def _nothing_tracked():
    yield
    set_process_run(None)


@pytest.mark.parametrize(("act", "word"), TRACKED, ids=map(str, range(len(TRACKED))))
def test_no_run_starts(refused, _nothing_tracked, act, word):
    refused(act, word)
    assert current_run() is None
    assert "LIGNIN_RUN" not in os.environ


@pytest.mark.parametrize(("variables", "word"), VARIABLES, ids=map(str, range(len(VARIABLES))))
def test_nothing_is_linked_to_a_run_that_is_none(refused, monkeypatch, variables, word):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    refused(lambda w: w.ln.ULabel(name="new").save(), word)
    refused(lambda w: w.artifact.cache(), word)


def test_a_value_that_breaks_whoever_looks_at_it_costs_the_run_nothing(sqlite_instance):
    ln = import_module("lignin")
    ln.flow()(lambda odd, fine: None)(odd={"x": Odd()}, fine=float("nan"))
    (run,) = ln.Run.all()
    assert run.params["fine"] == "nan"
