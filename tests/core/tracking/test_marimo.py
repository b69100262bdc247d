"""Marimo notebooks: as scripts, in `marimo export`, and as apps, with the real marimo."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from websockets.sync.client import connect

from lignin.model import Run, Transform

CELLS = (
    "import lignin as ln\n    import os, pathlib\n    ln.track()",
    "print('counts are in')\n    mo.md('**bold** text')",
    "@ln.step()\n    def scale(x):\n        return 2 * x\n    scale(21)",
    "if 'FAIL' in os.environ:\n        raise ValueError('no reads')",
    "if 'EDIT' in os.environ:\n        pathlib.Path('nb.py').write_text(pathlib.Path('nb.py').read_text() + '# edited\\n')",
)
NOTEBOOK = (
    "import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    import marimo as mo\n    return (mo,)\n\n\n"
    + "".join(f"@app.cell\ndef _({'' if 'import lignin' in cell else 'ln, mo, os, pathlib'}):\n    {cell}\n    return{' (ln, os, pathlib)' if 'import lignin' in cell else ''}\n\n\n" for cell in CELLS)
    + "if __name__ == '__main__':\n    app.run()\n"
)


@pytest.fixture
def notebook(sqlite_instance):
    path = sqlite_instance.config.folder / "nb.py"
    path.write_text(NOTEBOOK)
    return path


def started(notebook, *arguments, **environment):
    """A process in the notebook's folder; `marimo` is Python's module."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=notebook.parent, env={**os.environ, "MARIMO_SKIP_UPDATE_CHECK": "1", **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )


def ended(name="nb.py"):
    """The newest run of that name, once it is over: a kernel's process may end after the one that started it."""
    deadline = time.monotonic() + 120
    while True:
        run = Run.filter(name=name).order_by("-id").first()
        if run is not None and run.status != "running":
            return run
        assert time.monotonic() < deadline, "no run has ended"
        time.sleep(0.1)


def export(notebook, **environment):
    process = started(notebook, "-m", "marimo", "-q", "export", "html", "nb.py", "-o", "out.html", "-f", **environment)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def test_a_script_is_tracked_as_the_notebook_that_it_is(notebook):
    process = started(notebook, "nb.py")
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    run = Run.get(name="nb.py")
    assert (run.status, run.transform.kind, run.transform.key) == ("completed", "notebook", "nb.py")
    assert run.transform.source_code == NOTEBOOK
    assert Run.get(name="scale").transform.key == "nb.py::scale"


def test_an_export_leaves_a_run_with_its_outputs(notebook):
    code, output = export(notebook)
    assert code == 0, output
    run = ended()
    assert (run.status, run.info["finish"], run.transform.kind, run.transform.key) == ("completed", "implicit", "notebook", "nb.py")
    page = run.report.path.read_text()
    assert "counts are in" in page
    assert "<strong>bold</strong>" in page
    assert page.index("ln") < page.index("counts are in") < page.index("scale")
    step = Run.get(name="scale")
    assert (step.transform.key, step.parent) == ("nb.py::scale", run)


def test_a_cell_that_fails_fails_the_run_and_an_edited_file_is_the_code_it_ended_with(notebook):
    code, output = export(notebook, FAIL="1", EDIT="1")
    assert "some cells failed" in output or code != 0, output
    run = ended()
    assert run.status == "failed"
    assert "ValueError: no reads" in run.error
    assert Transform.filter(kind="notebook").one().source_code == notebook.read_text()
    assert notebook.read_text().endswith("# edited\n")


def test_the_viewers_of_an_app_share_one_run(notebook):
    port_file = notebook.with_name("port")
    process = started(
        notebook, "-c", "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]; s.close()\n"
        f"open({str(port_file)!r}, 'w').write(str(port) + '.')\n"
        "sys.argv = ['marimo', 'run', 'nb.py', '--headless', '--no-token', '--host', '127.0.0.1', '-p', str(port)]\n"
        "from marimo._cli.cli import main; main()",
    )  # fmt: skip
    try:
        url = f"127.0.0.1:{served(port_file, process)}"
        for viewer in ("s_1", "s_2"):
            with connect(f"ws://{url}/ws?session_id={viewer}&file=nb.py", max_size=None, open_timeout=120) as socket:
                while json.loads(socket.recv(timeout=120)).get("op") != "completed-run":
                    pass
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    run = ended()
    assert run.status == "completed"
    assert Run.filter(name="nb.py").count() == 1
    assert Run.filter(name="scale", parent=run).count() == 2
    assert re.search(rf"continuing Run\('{run.uid}'\)", output)


def served(port_file, process):
    """The port, once the server answers there."""
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        text = port_file.read_text() if port_file.exists() else ""
        if text.endswith("."):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{text[:-1]}/health", timeout=60).close()
                return text[:-1]
            except urllib.error.URLError:
                pass
        time.sleep(0.1)
    raise AssertionError("the app does not answer")
