"""Save, load, get, describe, delete, restore."""

from pathlib import Path

import lignin as ln


def test_save_prints_the_uid_and_says_where_the_bytes_are(sqlite_instance, lignin):
    Path("a.txt").write_text("hello")
    said = lignin("save", "a.txt", "--key", "raw/a.txt", "--description", "first", "--kind", "dataset")
    artifact = ln.Artifact.get(key="raw/a.txt")
    assert said.out == f"{artifact.uid}\n"
    assert f"→ saved: Artifact(uid='{artifact.uid}', key='raw/a.txt')" in said.err
    assert f"→ storage path: {artifact.path}" in said.err
    assert (artifact.description, artifact.kind) == ("first", "dataset")


def test_saving_twice_changes_nothing_and_new_content_is_a_new_version(saved):
    first = saved("a.txt", "one")
    assert saved("a.txt", "one") == first
    second = saved("a.txt", "two")
    assert (first[:-4], first[-4:], second[:-4], second[-4:]) == (first[:16], "0000", first[:16], "0001")


def test_a_folder_can_be_saved_and_loaded(sqlite_instance, lignin):
    Path("run1").mkdir()
    Path("run1/a.txt").write_text("a")
    lignin("save", "run1", "--key", "run1")
    assert (Path(lignin("load", "run1").out.strip()) / "a.txt").read_text() == "a"


def test_load_prints_a_path_that_holds_the_bytes(saved, lignin):
    uid = saved("raw/a.txt", "hello")
    said = lignin("load", "raw/a.txt")
    assert Path(said.out.rstrip("\n")).read_text() == "hello"
    assert said.err == f"→ artifact is here: {said.out}"
    assert lignin("load", uid).out == said.out


def test_load_refuses_bytes_that_are_not_those_that_were_saved(saved, lignin):
    saved("a.txt", "hello")
    Path(lignin("load", "a.txt").out.strip()).chmod(0o644)
    Path(lignin("load", "a.txt").out.strip()).write_text("something else")
    assert "changed" in lignin("load", "a.txt", code=1).err


def test_a_uid_may_be_whole_a_stem_or_a_beginning(saved, lignin):
    saved("a.txt", "one")
    latest = saved("a.txt", "two")
    for length in (8, 12, 16, 19, 20):
        assert lignin("get", latest[:length], "--json").json["uid"] == latest


def test_an_older_version_is_had_by_its_whole_uid(saved, lignin):
    first = saved("a.txt", "one")
    saved("a.txt", "two")
    assert Path(lignin("load", first).out.strip()).read_text() == "one"
    assert Path(lignin("load", "a.txt").out.strip()).read_text() == "two"


def test_a_key_that_looks_like_a_uid_is_a_key_still(sqlite_instance, lignin):
    Path("chromosome").write_text("1")
    uid = lignin("save", "chromosome", "--key", "chromosome").out.strip()
    assert lignin("get", "chromosome", "--json").json["uid"] == uid


def test_a_file_that_is_registered_where_it_lies_answers_to_its_path(tmp_path, lignin, monkeypatch):
    place = tmp_path / "inplace"
    (place / "results").mkdir(parents=True)
    monkeypatch.chdir(place)
    lignin("init", "--storage", ".")
    Path("results/a.txt").write_text("here")
    uid = lignin("save", "results/a.txt").out.strip()
    assert lignin("load", "results/a.txt").out == f"{place}/results/a.txt\n"
    monkeypatch.chdir("results")
    assert lignin("get", "a.txt", "--json").json["uid"] == uid
    assert lignin("get", "../results/a.txt", "--json").json["uid"] == uid
    ln.disconnect()


def test_odd_file_names_come_out_as_they_are(sqlite_instance, script):
    said = script("name=$(printf 'b\\xc3\\xa4d \\xff\\n.txt')\necho x > \"$name\"\nuid=$(lignin save \"$name\")\ncat \"$(lignin load $uid)\"\n")
    assert said.out == "x\n"


def test_get_shows_the_fields_of_the_list(saved, lignin):
    uid = saved("a.txt", "hello")
    fields = lignin("get", "a.txt", "--json").json
    assert fields == lignin("list", "artifact", "--json").json[0]
    plain = dict(line.split(":", 1) for line in lignin("get", uid).out.splitlines())
    assert plain["key"].strip() == "a.txt"
    assert list(plain) == list(fields)


def test_describe_shows_a_record_with_its_context(saved, lignin):
    uid = saved("a.txt", "hello")
    said = lignin("describe", "a.txt")
    assert "Artifact: a.txt" in said.out
    assert uid in said.out
    assert "storage" not in lignin("describe", "main", "--registry", "branch").err


def test_what_is_deleted_can_be_restored(saved, lignin):
    uid = saved("a.txt", "hello")
    lignin("delete", "a.txt")
    assert lignin("list", "artifact", "--json").json == []
    assert lignin("load", "a.txt", code=1).out == ""
    assert lignin("list", "artifact", "--json", "--filter", "branch=trash").json[0]["uid"] == uid
    lignin("restore", "a.txt")
    assert lignin("get", "a.txt", "--json").json["uid"] == uid


def test_deleting_for_good_asks_first(saved, lignin):
    saved("a.txt", "hello")
    path = Path(lignin("load", "a.txt").out.strip())
    assert "--yes" in lignin("delete", "a.txt", "--permanent", code=1).err
    assert lignin("delete", "a.txt", "--permanent", answer="n\n", code=1).out == ""
    assert path.exists()
    lignin("delete", "a.txt", "--permanent", answer="y\n")
    assert not path.exists()


def test_what_is_in_the_trash_is_deleted_for_good_and_asks_too(saved, lignin):
    uid = saved("a.txt", "hello")
    lignin("delete", uid)
    lignin("delete", uid, code=1)
    lignin("delete", uid, "--yes")
    assert "no artifact or run" in lignin("restore", uid, code=1).err


def test_several_of_one_name_in_the_trash_are_told_apart_by_uid(saved, lignin):
    uids = [saved("a.txt", text) for text in ("one", "two")]
    for uid in uids:
        lignin("delete", uid)
    said = lignin("restore", "a.txt", code=1)
    assert all(uid in said.err for uid in uids)
    lignin("restore", uids[0])


def test_a_label_is_found_in_its_registry(sqlite_instance, lignin):
    ln.ULabel(name="control").save()
    assert lignin("get", "control", "--registry", "ulabel", "--json").json["name"] == "control"
    lignin("get", "control", code=1)
    lignin("delete", "control", "--registry", "ulabel")
    assert lignin("list", "ulabel", "--json").json == []
