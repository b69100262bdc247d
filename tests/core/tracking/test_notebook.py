"""Notebooks: what tells their versions apart, how they are stored, and what a real kernel leaves."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import nbclient
import nbformat
import pytest

from lignin.base.errors import TrackingError
from lignin.model import Run, Transform
from lignin.tracking.notebook import (
    Notebook,
    is_injected,
    not_consecutive,
    numbers_of,
    read_notebook,
    read_outputs,
    unsaved_cells,
)
from lignin.tracking.notebook_path import find_notebook_path

TRACK = "import lignin.tracking as ln\nln.track()"


SHOWN = (
    "print('printed')\nfrom IPython.display import HTML, Image, clear_output, display\nHTML('<b onclick=\"x()\">bold</b>')",
    "display(HTML('<script>x()</script>'))\ndisplay(Image(b'\\x89PNG\\r', format='png'))\nimport os; print('\\x1b[31mpassword=' + os.environ['PLANTED'] + '\\x1b[0m')",
    "h = display('first', display_id=True)\nh.update('second')",
    "print('gone')\nclear_output(wait=True)\nprint('kept')",
    "ln.finish()",
)


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
    assert [(number, [o.shown for o in outputs]) for number, outputs in read_outputs(tmp_path / "b.ipynb")] == [(4, ["hi"]), (9, ["hi"])]


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


def test_a_cell_has_the_number_of_its_last_execution():
    assert numbers_of(["a", "b", "c"], ["", "b", "a", "b ", "d"]) == (2, 3, None)
    # Of two alike, each has its own, and one that was executed again moves the first out.
    assert numbers_of(["a", "b", "a"], ["", "a", "b", "a"]) == (1, 2, 3)
    assert numbers_of(["a", "a"], ["", "a"]) == (1, None)


def test_the_cell_that_papermill_puts_in_is_known_and_is_no_unsaved_edit():
    assert is_injected("# Parameters\nfdr = 0.1\nnames = ['a']\n")
    assert not is_injected("# Parameters\nrun(fdr)")
    assert not is_injected("# Parameters\nfdr =")
    assert unsaved_cells(["", "# Parameters\nfdr = 0.1"], Notebook(cells=())) == ()


def interactive(*executed, **names):
    """What of an IPython shell is asked for its notebook's path."""
    return SimpleNamespace(user_ns=names, history_manager=SimpleNamespace(input_hist_raw=["", *executed]))


def test_visual_studio_code_says_where_its_notebook_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "a.ipynb", "x = 1")
    found = find_notebook_path(interactive("y", __vsc_ipynb_file__=str(path)))
    assert (found.path, found.by) == (path, None)
    # One that was never saved has a name and no file.
    assert find_notebook_path(interactive("y", __vsc_ipynb_file__=str(tmp_path / "Untitled-1.ipynb"))) is None


def test_the_one_notebook_that_begins_with_what_was_executed_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "a.ipynb", "# Title", "x = 1", "y = 2", "z = 3")
    written(tmp_path / "b.ipynb", "x = 1", "y = 3")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "folder.ipynb").mkdir()
    assert find_notebook_path(interactive("x = 1", "# Parameters\nx = 2", "y = 2")).path == path
    assert find_notebook_path(interactive("x = 1", "y = 2")).by == "its cells"
    for executed in [("x = 1",), ("y = 2",), ("x = 1", "z = 3"), ()]:
        assert find_notebook_path(interactive(*executed)) is None, executed


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
    folder = sqlite_instance.config.folder
    path = written(folder / "analysis.ipynb", TRACK, "x = 41 + 1", "print(x)")
    written(folder / "copy.ipynb", TRACK, "x = 41 + 2")
    notebook = executed(path, known=False, monkeypatch=monkeypatch)
    run = Run.filter().to_list()[0]
    assert (run.status, run.transform.kind, run.transform.key) == ("completed", "notebook", "<notebook>")
    assert "x = 41 + 1" in run.transform.source_code
    assert "42" in run.report.path.read_text()
    assert "set LIGNIN_NOTEBOOK" in text_of(notebook)


def test_a_notebook_that_a_program_executes_keeps_its_outputs_and_its_parameters(sqlite_instance):
    folder = sqlite_instance.config.folder
    path = written(folder / "analysis.ipynb", "# Cells\n\n<b>T</b>", "fdr = 0.5", "# Parameters\nfdr = 0.1", TRACK, *SHOWN)
    document = nbformat.read(path, as_version=4)
    document.cells[1].metadata["tags"] = ["parameters"]
    # As papermill puts it in, into the notebook that it executes and not into the one that is saved.
    document.cells[2] = nbformat.v4.new_code_cell("# Parameters\nfdr = 0.1")
    nbformat.write(document, path)
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", "analysis.ipynb"],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONWARNINGS": "", "PLANTED": "hunter2"},
    )
    assert done.returncode == 0, done.stderr
    run = Run.get(name="analysis.ipynb")
    assert (run.status, run.transform.key, run.params) == ("completed", "analysis.ipynb", {"fdr": 0.1})
    assert run.info["notebook"] == {"found_by": "the command line"}
    page = run.report.path.read_text()
    for shown in ("<h1>Cells</h1>", "&lt;b&gt;T&lt;/b&gt;", ">[5]<", "<pre>printed\n</pre>", "<b>bold</b>", "<pre>&#x27;second&#x27;</pre>", "<pre>kept\n</pre>", "data:image/png;base64,iVBORw0="):
        assert shown in page, shown
    for hidden in ("<script", "first&#x27;</pre>", "gone\n</pre>", "hunter2", "\x1b"):
        assert hidden not in page, hidden
    # What nbconvert wrote afterwards is the same code.
    assert read_notebook(path).hash == run.transform.hash


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
    assert facts["not_consecutive"] == [[1, 3]]
    assert "x = 2" in facts["executed"]
    assert "cells [(1, 3)] were not run consecutively" in text_of(notebook)
    assert "inputs [2] were executed and are not in analysis.ipynb" in text_of(notebook)


def test_a_notebook_that_is_edited_and_saved_while_it_runs_is_the_code_it_ended_with(sqlite_instance, monkeypatch):
    folder = sqlite_instance.config.folder
    path = written(folder / "analysis.ipynb", TRACK)
    # The first of these is replaced by the second before the file is saved.
    grown = written(folder / "grown.ipynb", TRACK, "x = 1", "import shutil; shutil.copy('grown.ipynb', 'analysis.ipynb')", "ln.finish()")
    monkeypatch.setenv("LIGNIN_NOTEBOOK", str(path))
    edited = written(folder / "shown.ipynb", TRACK, "x = 2", "x = 1", "import shutil; shutil.copy('grown.ipynb', 'analysis.ipynb')", "ln.finish()")
    notebook = executed(edited, known=False, monkeypatch=monkeypatch)
    (run,) = Run.filter().to_list()
    (transform,) = Transform.filter().to_list()
    assert (run.transform.uid, transform.uid[-4:], transform.hash) == (transform.uid, "0000", read_notebook(grown).hash)
    assert "import shutil" in transform.source_code
    assert run.info["notebook"]["replaced"] == [2]
    assert "save it before" not in text_of(notebook)
    assert "executed, and not in the file" in run.report.path.read_text()
    # Another run of that code; then an edit of it, which leaves the version of the first run alone.
    executed(path, monkeypatch=monkeypatch)
    written(folder / "longer.ipynb", TRACK, "import shutil; shutil.copy('longer.ipynb', 'analysis.ipynb')")
    executed(folder / "longer.ipynb", known=False, monkeypatch=monkeypatch)
    assert [(r.transform.uid[-4:], r.transform.hash == transform.hash) for r in Run.filter().order_by("id")] == [("0000", True), ("0000", True), ("0001", False)]


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


def test_a_jupyter_server_tells_its_kernels_which_notebook_they_serve(sqlite_instance, jupyter_server, monkeypatch):
    folder = sqlite_instance.config.folder
    path = written(folder / "deep notebook.ipynb", TRACK, "print(6 * 7)", "ln.finish()")
    jupyter_server.execute(path.name, [TRACK, "print(6 * 7)", "ln.finish()"])
    run = Run.filter().one()
    assert (run.status, run.transform.key, run.transform.kind) == ("completed", "deep notebook.ipynb", "notebook")
    assert "found_by" not in run.info.get("notebook", {})
    assert "<pre>42\n</pre>" in run.report.path.read_text()
