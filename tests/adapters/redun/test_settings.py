"""What `[lignin]` in a redun.ini may say."""

import pytest

from lignin.base.errors import UsageError
from redun_lignin.settings import Settings


def test_nothing_said_is_all_on():
    assert Settings.parse({}, environment={}) == Settings()


def test_each_key_is_read():
    given = {"enabled": "no", "helpers": "Show", "hash": "later", "wait": "5", "quiet": "true"}
    assert Settings.parse(given, environment={}) == Settings(enabled=False, hide_helpers=False, hash_files=False, wait=5.0, quiet=True)


def test_the_environment_switches_off():
    assert not Settings.parse({"enabled": "yes"}, environment={"LIGNIN_REDUN": "off"}).enabled


@pytest.mark.parametrize(("given", "told"), [({"helper": "hide"}, "unknown keys: helper"), ({"hash": "never"}, "none of now, later"), ({"wait": "-1"}, "no number of seconds")])
def test_what_makes_no_sense_is_an_error_that_says_what_does(given, told):
    with pytest.raises(UsageError, match=told):
        Settings.parse(given, environment={})
