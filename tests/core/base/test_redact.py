"""Secrets go, whatever they hang on; the words of biology stay."""

import json
from dataclasses import dataclass

import pytest
from pydantic import SecretBytes, SecretStr

from lignin.base.redact import REDACTED, redact, redact_text, redact_url
from lignin.recording import encode_params

PLANTED = "hunter2-s3cr3t-V4lue"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9"


@dataclass
class Login:
    user: str
    password: str


PARAMS = [
    {"password": PLANTED}, {"PASSWORD": PLANTED}, {"db_password": PLANTED}, {"passwd": PLANTED}, {"passphrase": PLANTED}, {"pwd": PLANTED},
    {"secret": PLANTED}, {"client_secret": PLANTED}, {"clientSecret": PLANTED}, {"token": PLANTED}, {"auth_token": PLANTED},
    {"accessToken": PLANTED}, {"api_key": PLANTED}, {"apikey": PLANTED}, {"APIKey": PLANTED}, {"api-key": PLANTED},
    {"aws_secret_access_key": PLANTED}, {"access_key": PLANTED}, {"private_key": PLANTED}, {"credentials": PLANTED},
    {"authorization": PLANTED}, {"auth": PLANTED}, {"bearer": PLANTED}, {"session_id": PLANTED}, {"cookie": PLANTED}, {"X-Amz-Signature": PLANTED},
    {"connection_string": PLANTED}, {"x": SecretStr(PLANTED)}, {"x": SecretBytes(PLANTED.encode())}, {"x": {"y": [{"password": PLANTED}]}},
    {"password": [PLANTED]}, {"password": {"a": PLANTED}}, {"login": Login(user="me", password=PLANTED)}, {"x": f"--password {PLANTED}"},
    {"x": ["tool", f"--token={PLANTED}"]}, {"ssh_key": PLANTED}, {"encryption_key": PLANTED},
]  # fmt: skip

TEXTS = [
    f"postgresql://me:{PLANTED}@host/db", f"https://:{PLANTED}@host/x", f"see 's3://key:{PLANTED}@bucket/x' here", f"Authorization: Bearer {PLANTED}",
    f"authorization: bearer {PLANTED}", f"curl -H 'Authorization: Basic {PLANTED}'", f"tool --password {PLANTED} --out x", f"tool --password={PLANTED}",
    f"tool -password {PLANTED}", f"tool --api-key {PLANTED}", f"tool --auth-token {PLANTED}", f"tool --password '{PLANTED}'", f'tool --token "{PLANTED}"',
    f"PASSWORD={PLANTED}", f"export AWS_SECRET_ACCESS_KEY={PLANTED}", f"DB_PASSWORD={PLANTED}\nX=1", f"MY_TOKEN={PLANTED}", f'password = "{PLANTED}"',
    f"api_key='{PLANTED}'", f'{{"token": "{PLANTED}"}}', f"{{'client_secret': '{PLANTED}'}}", f"password: '{PLANTED}'", f"password: {PLANTED}", f"secret_key: {PLANTED}",
    f"https://bucket.s3.amazonaws.com/x?X-Amz-Signature={PLANTED}&X-Amz-Date=1", f"https://a.blob/x?sv=1&sig={PLANTED}",
    f"https://x/y?access_token={PLANTED}", f"https://x/y?a=1&token={PLANTED}", f"https://x/y?api_key={PLANTED}", f"mysql -u root -p{PLANTED}", f"no: password='{PLANTED}' x", f"a=password={PLANTED}", f"x:y:token:{PLANTED}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{PLANTED}\n-----END RSA PRIVATE KEY-----", f"-----BEGIN OPENSSH PRIVATE KEY-----\nProc-Type: 4\n{PLANTED}",
]  # fmt: skip

WHOLE = [
    "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz", "glpat-ABCDEFGHIJ1234567890", "sk-proj-abcdefghijklmnop1234567890", "sk-ant-abcdefghijklmnop1234567890", "sk_live_abcdefghijklmnop12345678",
    "xoxb-123456789012-abcdefghij", JWT, "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "AIzaSyA1234567890abcdefghijklmnopqrstuv",
]  # fmt: skip

HARMLESS = {
    "token_length": 5, "tokens": 100, "n_tokens": 7, "max_tokens": 4096, "tokenizer": "bpe", "author": "Darwin", "authors": ["A", "B"], "monkey": "macaque",
    "keyboard": "x", "barcode_key": "CB", "key": "study/x.csv", "keys": ["a"], "groupby_key": "leiden", "sort_key": "n", "secretion": "high",
    "secretome": "yes", "secreted": True, "passage": 5, "passages": "p3", "pass_filter": True, "passed": 10, "signature_genes": ["TP53"],
    "gene_signature_name": "hypoxia", "session": "s1", "path": "/data/reads.fastq", "cookies_and_cells": "x", "obs_key": "cell_type",
}  # fmt: skip

HARMLESS_TEXTS = [
    "tokens: 5", "Homo sapiens chr1:1000-2000", "samtools view -b -q 30 in.bam > out.bam", "author: Darwin", "key=value", "the secret of life",
    "file:///data/a:b@c/x", "s3://bucket/a@b/c", "https://host/path?page=2&sort=key", "ssh://git@github.com/org/repo", "MSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVPW",
    "ACGTACGTACGTACGTACGTACGTACGT", "rs12345 ENSG00000141510.16", "def tokenize(text): return text.split()", "monkey = load('macaque.h5ad')", "barcode_key = 'CB'", "for key in keys:",
    "sk-learn", "max_tokens=4096", "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "-p 8", "bwa mem -p ref.fa reads.fq",
]  # fmt: skip


@pytest.mark.parametrize("params", PARAMS, ids=lambda p: str(p)[:40])
def test_no_secret_stays_in_parameters(params):
    assert PLANTED not in json.dumps(encode_params(params))


@pytest.mark.parametrize("text", TEXTS)
def test_no_secret_stays_in_a_text(text):
    clean = redact_text(text)
    assert PLANTED not in clean
    assert REDACTED in clean
    assert redact_text(clean) == clean
    assert PLANTED not in json.dumps(redact({"a": [text, (text,)]}))


@pytest.mark.parametrize("secret", WHOLE)
def test_what_is_a_secret_by_its_form_goes_wherever_it_stands(secret):
    for text in (secret, f"x = '{secret}'", f"header {secret}, more", f"https://x/{secret}/y"):
        assert secret not in redact_text(text), text


@pytest.mark.parametrize(("name", "value"), HARMLESS.items())
def test_what_only_sounds_like_a_secret_stays(name, value):
    assert redact({name: value}) == {name: value}
    assert encode_params({name: value}) == {name: value}


@pytest.mark.parametrize("text", HARMLESS_TEXTS)
def test_ordinary_texts_stay_as_they_are(text):
    assert redact_text(text) == text


def test_an_url_keeps_what_is_no_secret():
    assert redact_url(f"postgresql://me:{PLANTED}@host:5432/db?x=1") == "postgresql://me:***@host:5432/db?x=1"
    assert redact_url(f"postgresql://me:p@{PLANTED}@host/db") == "postgresql://me:***@host/db"
    assert redact_url("https://host/x?a=1") == "https://host/x?a=1"


@pytest.mark.parametrize("url", ["http://[bad", "http://host:port/", "", "::", "postgresql://[::1", f"http://[bad:{PLANTED}@host"])
def test_what_is_no_url_does_not_break_it(url):
    assert PLANTED not in redact_url(url)


def test_booleans_and_nothing_stay_under_secret_names():
    assert redact({"password": None, "use_token": True}) == {"password": None, "use_token": True}


def test_redacting_a_long_text_takes_no_time_to_speak_of():
    """Patterns that try every beginning of a long line would take minutes here."""
    for text in ("a" * 200_000, "password" * 20_000, "x-" * 100_000, "eyJ" * 50_000, "-----BEGIN PRIVATE KEY-----" * 3_000, "A_" * 100_000, "http://" * 20_000, "a:" * 100_000, "token='" * 30_000):
        redact_text(text)
