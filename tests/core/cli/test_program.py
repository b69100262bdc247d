"""Which commands there are, and what becomes of what they raise."""

import importlib
import os
import pkgutil
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from lignin.cli import commands
from lignin.cli.options import REGISTRY_NAMES
from lignin.cli.program import SECTIONS
from lignin.model import REGISTRIES

LINES = {name: line for section in SECTIONS.values() for name, line in section.items()}


def test_the_list_of_commands_is_what_their_modules_say():
    modules = {info.name: importlib.import_module(f"lignin.cli.commands.{info.name}") for info in pkgutil.iter_modules(commands.__path__)}
    assert {name: module.command.help.splitlines()[0] for name, module in modules.items()} == LINES


def test_the_names_of_registries_are_those_of_the_tables():
    assert sorted(REGISTRY_NAMES) == sorted(name.lower() for name in REGISTRIES)


def test_help_and_version_go_to_standard_output(lignin):
    said = lignin("--help")
    assert all(line in said.out for line in LINES.values())
    assert not said.err
    assert lignin("--version").out.startswith("lignin ")
    assert lignin("-h").out == said.out


def test_help_and_version_load_nothing_heavy(process_environment):
    for argument in ("--help", "--version", "nonsense"):
        code = f"import sys, lignin.cli\ntry:\n    lignin.cli.main([{argument!r}])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
        done = subprocess.run([sys.executable, "-c", code], env=process_environment, capture_output=True, text=True, check=False)
        loaded = set(done.stderr.split())
        assert "click" in loaded
        assert loaded.isdisjoint({"sqlalchemy", "pandas", "numpy", "rich", "typer", "fsspec", "alembic", "lignin.instance", "lignin.model"})


@pytest.mark.parametrize("name", sorted(LINES))
def test_each_command_has_help_that_fits_80_columns(lignin, name):
    said = lignin(name, "--help")
    assert said.out.startswith(f"Usage: lignin {name}")
    assert max(map(len, said.out.splitlines())) <= 80


def test_no_command_at_all_shows_the_help(lignin):
    said = lignin(code=2)
    assert not said.out
    assert "lineage" in said.err


def test_a_mistyped_command_gets_a_suggestion(lignin):
    assert lignin("linage", code=2).err == "✗ there is no command 'linage'. Did you mean 'lineage'?\n"
    assert "lignin --help" in lignin("xyzzy", code=2).err


MISUSE = (
    ("--nope",),
    ("save",),
    ("save", "a", "b"),
    ("save", "elsewhere/a.txt", "--nope"),
    ("save", "elsewhere/a.txt", "--key", "../a.txt"),
    ("save", "elsewhere/a.txt", "--key", "a.csv"),
    ("save", "elsewhere/a.txt", "--key", ""),
    ("list",),
    ("list", "nothing"),
    ("list", "run", "--limit", "0"),
    ("list", "run", "--limit", "many"),
    ("list", "run", "--filter", "status"),
    ("list", "run", "--filter", "=x"),
    ("list", "run", "--filter", "colour=red"),
    ("list", "run", "--filter", "attempt=first"),
    ("list", "run", "--filter", "attempt=99999999999999999999"),
    ("list", "run", "--filter", "started_at__gt=yesterday"),
    ("list", "artifact", "--filter", "is_latest=perhaps"),
    ("list", "artifact", "--filter", "size__range=1"),
    ("list", "artifact", "--filter", "run__nothing=1"),
    ("list", "artifact", "--filter", "run__transform__key__nothing=1"),
    ("get",),
    ("get", "a.txt", "--registry", "nothing"),
    ("lineage", "a.txt", "--depth", "-1"),
    ("lineage", "a.txt", "--format", "png"),
    ("lineage", "a.txt", "--json", "--format", "svg"),
    ("ingest",),
    ("ingest", "--all", "some.jsonl"),
    ("connect", "mysql://somewhere/x"),
    ("finish", "--status", "fine"),
    ("track", "--params", "novalue"),
)


def test_misuse_is_one_line_and_exit_code_2(lignin, saved):
    saved("a.txt", "a")
    for arguments in MISUSE:
        said = lignin(*arguments, code=2)
        assert not said.out
        assert len(said.err.splitlines()) == 1, arguments
        assert said.err.startswith("✗ ")


FAILURE = (
    ("save", "nothing-there.txt"),
    ("load", "nothing"),
    ("load", "x" * 20),
    ("describe", "nothing"),
    ("get", "nothing"),
    ("get", "a.txt", "--registry", "run"),
    ("delete", "nothing"),
    ("restore", "a.txt"),
    ("lineage", "nothing"),
    ("ingest", "nothing.jsonl"),
    ("finish",),
    ("connect", "nowhere"),
    ("lineage", "a.txt", "-o", "no/such/folder/x.html"),
    ("track", "--project", "nothing"),
)


def test_failure_is_one_line_and_exit_code_1(lignin, saved):
    saved("a.txt", "a")
    for arguments in FAILURE:
        said = lignin(*arguments, code=1)
        assert not said.out
        assert len(said.err.splitlines()) == 1, arguments
        assert said.err.startswith("✗ ")


def test_without_an_instance_every_command_says_what_to_do(lignin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments in (("info",), ("list", "run"), ("save", "a"), ("track",), ("ingest", "--all"), ("migrate",)):
        said = lignin(*arguments, code=1)
        assert "lignin init" in said.err
        assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("--debug", "load", "nothing"), ("load", "nothing", "--debug")])
def test_debug_shows_the_traceback_too(lignin, saved, arguments):
    said = lignin(*arguments, code=1)
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("✗ there is no artifact")


def test_debug_can_be_asked_for_by_the_environment(lignin, saved, monkeypatch):
    monkeypatch.setenv("LIGNIN_DEBUG", "1")
    assert "Traceback" in lignin("load", "nothing", code=1).err
    monkeypatch.setenv("LIGNIN_DEBUG", "0")
    assert "Traceback" not in lignin("load", "nothing", code=1).err


def test_a_fault_of_ours_is_one_line_too(lignin, saved):
    uid = saved("a.txt", "a")
    # A column that is no JSON: nothing that any version of Lignin has written.
    instance = importlib.import_module("lignin.base.ports").current()
    with instance.database.engine.execution_options(lignin_write=True).begin() as connection:
        connection.exec_driver_sql("update artifact set created_at = 'never'")
    said = lignin("get", uid, code=1)
    assert len(said.err.splitlines()) == 1
    assert "--debug" in said.err


def test_a_reader_that_goes_away_is_no_news(saved, process_environment):
    saved("a.txt", "a")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "lignin", "list", "artifact", "--json"], env=process_environment, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_closed_output_is_no_failure(saved, script):
    saved("a.txt", "a")
    assert script("lignin load a.txt >&-\n").err.startswith("→ artifact is here")


def test_an_interrupt_ends_with_130(saved, process_environment):
    saved("a.txt", "a")
    command = [sys.executable, "-m", "lignin", "delete", "a.txt", "--permanent"]
    process = subprocess.Popen(command, env=process_environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.read(6) == "Delete"
    # A signal that comes just before the read begins is noticed only after it, so one may not do; but another
    # that comes while the process ends would kill it.
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """A package that offers commands: one that works, one that can't be loaded."""
    folder = tmp_path / "site"
    info = folder / "acme_lignin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lignin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lignin.commands]\nacme = acme_lignin:command\nbroken = acme_lignin:nothing\nsave = acme_lignin:command\n")
    (folder / "acme_lignin.py").write_text("import click\n\n\n@click.command('acme')\ndef command():\n    click.echo('from acme')\n")
    monkeypatch.syspath_prepend(str(folder))


def test_a_package_adds_commands_and_takes_none_away(lignin, offered):
    assert lignin("acme").out == "from acme\n"
    assert "prints its uid" in lignin("save", "--help").out


def test_a_command_that_cannot_be_loaded_says_what_to_do(lignin, offered):
    assert "can't be loaded" in lignin("broken", code=1).err


def test_asking_for_help_loads_no_adapter(process_environment):
    code = "import sys\nfrom lignin.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    print([m for m in sys.modules if m.endswith('_lignin')])"
    done = subprocess.run([sys.executable, "-c", code], env=process_environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
