"""Notebooks: what tells their versions apart, how they are stored, and what a real kernel leaves."""

import json
import os

import nbclient
import nbformat
import pytest

from lignin.base.errors import TrackingError
from lignin.model import Run, Transform
from lignin.tracking.notebook import Notebook, not_consecutive, read_notebook, unsaved_cells

TRACK = "import lignin.tracking as ln\nln.track()"


def written(path, *sources, counts=None, outputs=()):
    """A notebook of code cells (and markdown cells: those that begin with #)."""
    cells = []
    for number, source in enumerate(sources):
        if source.startswith("#"):
            cells.append(nbformat.v4.new_markdown_cell(source))
        else:
            cells.append(nbformat.v4.new_code_cell(source, execution_count=(counts or {}).get(number), outputs=list(outputs)))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def executed(path, *, known=True, monkeypatch, allow_errors=False):
    """Run a notebook in a real kernel, which is told its path or not; returns the notebook with its outputs."""
    if known:
        monkeypatch.setenv("LIGNIN_NOTEBOOK", str(path))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}}, allow_errors=allow_errors)
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError:
        assert not allow_errors
    return notebook


def text_of(notebook):
    return "".join(output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)


# Pure


def test_outputs_counters_and_empty_cells_are_no_part_of_a_notebooks_identity(tmp_path):
    plain = read_notebook(written(tmp_path / "a.ipynb", "# Title", "x = 1", "y = 2"))
    output = nbformat.v4.new_output("stream", text="hi")
    run = read_notebook(written(tmp_path / "b.ipynb", "# Title", "x = 1", "y = 2", "", counts={1: 4, 2: 9}, outputs=[output]))
    other = read_notebook(written(tmp_path / "c.ipynb", "# Title", "y = 2", "x = 1"))
    assert plain.hash == run.hash != other.hash


def test_sources_that_are_lists_of_lines_are_the_same(tmp_path):
    path = tmp_path / "a.ipynb"
    cells = [{"cell_type": "code", "source": ["x = 1\n", "y = 2"], "execution_count": 1}]
    path.write_text(json.dumps({"cells": cells}))
    assert read_notebook(path).cells == (("code", "x = 1\ny = 2"),)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"worksheets": []}', '{"cells": [{"source": 5}]}', '{"cells": 7}'])
def test_what_is_no_notebook_is_refused(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(TrackingError, match=r"can't read the notebook .*a\.ipynb"):
        read_notebook(path)


def test_the_stored_source_is_python_with_cell_marks():
    cells = (("markdown", "# Title\n\nText"), ("code", "%matplotlib inline\nx = 1\n!ls"), ("code", "%%bash\necho hi"), ("raw", "as it is"))
    text = Notebook(cells=cells).to_percent()
    assert text == (
        "# %% [markdown]\n# # Title\n#\n# Text\n\n"
        "# %%\n# %matplotlib inline\nx = 1\n# !ls\n\n"
        "# %%\n# %%bash\n# echo hi\n\n"
        "# %% [raw]\n# as it is\n"
    )
    compile(text, "notebook", "exec")


def test_cells_that_were_not_run_one_after_the_other_are_found():
    assert not_consecutive([1, None, 2, 5, 4]) == ((2, 5), (5, 4))
    assert not_consecutive([3, 4, 5]) == not_consecutive([]) == ()


def test_inputs_that_are_not_in_the_saved_file_are_found():
    saved = Notebook(cells=(("code", "x = 1"), ("markdown", "y = 2")))
    assert unsaved_cells(["", "x = 1\n", "y = 2", "x = 3"], saved) == (2, 3)


# In a real kernel


def test_a_notebook_whose_path_is_known_is_tracked_as_it_is_saved(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", "# Title", TRACK, "x = 41 + 1\nprint(x)", "ln.finish()")
    notebook = executed(path, monkeypatch=monkeypatch)
    run = Run.get(name="analysis.ipynb")
    assert run.status == "completed"
    assert "notebook" not in run.info
    assert (run.transform.kind, run.transform.key) == ("notebook", "analysis.ipynb")
    assert run.transform.source_code.startswith("# %% [markdown]\n# # Title\n\n# %%\nimport lignin")
    assert run.transform.hash == read_notebook(path).hash
    assert "created Transform" in text_of(notebook)
    assert "identify the notebook across renames" in text_of(notebook)


def test_running_it_again_is_another_run_of_the_same_version_and_an_edit_a_new_one(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", TRACK, "ln.finish()")
    executed(path, monkeypatch=monkeypatch)
    executed(path, monkeypatch=monkeypatch)
    assert len(Run.filter().to_list()) == 2
    assert len(Transform.filter().to_list()) == 1
    written(path, TRACK, "x = 1", "ln.finish()")
    executed(path, monkeypatch=monkeypatch)
    assert sorted(t.uid[-4:] for t in Transform.filter().to_list()) == ["0000", "0001"]


def test_a_notebook_whose_path_nobody_tells_is_recorded_by_what_was_executed(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", TRACK, "x = 41 + 1", "ln.finish()")
    notebook = executed(path, known=False, monkeypatch=monkeypatch)
    run = Run.filter().to_list()[0]
    assert (run.status, run.transform.kind, run.transform.key) == ("completed", "notebook", "<notebook>")
    assert "x = 41 + 1" in run.info["notebook"]["executed"]
    assert "set LIGNIN_NOTEBOOK" in text_of(notebook)


def test_a_notebook_that_stops_at_an_error_is_failed(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", TRACK, "raise ValueError('no reads')", "ln.finish()")
    executed(path, monkeypatch=monkeypatch)
    run = Run.filter().to_list()[0]
    assert run.status == "failed"
    assert "ValueError: no reads" in run.error


def test_a_notebook_without_finish_ends_with_its_kernel_and_an_error_that_was_mended_does_not_count(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", TRACK, "1 / 0", "x = 1")
    executed(path, monkeypatch=monkeypatch, allow_errors=True)
    run = Run.filter().to_list()[0]
    assert (run.status, run.info["finish"]) == ("completed", "implicit")


def test_unsaved_edits_and_cells_out_of_order_are_said_and_kept(sqlite_instance, monkeypatch):
    folder = sqlite_instance.config.folder
    path = written(folder / "shown.ipynb", TRACK, "x = 2", "ln.finish()")
    # What the editor has saved differs from what the kernel is given.
    saved = written(folder / "analysis.ipynb", TRACK, "x = 1", "ln.finish()", counts={0: 1, 1: 5, 2: 6})
    monkeypatch.setenv("LIGNIN_NOTEBOOK", str(saved))
    notebook = executed(path, known=False, monkeypatch=monkeypatch)
    facts = Run.filter().to_list()[0].info["notebook"]
    assert facts["unsaved"] == [2]
    assert facts["not_consecutive"] == [[1, 5]]
    assert "x = 2" in facts["executed"]
    assert "cells [(1, 5)] were not run consecutively" in text_of(notebook)
    assert "inputs [2] were executed and are not in analysis.ipynb" in text_of(notebook)


def test_a_notebook_saved_since_track_keeps_the_source_as_it_ended(sqlite_instance, monkeypatch):
    folder = sqlite_instance.config.folder
    path = written(folder / "analysis.ipynb", TRACK, "open('grow.py').read()", "ln.finish()")
    grown = written(folder / "grown.ipynb", TRACK, "import shutil; shutil.copy('grown.ipynb', 'analysis.ipynb')", "ln.finish()")
    monkeypatch.setenv("LIGNIN_NOTEBOOK", str(path))
    executed(grown, known=False, monkeypatch=monkeypatch)
    facts = Run.filter().to_list()[0].info["notebook"]
    assert facts["changed_since_start"] is True
    assert "import shutil" in facts["source"]


def test_functions_of_a_notebook_are_named_after_it(sqlite_instance, monkeypatch):
    path = written(
        sqlite_instance.config.folder / "analysis.ipynb",
        "import lignin.tracking as ln",
        "@ln.flow()\ndef normalise(x=1):\n    print('inside')\n    return x",
        "normalise()",
    )
    executed(path, monkeypatch=monkeypatch)
    run = Run.filter().to_list()[0]
    assert run.transform.key == "analysis.ipynb::normalise"
    assert "def normalise(x=1)" in run.transform.source_code
    assert run.params == {"x": 1}


def test_the_session_name_of_a_jupyter_server_is_the_path(sqlite_instance, monkeypatch):
    path = written(sqlite_instance.config.folder / "analysis.ipynb", TRACK, "ln.finish()")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    executed(path, known=False, monkeypatch=monkeypatch)
    assert Run.filter().to_list()[0].transform.key == "analysis.ipynb"
    assert "LIGNIN_NOTEBOOK" not in os.environ
