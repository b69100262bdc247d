"""Every command, given what it can't take, says so in a line and exits with 1 or 2; nothing is stored."""

import io
import json

import pytest

from lignin.cli.program import SECTIONS, main

COMMANDS = [
    ["nonsense"], ["--nonsense"], ["sav"], [""], ["\0"], ["\udcff"],
    ["save"], ["save", "missing.txt"], ["save", ""], ["save", "a\0b"], ["save", "empty"], ["save", "pipe"], ["save", "socket"], ["save", "loop.txt"], ["save", "dangling"],
    ["save", "/dev/null"], ["save", "."], ["save", "s3://"], ["save", "gopher://x/y"], ["save", "new.txt", "--key", "../x.txt"], ["save", "new.txt", "--key", ""], ["save", "new.txt", "--key", "/x.txt"],
    ["save", "new.txt", "--key", "x.csv"], ["save", "new.txt", "--key", "a\0.txt"], ["save", "new.txt", "--key", "a\u202e.txt"], ["save", "new.txt", "--description", "a\0"], ["save", "new.txt", "--kind", "\udcff"],
    ["save", "new.txt", "--kind", "__lignin_x"], ["save", "new.txt", "other.txt"], ["save", "new.txt", "--colour"],
    ["load"], ["load", "missing"], ["load", ""], ["load", "a\0b"], ["load", "\udcff"], ["load", "'; drop table artifact; --"], ["load", "saved.txt", "--key", "saved.txt"], ["load", "x" * 10_000], ["load", "%"], ["load", "zzzzzzzzzz"],
    ["list"], ["list", "genes"], ["list", "artifact", "--limit", "0"], ["list", "artifact", "--limit", "-1"], ["list", "artifact", "--limit", "many"], ["list", "artifact", "--limit", str(2**70)], ["list", "artifact", "key"], ["list", "artifact", "=5"],
    ["list", "artifact", "colour=red"], ["list", "artifact", "size=big"], ["list", "artifact", f"size={2**70}"], ["list", "artifact", "size__gt="], ["list", "artifact", "is_latest=maybe"], ["list", "artifact", "created_at__gt=soon"],
    ["list", "artifact", "key__regex=("], ["list", "artifact", "key=a\0b"], ["list", "artifact", "key=\udcff"], ["list", "artifact", "size__range=1"], ["list", "artifact", "key__isnull=perhaps"], ["list", "artifact", "size__foo=1"],
    ["list", "artifact", "run__colour=1"], ["list", "run", "params=5"], ["list", "run", 'params__a={"b": 1}'], ["list", "run", "params__a=NaN"], ["list", "run", 'params__a"b=1'], ["list", "ulabel", "type__in__x=1"],
    ["list", "artifact", "size__in=1,two"], ["list", "artifact", "size=null", "size__gt=null"], ["list", "artifact", "--filter", "key"], ["list", "artifact", "id=1e3"],
    ["get"], ["get", "missing"], ["get", "a\0b"], ["get", "\udcff"], ["get", "T cell", "--registry", "genes"], ["get", "nothing", "--registry", "ulabel"], ["get", "saved.txt", "--registry", "run"],
    ["describe"], ["describe", "missing"], ["describe", ""], ["describe", "\0"], ["describe", "nothing", "--registry", "project"],
    ["delete"], ["delete", "missing", "--yes"], ["delete", "a\0b", "--yes"], ["delete", "saved.txt", "--permanent"], ["delete", "saved.txt", "--permanent", "--yes"], ["delete", "main", "--registry", "branch", "--yes"],
    ["delete", "archive", "--registry", "branch", "--yes"], ["delete", "all", "--registry", "space", "--yes"], ["delete", "Cells", "--registry", "ulabel", "--permanent", "--yes"],
    ["restore"], ["restore", "missing"], ["restore", "saved.txt"], ["restore", "\0"], ["restore", "taken", "--registry", "ulabel"],
    ["lineage"], ["lineage", "missing"], ["lineage", "saved.txt", "--depth", "-1"], ["lineage", "saved.txt", "--depth", "x"], ["lineage", "saved.txt", "--format", "jpeg"],
    ["lineage", "saved.txt", "--json", "--format", "svg"], ["lineage", "saved.txt", "-o", "missing/x.svg"], ["lineage", "saved.txt", "-o", "empty"], ["lineage", "T cell", "--registry", "ulabel"],
    ["track", "--params", "fdr"], ["track", "--params", "=5"], ["track", "--project", "none"], ["track", "--key", "\udcff"], ["track", "--key", ""], ["track", "--name", "\udcff"], ["track", "--key", "\u4e00" * 3000],
    ["finish"], ["finish", "--status", "perfect"],
    ["ingest"], ["ingest", "missing.jsonl"], ["ingest", "--all", "x.jsonl"], ["ingest", "a\0b"], ["ingest", "pipe"], ["ingest", "socket"], ["ingest", "loop.txt"],
    ["fsck", "--rehash", "x"], ["fsck", "--rehash", "101%"], ["fsck", "--rehash", "-1"], ["fsck", "--rehash", "nan"],
    ["backup"], ["backup", "new.txt"], ["backup", "missing/x.db"], ["backup", "empty", "--force"], ["backup", "missing.db", "--restore"], ["backup", "new.txt", "--restore"], ["backup", "empty", "--restore"], ["backup", "pipe", "--restore"],
    ["export"], ["export", "out"], ["export", "out", "--format", "csv"], ["export", "new.txt", "--format", "parquet"], ["export", ".", "--format", "parquet"], ["export", "new.txt/x", "--format", "parquet"],
    ["import"], ["import", "csv", "x"], ["import", "parquet"], ["import", "parquet", "missing"], ["import", "parquet", "empty"], ["import", "parquet", "new.txt"],
    ["connect", "missing"], ["connect", "new.txt"], ["connect", "a\0b"], ["connect", "mysql://me:hunter2@host/x"], ["connect", "postgresql://me:hunter2@127.0.0.1:1/x"],
    ["init", "--name", "other"], ["init", "--db", "sqlite:///other.db"], ["init", "--storage", "elsewhere"], ["init", "--name", ""], ["init", "--db", "mysql://me:hunter2@host/x"],
    ["move"], ["move", "saved.txt"], ["move", "missing", "--to", "elsewhere"], ["move", "saved.txt", "--to", "nowhere"], ["move", "saved.txt", "--to", ""], ["move", "saved.txt", "--to", "\udcff"], ["move", "\udcff", "--to", "x"], ["move", "saved.txt", "--to", "new.txt"],
    ["reconcile"], ["reconcile", "make"], ["reconcile", "snakemake", "--colour"], ["reconcile", "\udcff"],
    ["annotate"], ["annotate", "missing", "--comment", "x"], ["annotate", "saved.txt"], ["annotate", "saved.txt", "--comment", ""], ["annotate", "saved.txt", "--comment", "\udcff"], ["annotate", "saved.txt", "--readme", "missing.md"], ["annotate", "saved.txt", "--readme", "empty"],
    ["annotate", "saved.txt", "--feature", "x"], ["annotate", "saved.txt", "--feature", "nothing=5"], ["annotate", "saved.txt", "--feature", "=5"], ["annotate", "a\0b", "--comment", "x"],
    ["info", "x"], ["doctor", "x"], ["migrate", "x"], ["disconnect", "x"],
]  # fmt: skip


def test_every_command_is_asked_for_what_it_can_not_do():
    assert {command[0] for command in COMMANDS} >= {name for section in SECTIONS.values() for name in section}


# What a store complains of, the other cases ask of both.
@pytest.mark.parametrize("_opened", ["sqlite"], indirect=True)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: ascii(" ".join(arguments))[:50])
def test_it_says_what_is_wrong_in_a_line(changes_nothing, capsys, monkeypatch, arguments):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code in {1, 2}, said
    assert "Traceback" not in said
    assert "fault in Lignin" not in said
    assert "hunter2" not in said
    lines = [line for line in said.splitlines() if "✗ " in line]
    is_help = "Usage:" in said
    assert is_help or len(lines) == 1, said
    assert is_help or len(lines[0]) > 20, said
    for raw in ("psycopg", "sqlite3", "sqlalchemy", "constraint failed", "builtins.", "did not answer as it should: "):
        assert raw not in said or "127.0.0.1" in said, said


@pytest.mark.parametrize("arguments", [["list", "artifact", "--json"], ["get", "saved.txt", "--json"], ["lineage", "saved.txt", "--json"]])
def test_what_is_right_still_works(changes_nothing, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)
