from datetime import UTC, datetime

from lignin.recording import Ended, RunKey, RunStatus, Started
from snakemake_lignin.conceal import conceal, conceal_text, find_secrets

RUN = RunKey(engine="snakemake", scope="s", id="1")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONFIG = {"db": {"password": "correct horse", "user": "ana"}, "api_token": "tok-123456", "tokens": 3, "auth": {"deep": ["sesame-open"]}, "secret": "yes"}


def test_secrets_are_found_at_any_depth_and_chance_words_are_not():
    assert set(find_secrets(CONFIG)) == {"correct horse", "tok-123456", "sesame-open"}


def test_their_values_vanish_from_params_commands_and_errors():
    secrets = find_secrets(CONFIG)
    started = Started(run=RUN, name="r", at=NOON, params={"key": "tok-123456", "n": 1}, info={"shellcmd": "curl -u ana:correct horse", "log": ["tok-123456.log"]})
    ended = Ended(run=RUN, status=RunStatus.FAILED, at=NOON, error="sesame-open refused")
    assert conceal(started, secrets).params == {"key": "***", "n": 1}
    assert conceal(started, secrets).info == {"shellcmd": "curl -u ana:***", "log": ["***.log"]}
    assert conceal(ended, secrets).error == "*** refused"


def test_assignments_on_the_command_line_lose_secret_values_only():
    assert conceal_text("snakemake --config api_token=abc factor=3") == "snakemake --config api_token=*** factor=3"
