"""Forty kinds of secrets, planted at every door: none is in the database, the spool, the reports or any file."""

import os
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text

from lignin.base.redact import redact_text, redact_url
from lignin.instance import ingest
from lignin.recording import (
    Code,
    Ended,
    FileRef,
    Produced,
    RunKey,
    RunStatus,
    Spool,
    Started,
    encode_params,
    stored_source,
)
from lignin.tracking.notebook import read_notebook

# By what hangs on them: `{}` is the secret.
FORMS = [
    "password={}", "PASSWORD: '{}'", "db_password = \"{}\"", "passphrase='{}'", "pwd='{}'", "secret='{}'", "clientSecret: {}", "token='{}'", "auth_token={}", "accessToken: \"{}\"",
    "api_key='{}'", "apikey={}", "AWS_SECRET_ACCESS_KEY={}", "private_key='{}'", "credentials='{}'", "session_id={}", "cookie='{}'", "connection_string='{}'", "ssh_key='{}'", "encryption_key='{}'",
    "tool --password {}", "tool --password={}", "tool --api-key '{}'", "tool --auth-token {}", "curl -H 'Authorization: Bearer {}'", "curl -H 'Authorization: Basic {}'", "mysql -u root -p{}",
    "postgresql://me:{}@host/db", "https://:{}@host/x", "s3://key:{}@bucket/x", "https://b.s3.amazonaws.com/x?X-Amz-Signature={}&X-Amz-Date=1", "https://a.blob/x?sv=1&sig={}", "https://x/y?access_token={}", "https://x/y?api_key={}",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", '{{"token": "{}"}}', "{{'client_secret': '{}'}}",
]  # fmt: skip
# By their own form.
WHOLE = ["AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "glpat-ABCDEFGHIJ1234567890", "sk-proj-abcdefghijklmnop1234567890", "sk_live_abcdefghijklmnop12345678", "xoxb-123456789012-abcdefghij", "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "AIzaSyA1234567890abcdefghijklmnopqrstuv"]  # fmt: skip
NAMES = ["password", "DB_PASSWORD", "passwd", "clientSecret", "api_key", "API-KEY", "aws_secret_access_key", "authToken", "private_key", "credentials", "session_id", "cookie"]


class Planted:
    """Secrets, each made once, and told by a number."""

    def __init__(self):
        self.made = list(WHOLE)

    def one(self):
        self.made.append(f"hunter2s3cr3tV4lue{len(self.made):04d}")
        return self.made[-1]

    def lines(self):
        return [*(form.format(self.one()) for form in FORMS), *(f"see {secret} here" for secret in WHOLE)]

    def params(self):
        return {**{name: self.one() for name in NAMES}, "nested": {"a": [{"token": self.one()}]}, "texts": self.lines(), "command": ["tool", "--password", self.one()]}


def _everything(instance):
    """All rows as text, and all bytes of all files around the instance."""
    tables = import_module("lignin.model").Registry.metadata.sorted_tables
    with instance.database.engine.connect() as connection:
        for table in tables:
            for row in connection.execute(text(f'select * from "{table.name}"')):
                yield f"table {table.name}", repr(tuple(row))
    for path in instance.config.folder.rglob("*"):
        if path.is_file() and not path.name.startswith("planted"):
            yield str(path), path.read_bytes().decode(errors="replace")


def _tracked(ln, planted, monkeypatch, capsys):
    source = "\n".join(["import lignin as ln", *planted.lines()])
    monkeypatch.setattr(sys, "argv", ["script.py", "--password", planted.one(), f"--token={planted.one()}", planted.lines()[27]])
    for name in NAMES:
        monkeypatch.setenv(name.replace("-", "_").upper(), planted.one())
    ln.track(params=planted.params(), source_code=source, description=planted.lines()[0], name=planted.lines()[1], key="planted.py")
    for line in planted.lines():
        print(line)
        print(line, file=sys.stderr)
    ln.finish()

    @ln.flow(name=planted.lines()[0])
    def work(url, password, *, options):
        print(planted.lines())
        raise ValueError(" ".join(planted.lines()))

    with pytest.raises(ValueError, match="password"):
        work(f"postgresql://me:{planted.one()}@host/db", planted.one(), options=planted.params())
    capsys.readouterr()


def _spooled(instance, planted):
    spool = Spool(instance.config.spool, engine="e")
    run, at = RunKey(engine="e", scope="s", id="1"), datetime(2026, 1, 1, tzinfo=UTC)
    # As the adapters do: what comes from an engine goes through these.
    code = Code(kind="task", key="k", hash="h", source=stored_source("\n".join(planted.lines())), reference=redact_url(f"https://me:{planted.one()}@git.example/x"))
    spool.record(Started(run=run, name="n", at=at, code=code, params=encode_params(planted.params()), info=encode_params(planted.params())))
    spool.record(Produced(run=run, ref=FileRef(uri="s3://bucket/x", size=1)))
    spool.record(Ended(run=run, status=RunStatus.FAILED, at=at, error=redact_text("\n".join(planted.lines()))))
    spool.close()
    ingest(instance, spool.path)


def _by_hand(ln, planted):
    lines = planted.lines()
    Path("planted.txt").write_text("content")
    transform = ln.Transform(key="hand.py", source_code="\n".join(lines), reference=f"https://me:{planted.one()}@git.example/x", description=lines[0]).save()
    run = ln.Run(name="hand", transform=transform, params=planted.params(), info=planted.params(), cli_args=lines[20], error="\n".join(planted.lines())).save()
    run.params = planted.params()
    run.save()
    ln.Project(name="p", url=f"https://me:{planted.one()}@host/x", description=lines[1]).save()
    ln.ULabel(name="l", reference=f"https://host/x?token={planted.one()}", description=lines[2]).save()
    artifact = ln.Artifact("planted.txt", key="a.txt", description=lines[3]).save()
    artifact.extra_data = planted.params()
    artifact.description = planted.lines()[4]
    artifact.save()
    ln.Collection(artifact, key="c", description=planted.lines()[5], reference=f"https://host/x?sig={planted.one()}").save()


def test_no_secret_is_stored_anywhere(instance, monkeypatch, capsys):
    ln, planted = import_module("lignin"), Planted()
    _tracked(ln, planted, monkeypatch, capsys)
    _spooled(instance, planted)
    _by_hand(ln, planted)
    assert len(FORMS) + len(WHOLE) + len(NAMES) > 40
    found = {(place, secret) for place, said in _everything(instance) for secret in planted.made if secret in said}
    assert not sorted(found)
    assert ln.Run.get(name="hand").params["texts"][0] == "password=***"
    assert os.environ["DB_PASSWORD"] in planted.made


def test_no_secret_of_a_notebook_is_kept(sqlite_instance):
    planted, ln = Planted(), import_module("lignin")
    cells = [{"cell_type": "code", "metadata": {}, "source": line, "outputs": [{"output_type": "stream", "name": "stdout", "text": line}], "execution_count": n} for n, line in enumerate(planted.lines(), 1)]
    cells.append({"cell_type": "markdown", "metadata": {}, "source": planted.lines()[0]})
    Path("planted.ipynb").write_text(import_module("json").dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert len(read_notebook(Path("planted.ipynb")).cells) == len(cells)
    ln.track(path="planted.ipynb")
    ln.finish()
    assert ln.Transform.get(kind="notebook").source_code
    assert not [(place, secret) for place, said in _everything(sqlite_instance) for secret in planted.made if secret in said]
