"""`lignin track` and `lignin finish`: a shell script as a run."""

import json
import os
from pathlib import Path

import lignin as ln
from lignin.cli.processes import Process, above, calling_shell, find_process
from lignin.cli.shells import Shells


def ends(graph):
    """The edges of a lineage by the names of their ends."""
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    return {(names[e["source"]], names[e["target"]]) for e in graph["edges"]}


def test_what_a_script_loads_and_saves_becomes_its_inputs_and_outputs(saved, script, lignin):
    saved("raw.txt", "acgt")
    said = script(
        "set -e\n"
        "lignin track --param min_length=50 --param strict=true --params note=two=parts > uid\n"
        'tr a-z A-Z < "$(lignin load raw.txt)" > clean.txt\n'
        "( cd / && cd - > /dev/null && lignin save clean.txt --key clean.txt > /dev/null )\n"
        "lignin finish\n",
        name="clean.sh",
    )
    uid = Path("uid").read_text().strip()
    run = lignin("get", uid, "--json").json
    assert (run["name"], run["transform"], run["status"], run["engine"]) == ("clean.sh", "clean.sh", "completed", None)
    assert run["params"] == {"min_length": 50, "strict": True, "note": "two=parts"}
    assert run["finished_at"] > run["started_at"]
    assert ends(lignin("lineage", "clean.txt", "--json").json) == {("raw.txt", "clean.sh"), ("clean.sh", "clean.txt")}
    assert f"→ finished Run('{uid}')" in said.err
    transform = ln.Transform.get(key="clean.sh")
    assert transform.source_code == Path("clean.sh").read_text()


def test_the_uid_can_be_kept_in_a_variable_or_handed_down(saved, script, lignin):
    saved("raw.txt", "acgt")
    script('run=$(lignin track)\nlignin load raw.txt > /dev/null\n[ "$(lignin info --json | python -c \'import json, sys; print(json.load(sys.stdin)["run"])\')" = "$run" ]\n')
    Path("inner.py").write_text('import lignin as ln\nln.Artifact.get(key="raw.txt").cache()\n')
    said = script("export LIGNIN_RUN=$(lignin track --key outer)\npython inner.py\nlignin finish\necho $LIGNIN_RUN\n")
    run = ln.Run.get(said.out.strip())
    assert (run.status, [a.key for a in run.input_artifacts]) == ("completed", ["raw.txt"])


def test_commands_with_a_shell_of_their_own_each_meet_by_the_environment(sqlite_instance, script, lignin):
    said = script(
        "uid=$(sh -c 'lignin track --key steps; :')\nexport LIGNIN_RUN=$uid\n"
        "sh -c 'echo 1 > a.txt; lignin save a.txt --key a.txt > /dev/null; :'\nsh -c 'lignin finish; :'\necho $uid\n"
    )
    run = lignin("get", said.out.strip(), "--json").json
    assert (run["name"], run["status"]) == ("steps", "completed")
    assert ln.Artifact.get(key="a.txt").run.uid == run["uid"]


def test_scripts_side_by_side_do_not_meet(saved, script):
    saved("raw.txt", "acgt")
    part = "lignin track --key {n} > /dev/null\nsleep 1\necho {n} > {n}.txt\nlignin save {n}.txt --key {n}.txt\nlignin finish\n"
    for n in "ab":
        Path(f"{n}.sh").write_text(part.format(n=n))
    script("bash a.sh & bash b.sh & wait\n")
    assert {a.key: a.transform.key for a in ln.Artifact.filter(key__endswith=".txt", run__isnull=False)} == {"a.txt": "a", "b.txt": "b"}


def test_a_script_that_another_one_calls_has_a_run_of_its_own_inside(sqlite_instance, script):
    Path("inner.sh").write_text("lignin track\necho 1 > inner.txt\nlignin save inner.txt --key inner.txt\nlignin finish\n")
    script("lignin track\nbash inner.sh\necho 2 > outer.txt\nlignin save outer.txt --key outer.txt\nlignin finish\n", name="outer.sh")
    inner, outer = ln.Artifact.get(key="inner.txt").run, ln.Artifact.get(key="outer.txt").run
    assert (inner.name, outer.name) == ("inner.sh", "outer.sh")
    assert inner.parent == outer
    assert outer.parent is None


def test_a_python_script_that_tracks_itself_is_deeper(sqlite_instance, script):
    Path("inner.py").write_text(
        "import subprocess, lignin as ln\nln.track()\nopen('a.txt', 'w').write('a')\n"
        "subprocess.run(['lignin', 'save', 'a.txt', '--key', 'a.txt'], check=True)\nln.finish()\n"
    )
    script("export LIGNIN_RUN=$(lignin track)\npython inner.py\nlignin finish\n", name="outer.sh")
    run = ln.Artifact.get(key="a.txt").run
    assert (run.name, run.parent.name) == ("inner.py", "outer.sh")


def test_a_script_that_fails_says_so_by_a_trap(sqlite_instance, script, lignin):
    script("set -e\nlignin track > /dev/null\ntrap 'lignin finish --status failed --error \"line $LINENO\"' ERR\nfalse\n", name="bad.sh", code=1)
    run = lignin("list", "run", "--json").json[0]
    assert (run["status"], run["error"]) == ("failed", "line 4")


def test_tracking_again_ends_the_run_before(sqlite_instance, script, lignin):
    said = script("lignin track --key one\nlignin track --key two\nlignin finish\nlignin finish && exit 3\nexit 0\n")
    assert "which this shell tracked until now" in said.err
    assert "no run to finish" in said.err
    runs = lignin("list", "run", "--json").json
    assert [(r["name"], r["status"], r["parent"]) for r in runs] == [("two", "completed", None), ("one", "completed", None)]


def test_after_the_end_nothing_is_attached(sqlite_instance, script):
    script("lignin track\nlignin finish\necho 1 > a.txt\nlignin save a.txt --key a.txt\n")
    assert ln.Artifact.get(key="a.txt").run is None


def test_secrets_of_a_script_are_not_stored(sqlite_instance, script):
    script("export API_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789\nlignin track --params password=hunter2\nlignin finish\n")
    run = ln.Run.filter().one()
    assert run.params == {"password": "***"}
    assert "ghp_" not in run.transform.source_code


def test_a_shell_that_has_ended_is_forgotten(sqlite_instance):
    shells = Shells(sqlite_instance.config.home)
    ours = find_process(os.getpid())
    assert ours is not None
    folder = sqlite_instance.config.home / "shells"
    shells.begin(ours, run="a")
    (path,) = folder.iterdir()
    # The same id, started at another time: another process.
    path.write_text(json.dumps({**json.loads(path.read_text()), "started": "0"}))
    parent = find_process(os.getppid())
    assert parent is not None
    shells.begin(parent, run="b")
    assert [json.loads(p.read_text())["run"] for p in folder.iterdir()] == ["b"]
    held = shells.current()
    assert held is not None
    assert held.run == "b"
    shells.end(held)
    assert shells.current() is None


def test_processes_above_this_one_are_found():
    chain = list(above())
    assert chain[0].pid == os.getppid()
    assert calling_shell() in chain
    assert find_process(2**22 + 1) is None


def test_the_script_is_read_from_the_command_line_of_a_shell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x.sh").touch()

    def script_of(*command):
        found = Process(pid=1, parent=0, started="0", command=command).script
        return found.name if found else None

    for command in (("bash", "x.sh"), ("/bin/sh", "-e", "./x.sh", "-c"), ("bash", "-eo", "pipefail", "x.sh"), ("-bash", "--norc", "x.sh"), ("zsh", "+x", "x.sh", "a")):
        assert script_of(*command) == "x.sh", command
    for command in (("bash",), ("bash", "-c", "x.sh"), ("-bash",), ("bash", "gone.sh"), ("python", "x.sh"), ()):
        assert script_of(*command) is None, command
