"""How the plug-in gets to a run, and what stays as it was."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from lignin.base.errors import NotFound
from nextflow_lignin import plugin_folder
from nextflow_lignin.attach import Version, environment, plugins_value, refusal, version_of
from nextflow_lignin.command import command
from nextflow_lignin.plugin_folder import install

PLUGIN = "nf-lignin@0.1.0"


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in [name for name in os.environ if name.startswith("NXF_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A plug-in as it would be built, in the place where it is looked for."""
    folder = tmp_path / "bundle" / "nf-lignin-0.1.0"
    (folder / "classes" / "META-INF").mkdir(parents=True)
    (folder / "classes" / "META-INF" / "MANIFEST.MF").write_text("Plugin-Id: nf-lignin\n")
    monkeypatch.setattr(plugin_folder, "_BUNDLE", folder.parent)
    return folder


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, PLUGIN), ("true", PLUGIN), ("false", PLUGIN), ("", PLUGIN), ("nf-schema@2.2.0", f"nf-schema@2.2.0,{PLUGIN}"),
        ("nf-lignin@0.0.1,nf-amazon", f"nf-amazon,{PLUGIN}"),
    ],
)  # fmt: skip
def test_the_users_own_plug_ins_stay(monkeypatch, own, expected):
    if own is not None:
        monkeypatch.setenv("NXF_PLUGINS_DEFAULT", own)
    assert plugins_value(PLUGIN) == expected


@pytest.mark.parametrize(
    ("config", "words", "added"),
    [
        ("process.executor = 'awsbatch'", (), "nf-amazon"), ("workDir = 's3://bucket/work'", (), "nf-amazon"), ("", ("main.nf", "-w", "gs://b/w"), "nf-google"),
        ("process { executor = 'azurebatch' }", (), "nf-azure"), ("params.reads = 's3://bucket/reads'", (), None), ("", ("main.nf",), None),
    ],
)  # fmt: skip
def test_plug_ins_of_clouds_are_named_where_they_are_needed(tmp_path, config, words, added):
    (tmp_path / "nextflow.config").write_text(config)
    value = environment(PLUGIN, plugins=tmp_path, words=words, launch=tmp_path)["NXF_PLUGINS_DEFAULT"]
    assert value == (f"{added},{PLUGIN}" if added else PLUGIN)


@pytest.mark.parametrize(
    ("version", "allowed", "said"),
    [
        (Version(major=24, minor=10, patch=4), None, "24.10.4 is older"), (Version(major=25, minor=4, patch=0), None, None),
        (Version(major=25, minor=4, patch=4), "nf-schema", "NXF_PLUGINS_ALLOWED"), (Version(major=26, minor=1, patch=0), "nf-x, nf-lignin", None), (None, None, "does not tell"),
    ],
)  # fmt: skip
def test_where_the_plug_in_would_stop_a_run_it_is_left_out(monkeypatch, version, allowed, said):
    if allowed is not None:
        monkeypatch.setenv("NXF_PLUGINS_ALLOWED", allowed)
    refused = refusal(version)
    assert refused is None if said is None else said in str(refused)


@pytest.mark.parametrize(
    ("printed", "version"), [("nextflow version 25.05.0-edge.5945", "25.05.0"), ("nextflow version 24.10.4.5934", "24.10.4"), ("what?", "None")]
)
def test_a_version_is_read_as_it_is_printed(tmp_path, printed, version):
    program = tmp_path / "nextflow"
    program.write_text(f"#!/bin/sh\necho '{printed}'\n")
    program.chmod(0o755)
    assert str(version_of(str(program))) == version


def test_installing_twice_changes_nothing(bundle, tmp_path):
    place = install(tmp_path / "plugins")
    before = (place / "classes" / "META-INF" / "MANIFEST.MF").stat().st_mtime_ns
    assert install(tmp_path / "plugins") == place
    assert (place / "classes" / "META-INF" / "MANIFEST.MF").stat().st_mtime_ns == before
    assert [path.name for path in (tmp_path / "plugins").iterdir()] == ["nf-lignin-0.1.0"]


def test_a_build_that_differs_is_replaced(bundle, tmp_path):
    install(tmp_path / "plugins")
    (bundle / "classes" / "more").write_text("x")
    assert (install(tmp_path / "plugins") / "classes" / "more").read_text() == "x"


def test_a_plug_in_that_was_not_built_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr(plugin_folder, "_BUNDLE", tmp_path)
    with pytest.raises(NotFound, match="installed without it"):
        install(tmp_path / "plugins")


@pytest.mark.parametrize("words", [("-resume", "main.nf", "--debug", "-h"), ("main.nf", "--reads", "a b", "-profile", "x"), ("main.nf", "--help")])
def test_all_words_are_nextflows_own(words):
    run = command.commands["run"]
    context = run.make_context("run", list(words))
    assert context.params == {"words": words}
    assert isinstance(run, click.Command)


def test_without_nextflow_on_path_there_is_a_clear_error(tmp_path):
    env = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "lignin", "nextflow", "run", "x"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, "no nextflow on PATH" in done.stderr) == (2, True)


def test_the_snippet_is_printed_as_it_is(tmp_path):
    done = subprocess.run([sys.executable, "-m", "lignin", "nextflow", "config"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
    assert "lineage.enabled = true" in done.stdout
    assert Path(tmp_path / ".lignin").exists() is False
