"""`track` and `finish` in real scripts: what is stored, what is said, what stays out."""

import re
import subprocess
import sys

import pytest

from lignin.model import Run, Transform

SECRETS = ("hunter2", "s3cr3t", "tr0ub4dor", "xyzzy")


def test_a_script_is_tracked_and_finished_on_both_stores(scripts_on_both):
    done = scripts_on_both.run("""
        import pathlib
        ln.track(params={"a": 1, "path": pathlib.Path("x/y"), "rate": 0.5, "none": None}, name="nightly", description="Counts reads.")
        print("out")
        print("err", file=sys.stderr)
        ln.finish()
    """, "--threads", "4")
    run = done.run
    assert (run.status, run.name, run.error) == ("completed", "nightly", None)
    assert run.params == {"a": 1, "path": "x/y", "rate": 0.5, "none": None}
    assert run.cli_args.endswith("script.py --threads 4")
    assert run.started_at <= run.finished_at
    transform = run.transform
    assert (transform.key, transform.kind, transform.description) == ("script.py", "script", "Counts reads.")
    assert "ln.track(params=" in transform.source_code
    assert "pytest==" in run.environment.path.read_text()
    log = run.report.path.read_text()
    assert "out\n" in log
    assert "err\n" in log
    assert done.stdout == "out\n"


def test_what_is_said_goes_to_standard_error_in_the_known_form(scripts):
    done = scripts.run("ln.track(params={'a': 1})\nln.finish()")
    uid, run = done.run.transform.uid, done.run.uid
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    created, params, tip, finished = done.stderr.splitlines()
    assert re.fullmatch(rf"→ created Transform\('{uid}', key='script.py'\), started new Run\('{run}'\) at {moment}", created)
    assert params == "→ params: a=1"
    assert tip == f'• tip: to identify the script across renames, pass the uid: ln.track("{uid[:12]}")'
    assert re.fullmatch(rf"→ finished Run\('{run}'\) after \d+s at {moment}", finished)
    assert done.stdout == ""


def test_running_again_loads_the_transform_and_an_edit_makes_its_next_version(scripts):
    first = scripts.run("ln.track()").run
    done = scripts.run("ln.track()")
    assert done.stderr.startswith(f"→ loaded Transform('{first.transform.uid}'")
    assert "tip:" not in done.stderr
    edited = scripts.run("ln.track()\nx = 1").run
    assert edited.transform.uid == first.transform.uid[:12] + "0001"
    assert len(Run.filter().to_list()) == 3


def test_a_uid_keeps_the_family_across_renames(scripts):
    first = scripts.run("ln.track()").run
    stem = first.transform.uid[:12]
    renamed = scripts.run(f"ln.track({stem!r})", name="renamed.py").run
    assert (renamed.transform.uid, renamed.transform.key) == (stem + "0001", "renamed.py")
    assert Transform.get(stem).key == "renamed.py"


@pytest.mark.parametrize("call", ["ln.track('my notes')", "ln.track(5)", "ln.track(path='gone.py')"])
def test_arguments_that_make_no_sense_are_said_before_anything_is_stored(scripts, call):
    done = scripts.run(call)
    assert done.code == 1
    assert "uid" in done.stderr or "there is no file gone.py" in done.stderr
    assert done.run is None


def test_key_kind_path_and_source_can_be_given(scripts):
    (scripts.folder / "steps").mkdir()
    (scripts.folder / "steps" / "count.R").write_text("x <- 1\n")
    by_path = scripts.run("ln.track(path='steps/count.R')").run.transform
    assert (by_path.key, by_path.source_code) == ("steps/count.R", "x <- 1\n")
    given = scripts.run("ln.track(key='cellranger', kind='pipeline', source_code='cellranger count', entrypoint='count')").run
    assert (given.transform.key, given.transform.kind, given.transform.source_code) == ("cellranger", "pipeline", "cellranger count")
    assert given.entrypoint == "count"


def test_secrets_reach_neither_database_nor_files(scripts):
    done = scripts.run("""
        password = "hunter2"
        ln.track(params={"api_key": "s3cr3t", "url": "https://me:xyzzy@host/"})
        print("connecting to https://me:xyzzy@host/ with password='hunter2'")
        raise ValueError("refused: postgresql://me:xyzzy@host/db")
    """, "--token", "tr0ub4dor", "--password=hunter2", "db.password=tr0ub4dor")
    assert done.run.status == "failed"
    held = b"".join(path.read_bytes() for path in (scripts.folder / ".lignin").rglob("*") if path.is_file())
    assert b"refused: postgresql://" in held
    assert [secret for secret in SECRETS if secret.encode() in held] == []


def test_quiet_says_nothing(scripts):
    done = scripts.run("ln.track()\nln.finish()", LIGNIN_VERBOSITY="quiet")
    assert (done.code, done.stdout, done.stderr) == (0, "", "")


def test_a_project_is_linked_and_an_unknown_one_refused(scripts):
    done = scripts.run("""
        from lignin.model import Project
        Project(name="Plates").save()
        ln.track(project="Plates")
    """)
    assert [project.name for project in done.run.projects.all()] == ["Plates"]
    assert "there is no project 'Nope'" in scripts.run("ln.track(project='Nope')").stderr


def test_new_run_false_goes_on_with_the_run_of_this_process(scripts):
    done = scripts.run("ln.track()\nln.track(new_run=False)\nln.finish()")
    assert len(Run.filter().to_list()) == 1
    assert f"continuing Run('{done.run.uid}')" in done.stderr


def test_parents_come_from_the_argument_or_the_environment(scripts):
    parent = scripts.run("ln.track()").run
    assert scripts.run("ln.track()", LIGNIN_RUN=parent.uid).run.parent == parent
    assert scripts.run("ln.track()", LIGNIN_PARENT=parent.uid).run.parent == parent
    assert scripts.run(f"ln.track(parent={parent.uid!r})").run.parent == parent
    engine = scripts.run("ln.track()", LIGNIN_RUN="snakemake:abc:7:1").run.parent
    assert (engine.engine, engine.external_id) == ("snakemake", "7")


def test_what_is_saved_becomes_an_output_and_what_is_loaded_an_input(scripts):
    done = scripts.run("""
        import pathlib
        from lignin.model import Artifact
        pathlib.Path("sample.fasta").write_text(">seq1\\nACGT\\n")
        Artifact("sample.fasta", key="sample.fasta").save()
        ln.track()
        Artifact.get(key="sample.fasta").cache()
        pathlib.Path("second.fasta").write_text(">seq2\\nACGTA\\n")
        Artifact("second.fasta", key="second.fasta").save()

        @ln.step()
        def third():
            pathlib.Path("third.fasta").write_text(">seq3\\nACGTAC\\n")
            Artifact("third.fasta", key="third.fasta").save()
        third()
        ln.finish()
        pathlib.Path("late.fasta").write_text(">late\\nACGTT\\n")
        Artifact("late.fasta", key="late.fasta").save()
    """)
    assert done.code == 0, done.stderr
    script = Run.get(name="script.py")
    assert [artifact.key for artifact in script.input_artifacts.all()] == ["sample.fasta"]
    assert [artifact.key for artifact in script.output_artifacts.all()] == ["second.fasta"]
    assert [artifact.key for artifact in Run.get(name="third").output_artifacts.all()] == ["third.fasta"]
    assert Run.get(name="third").parent == script


def test_records_of_lignin_itself_are_no_outputs_of_a_parent(scripts):
    parent = scripts.run("import subprocess\nln.track()\nsubprocess.run([sys.executable, '-c', 'import lignin.tracking as ln; ln.track(); print(1)'], check=True)")
    top = Run.get(name="script.py")
    assert parent.run.parent == top
    assert top.output_artifacts.all().to_list() == top.claimed_artifacts.all().to_list() == []


def test_code_in_a_repository_knows_its_commit_only_if_it_holds_the_code(scripts):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=scripts.folder, check=True, capture_output=True)

    git("init", "-b", "main")
    git("remote", "add", "origin", "https://me:hunter2@example.org/lab/code")
    (scripts.folder / "other.txt").write_text("x")
    git("add", "other.txt")
    git("commit", "-m", "first")
    untracked = scripts.run("ln.track()").run.transform
    assert (untracked.version_tag, untracked.reference) == (None, "https://me:***@example.org/lab/code")
    told = Run.filter().one().info["git"]
    assert (told["branch"], told["url"], told["dirty"], told["untracked"]) == ("main", "https://me:***@example.org/lab/code", False, True)
    git("add", "script.py")
    git("commit", "-m", "second")
    told = scripts.run("ln.track()\n# edited").run.info["git"]
    assert (told["dirty"], "untracked" in told, len(told["commit"])) == (True, False, 40)
    clean = scripts.write("ln.track()\n# committed")
    git("add", "script.py")
    git("commit", "-m", "third")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=scripts.folder, capture_output=True, text=True, check=True).stdout.strip()
    text = clean.read_text().split("\n", 2)[2]
    assert scripts.run(text).run.transform.version_tag == head


@pytest.mark.parametrize("arguments", [["-i"], ["-m", "IPython", "--no-banner", "--quick"]])
def test_at_a_prompt_errors_are_not_the_end(scripts, monkeypatch, arguments):
    monkeypatch.setenv("IPYTHONDIR", str(scripts.folder / "ipython"))
    done = subprocess.run(
        [sys.executable, *arguments],
        input="import lignin.tracking as ln\nln.track()\n1 / 0\nprint('sum', 40 + 2)\n",
        cwd=scripts.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    run = Run.filter().to_list()[0]
    assert (run.status, run.transform.key) == ("completed", "<prompt>")
    assert "sum 42" in done.stdout
    assert "sum 42" in run.report.path.read_text()
