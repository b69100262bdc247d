"""Live: what goes wrong on our side leaves the user's run as it is."""

import pytest


@pytest.fixture
def small(redun):
    (redun.folder / "small.py").write_text(
        "from redun import File, task\nredun_namespace = 'small'\n\n@task()\ndef make(n: int) -> File:\n    file = File(f'{n}.txt')\n"
        "    file.write(str(n))\n    return file\n\n@task()\ndef main(n: int = 1) -> list:\n    return [make(i) for i in range(n)]\n"
    )
    (redun.folder.parent / "file").write_text("in the way")
    return redun


def test_a_spool_that_cannot_be_written_changes_nothing_and_is_said_once(small):
    blocked = str(small.folder.parent / "file" / "spool")
    done = small.run("small.py", "main", "--n", "3", LIGNIN_SPOOL=blocked)
    assert done.code == 0
    assert "[File(path=0.txt" in done.output
    assert done.output.count("recording failed, the pipeline goes on") == 1
    # What was lost is in redun's database.
    assert small.read().statuses("small.make") == ["completed"] * 3


def test_strict_is_the_other_way_round(small):
    blocked = str(small.folder.parent / "file" / "spool")
    done = small.run("small.py", "main", LIGNIN_SPOOL=blocked, LIGNIN_STRICT="1")
    assert done.code == 1
    assert "NotADirectoryError" in done.output



def test_importing_the_package_does_not_import_redun(redun):
    done = redun.python("-c", "import sys, redun_lignin as r; assert r.active_run() is None; sys.exit('redun' in sys.modules)")
    assert (done.code, done.output) == (0, "")
