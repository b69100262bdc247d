"""`lignin fsck`."""

import json
import os
import time
from pathlib import Path

import pytest

import lignin as ln


def test_a_sound_catalogue_exits_with_0(lignin, saved):
    saved("a.txt", "one")
    said = lignin("fsck", "--rehash", "100%")
    assert not said.out
    assert "looked at 1 artifacts, read 1 of them" in said.err
    assert "nothing is wrong" in said.err
    assert lignin("fsck", "--json").json == {
        "findings": [],
        "counts": {"artifacts": 1, "unseen": 0, "read": 0, "objects": 1, "families": 1, "runs": 0, "spools": 0, "findings": 0, "repaired": 0},
    }


def test_findings_exit_with_1_until_they_are_repaired(lignin, saved):
    uid = saved("a.txt", "one")
    place = Path(ln.Artifact.get(uid).path)
    orphan = place.parents[1] / "ab" / ("0" * 62 + ".txt")
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_text("nobody's")
    then = time.time() - 7200
    os.utime(orphan, (then, then))
    said = lignin("fsck", code=1)
    assert said.out == f"✗ orphan {orphan}: no record names these bytes\n"
    assert "lignin fsck --repair" in said.err
    finding = {"kind": "orphan", "subject": str(orphan), "problem": "no record names these bytes", "repairable": True, "repaired": False}
    assert lignin("fsck", "--json", code=1).json["findings"] == [finding]
    said = lignin("fsck", "--json", "--repair")
    assert said.json["findings"] == [{**finding, "repaired": True}]
    assert (said.json["counts"]["findings"], said.json["counts"]["repaired"]) == (1, 1)
    assert "nothing is wrong" in lignin("fsck", "--repair").err


def test_bytes_that_are_lost_for_good_exit_with_1_once(lignin, saved):
    Path(ln.Artifact.get(saved("a.txt", "one")).path).unlink()
    said = lignin("fsck", "--repair", code=1)
    assert "no copy is left, and it is recorded as gone" in said.out
    assert "1 of 1 findings are not repaired" in said.err
    lignin("fsck")


def test_a_file_that_cant_be_opened_is_a_finding(lignin, saved, sqlite_instance):
    saved("a.txt", "one")
    sqlite_instance.close()
    path = sqlite_instance.config.home / "lignin.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    for arguments in (("fsck", "--json"), ("fsck", "--json", "--repair")):
        assert {f["kind"] for f in json.loads(lignin(*arguments, code=1).out)["findings"]} == {"database"}


@pytest.mark.parametrize("share", ["many", "-1%", "101", "nan", ""])
def test_a_share_that_is_none_is_misuse(lignin, saved, share):
    assert "percentage" in lignin("fsck", f"--rehash={share}", code=2).err
