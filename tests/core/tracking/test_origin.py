"""Which code a process runs, and what it is called."""

import subprocess
import sys

import pytest

from lignin.tracking.origin import find_origin, place_of


def test_keys_are_paths_in_the_instances_folder_and_elsewhere_names_with_their_folder(tmp_path):
    inside = tmp_path / "project"
    outside = tmp_path / "else where"
    for folder in (inside / "scripts", outside):
        folder.mkdir(parents=True)
        (folder / "run.py").touch()
    (tmp_path / "link").symlink_to(inside)
    assert place_of(inside / "scripts" / "run.py", folder=inside).key == "scripts/run.py"
    assert place_of(tmp_path / "link" / "scripts" / "run.py", folder=inside).key == "scripts/run.py"
    assert place_of(inside / "scripts" / "run.py", folder=inside).reference is None
    elsewhere = place_of(outside / "run.py", folder=inside)
    assert (elsewhere.key, elsewhere.reference) == ("run.py", f"file://{tmp_path}/else%20where")


def test_two_scripts_of_one_name_elsewhere_are_two_families(scripts, tmp_path):
    uids = set()
    for name in ("a", "b"):
        script = tmp_path / name / "run.py"
        script.parent.mkdir()
        script.write_text("import lignin.tracking as ln\nln.track()\n")
        uids.add(scripts.wait(scripts.popen([sys.executable, str(script)])).run.transform.uid[:12])
    assert len(uids) == 2


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_and_byte_order_marks_do_not_make_a_version(tmp_path, ending):
    first = tmp_path / "a.py"
    first.write_bytes(b"x = 1\ny = 2\n")
    second = tmp_path / "b.py"
    second.write_bytes(f"\ufeffx = 1{ending}y = 2{ending}".encode())
    hashes = {find_origin(tmp_path, caller=None, path=path).code.hash for path in (first, second)}
    assert len(hashes) == 1


def test_a_source_that_is_no_utf8_and_holds_nul_can_be_stored(tmp_path):
    path = tmp_path / "a.R"
    path.write_bytes(b"x <- '\xe9\0'\n")
    assert find_origin(tmp_path, caller=None, path=path).code.source == "x <- '\ufffd\\0'\n"


def test_a_script_from_standard_input_has_no_source_and_says_so(scripts):
    done = subprocess.run(
        [sys.executable, "-"],
        input="import lignin.tracking as ln\nln.track()\nfrom lignin.model import Run\nprint(Run.filter().to_list()[0].transform.key)",
        cwd=scripts.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "<stdin>\n"
    assert "! this code comes from no file (<stdin>)" in done.stderr


def test_a_command_that_was_installed_is_tracked_by_the_module_that_asks(scripts, tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    launcher = packages / "launcher.py"
    launcher.write_text("import work\nwork.main()\n")
    scripts.write("def main():\n    ln.track()", "work.py")
    done = scripts.wait(scripts.popen([sys.executable, str(launcher)], PYTHONPATH=str(scripts.folder)))
    assert done.run.transform.key == "work.py", done.stderr


def test_the_main_script_is_meant_where_a_module_of_its_own_asks(scripts):
    scripts.write("def start():\n    ln.track()", "setup_run.py")
    assert scripts.run("import setup_run\nsetup_run.start()", name="main.py").run.transform.key == "main.py"


def test_keys_are_the_same_from_a_folder_below(scripts):
    (scripts.folder / "deep").mkdir()
    script = scripts.write("ln.track()", "deep/run.py")
    process = subprocess.run([sys.executable, str(script)], cwd=script.parent, capture_output=True, text=True, check=True)
    assert "key='deep/run.py'" in process.stderr
