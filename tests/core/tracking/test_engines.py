"""Objects of workflow engines go to their adapter, found by entry point."""

import sys
import textwrap

import pytest

from lignin.base.errors import MissingExtra
from lignin.tracking import flow, step


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine with flows of its own, and its installed adapter."""
    (tmp_path / "tinyflow").mkdir()
    (tmp_path / "tinyflow" / "__init__.py").write_text(textwrap.dedent("""
        class Flow:
            def __init__(self, function):
                self.function, self.hooks = function, []
            def __call__(self, *args):
                return self.function(*args)
            def serve(self):
                return "serving"
    """))
    (tmp_path / "tinyflow_lignin.py").write_text("def instrument(thing):\n    thing.hooks.append('lignin')\n    return thing\n")
    folder = tmp_path / "tinyflow_lignin-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text("[lignin.engines]\ntinyflow = tinyflow_lignin:instrument\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield __import__("tinyflow")
    for name in ("tinyflow", "tinyflow_lignin"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("decorator", [flow, step, flow(), step()])
def test_an_engines_object_comes_back_as_itself_with_the_adapters_hooks(engine, decorator):
    thing = engine.Flow(len)
    assert decorator(thing) is thing
    assert thing.hooks == ["lignin"]
    assert thing.serve() == "serving"


def test_an_adapter_that_can_not_be_loaded_names_what_to_install(engine, tmp_path):
    (tmp_path / "tinyflow_lignin.py").write_text("import no_such_package_at_all\n")
    with pytest.raises(MissingExtra, match=r"no_such_package_at_all.*lignin\[tinyflow\]"):
        flow()(engine.Flow(len))


def test_an_engine_whose_adapter_is_missing_is_named(monkeypatch):
    thing = type("Flow", (), {"__module__": "redun.task", "__call__": lambda self: None})()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingExtra, match=r"belongs to redun.*lignin\[redun\]"):
        step()(thing)


def test_any_other_object_that_can_be_called_is_wrapped(keeper):
    class Model:
        def __call__(self, x):
            return x + 1

    assert step()(Model())(1) == 2
    assert keeper.runs[0].told["name"].endswith("Model")
