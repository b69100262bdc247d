"""`lignin move`."""

from pathlib import Path

import lignin as ln


def test_the_plan_is_printed_and_carried_out(lignin, saved, tmp_path):
    there = ln.Storage(str(tmp_path / "there")).save()
    for text in ("one", "two"):
        saved("a.txt", text)
    key = ln.Artifact.filter(is_latest=True).one().key
    said = lignin("move", key, "--to", there.root, "--dry-run")
    assert f"1 artifact in 1 file, 3 B, to {there.root}" in said.out
    assert "nothing was moved" in said.err
    assert not list(Path(there.root).rglob("*.txt"))
    lignin("move", key, "--to", there.uid, "--versions")
    assert [a.load() for a in ln.Artifact.get(key=key).versions] == ["two", "one"]
    assert len(list(Path(there.root).rglob("*.txt"))) == 2
    assert "skipped, there already" in lignin("move", key, "--to", there.root).out


def test_what_cannot_move_is_told(lignin, saved):
    uid = saved("a.txt", "one")
    assert "no storage" in lignin("move", uid, "--to", "/nowhere", code=2).err
    locked = ln.Artifact.get(uid)
    locked.is_locked = True
    locked.save()
    there = ln.Storage("there").save()
    said = lignin("move", uid, "--to", there.root, code=2)
    assert "can't be moved" in said.out
    assert "is locked" in said.err
