"""`lignin annotate`: pages and comments from the shell."""

from pathlib import Path

import lignin as ln


def test_pages_and_comments_are_written(saved, lignin):
    uid = saved("raw/a.txt", "hello")
    Path("README.md").write_bytes(b"\xef\xbb\xbf# Reads\n")
    lignin("annotate", "raw/a.txt", "--readme", "README.md", "--comment", "looks fine", "--comment", "ran again")
    notes = ln.Artifact.get(uid).notes
    assert notes.readme == "# Reads\n"
    assert [note.content for note in notes.comments] == ["looks fine", "ran again"]
    assert "notes: # Reads (2 comments)" in lignin("describe", "raw/a.txt").out
    ln.ULabel(name="batch 7").save()
    said = lignin("annotate", "batch 7", "--registry", "ulabel", "--comment", "thawed")
    assert "annotated ULabel" in said.err
    lignin("annotate", "--key", "raw/a.txt", "--comment", "third")
    assert notes.comments.count() == 3


def test_values_of_features_are_checked_and_stored(saved, lignin):
    uid = saved("raw/a.txt", "hello")
    ln.Feature(name="gc", dtype=float).save()
    ln.Feature(name="code", dtype=str).save()
    ln.Feature(name="drugs", dtype=ln.ULabel).save()
    ln.save([ln.ULabel(name="DMSO"), ln.ULabel(name="7")])
    lignin("annotate", uid, "--feature", "gc=0.55", "--feature", "code=007", "--feature", "drugs=DMSO")
    assert ln.Artifact.get(uid).features.get_values() == {"gc": 0.55, "code": "007", "drugs": "DMSO"}
    said = lignin("annotate", uid, "--feature", "gc=high", "--feature", "nosuch=1", "--comment", "x", code=1)
    assert "nosuch" in said.err
    assert "gc" in said.err
    assert ln.Artifact.get(uid).notes.comments.count() == 0
    assert "name=value" in lignin("annotate", uid, "--feature", "gc", code=2).err


def test_misuse_is_told(saved, lignin):
    saved("raw/a.txt", "hello")
    Path("latin.md").write_bytes(b"caf\xe9")
    assert "UTF-8" in lignin("annotate", "raw/a.txt", "--readme", "latin.md", "--comment", "x", code=2).err
    assert "can't read" in lignin("annotate", "raw/a.txt", "--readme", "none.md", code=2).err
    assert "--comment" in lignin("annotate", "raw/a.txt", code=2).err
    assert "which record" in lignin("annotate", "--comment", "x", code=2).err
    assert "there is no" in lignin("annotate", "nothing", "--comment", "x", code=1).err
    assert ln.Artifact.get(key="raw/a.txt").notes.comments.count() == 0
