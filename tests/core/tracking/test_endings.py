"""Every way in which a tracked process can end, with real processes: what it prints, returns, and leaves."""

import os
import signal
import subprocess
import sys
import time

import pytest

ENDS = {
    "finish": ("ln.track()\nln.finish()", 0, "completed", None),
    "no finish": ("ln.track()", 0, "completed", None),
    "exception": ("ln.track()\n{}['reads']", 1, "failed", "KeyError: 'reads'"),
    "sys.exit()": ("ln.track()\nsys.exit()", 0, "completed", None),
    "sys.exit(0)": ("ln.track()\nsys.exit(0)", 0, "completed", None),
    "sys.exit(3)": ("ln.track()\nsys.exit(3)", 3, "failed", "exit code 3"),
    "sys.exit(text)": ("ln.track()\nsys.exit('no index')", 1, "failed", "exit code 1: no index"),
    "exit imported before": ("from sys import exit\nln.track()\nexit(5)", 5, "failed", "exit code 5"),
    "built-in exit": ("ln.track()\nexit(6)", 6, "failed", "exit code 6"),
    "raise SystemExit(4)": ("ln.track()\nraise SystemExit(4)", 4, "failed", "exit code 4"),
    "raise SystemExit(main())": ("def main():\n    ln.track()\n    return 0\nraise SystemExit(main())", 0, "completed", None),
    "raise SystemExit(main()) that fails": ("def main():\n    ln.track()\n    return 2\nraise SystemExit(main())", 2, "failed", "exit code 2"),
    "argparse": ("import argparse\nln.track()\nargparse.ArgumentParser().parse_args(['--no-such'])", 2, "failed", "exit code 2"),
    "an exit that was caught": ("ln.track()\ntry:\n    sys.exit(3)\nexcept SystemExit:\n    pass", 0, "completed", None),
    "an exit in a thread": ("import threading\nln.track()\nthreading.Thread(target=lambda: sys.exit(3)).start()", 0, "completed", None),
    "interrupt": ("ln.track()\nraise KeyboardInterrupt", -signal.SIGINT, "cancelled", "KeyboardInterrupt"),
    "finish, then exception": ("ln.track()\nln.finish()\n1 / 0", 1, "completed", None),
    "os._exit": ("import os\nln.track()\nos._exit(0)", 0, "running", None),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_run_says_how_the_script_ended(scripts, name):
    text, code, status, error = ENDS[name]
    done = scripts.run(text)
    assert (done.code, done.run.status) == (code, status), done.stderr
    assert (done.run.error is None) if error is None else (error in done.run.error)
    assert (done.run.finished_at is None) == (status == "running")
    assert (done.run.info.get("finish") == "implicit") == (status == "completed" and "ln.finish()" not in text)


@pytest.mark.parametrize(("end", "status"), [("sys.exit(0)", "completed"), ("sys.exit(3)", "failed"), ("1 / 0", "failed"), ("pass", "completed")])
@pytest.mark.parametrize("how", ["-m", "-c"])
def test_modules_and_command_lines_end_the_same(scripts, how, end, status):
    if how == "-m":
        scripts.write(f"ln.track()\n{end}", "tool/__main__.py")
        (scripts.folder / "tool" / "__init__.py").touch()
        command = [sys.executable, "-m", "tool"]
    else:
        command = [sys.executable, "-c", f"import sys, lignin.tracking as ln\nln.track()\n{end}"]
    done = scripts.wait(scripts.popen(command))
    assert done.run.status == status, done.stderr
    assert done.run.transform.key == ("tool/__main__.py" if how == "-m" else "<command line>")
    assert "ln.track()" in done.run.transform.source_code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_cancels_the_run_and_the_process_still_dies_of_it(scripts, number):
    process = scripts.start("import time\nln.track()\nprint('ready', flush=True)\ntime.sleep(60)")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    done = scripts.wait(process)
    assert done.code == -number
    assert done.run.status == "cancelled"
    assert "KeyboardInterrupt" in done.run.error if number is signal.SIGINT else done.run.error == f"ended by {number.name}"


def test_a_signal_handler_of_the_users_stays(scripts):
    done = scripts.run("""
        import os, signal
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
        ln.track()
        os.kill(os.getpid(), signal.SIGTERM)
    """)
    assert (done.code, done.run.status, done.run.error) == (9, "failed", "exit code 9")


def test_an_ignored_hangup_stays_ignored(scripts):
    done = scripts.run("""
        import os, signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        ln.track()
        os.kill(os.getpid(), signal.SIGHUP)
        print("still here")
        ln.finish()
    """)
    assert (done.code, done.stdout, done.run.status) == (0, "still here\n", "completed")


def test_a_killed_process_leaves_a_running_run_that_says_where_it_was(scripts):
    process = scripts.start("import time\nln.track()\nprint('ready', flush=True)\ntime.sleep(60)")
    process.stdout.readline()
    process.kill()
    done = scripts.wait(process)
    assert (done.run.status, done.run.info["pid"], done.run.info["host"]) == ("running", process.pid, os.uname().nodename)


def test_hooks_of_the_users_still_run_and_are_back_after_finish(scripts):
    done = scripts.run("""
        import signal
        def mine(kind, error, trace):
            print("mine:", error)
        sys.excepthook = mine
        leave = sys.exit
        ln.track()
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        ln.finish()
        assert sys.excepthook is mine
        assert sys.exit is leave
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert type(sys.stdout).__name__ == "TextIOWrapper"
        ln.track()
        raise ValueError("wrong")
    """)
    assert (done.code, done.stdout) == (1, "mine: wrong\n")
    assert done.run.status == "failed"


def test_a_second_track_ends_the_first_run(scripts):
    done = scripts.run("ln.track(name='one')\nln.track(name='two')\n1 / 0")
    runs = type(done.run).filter().order_by("id").to_list()
    assert [(run.name, run.status, run.parent_id) for run in runs] == [("one", "completed", None), ("two", "failed", None)]


def test_forked_and_spawned_children_do_not_end_the_run_or_start_another(scripts):
    done = scripts.run("""
        import multiprocessing, os
        ln.track()
        def square(x):
            print("working", x)
            return x * x
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    assert pool.map(square, range(3)) == [0, 1, 4]
            child = os.fork()
            if child == 0:
                sys.exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            print("end")
            ln.finish()
    """)
    assert (done.code, done.run.status) == (0, "completed"), done.stderr
    assert len(type(done.run).filter().to_list()) == 1
    assert done.stdout.endswith("end\n")
    assert "continuing Run" in done.stderr


def test_a_child_process_that_tracks_is_a_child_run(scripts):
    scripts.write("ln.track()", "child.py")
    done = scripts.run("import subprocess\nln.track()\nsubprocess.run([sys.executable, 'child.py'], check=True)")
    assert done.run.name == "child.py"
    assert done.run.parent.name == "script.py"


def test_work_that_threads_do_after_the_last_line_still_counts(scripts):
    done = scripts.run("""
        import threading, time
        ln.track()
        def late():
            time.sleep(0.2)
            print("late", flush=True)
        threading.Thread(target=late).start()
    """)
    assert (done.stdout, done.run.status) == ("late\n", "completed")
    assert "late" in done.run.report.path.read_text()


def test_a_database_that_is_gone_at_the_end_does_not_break_the_script(scripts):
    process = scripts.start("""
        import pathlib
        from lignin.base import ports
        ln.track()
        ports.current().close()
        path = pathlib.Path(".lignin/lignin.db")
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.write_text("no database " * 999)
        print("result")
        ln.finish()
        print("after")
    """)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (0, "result\nafter\n"), stderr
    assert "bring it in with: lignin ingest --all" in stderr


def test_without_an_instance_track_says_what_to_do(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import lignin.tracking as ln\nln.track()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "NoInstance: no instance in" in done.stderr
    assert "lignin init" in done.stderr


def test_finish_without_track_says_so(scripts):
    done = scripts.run("ln.finish()")
    assert done.code == 1
    assert "no run to finish: start one with ln.track()" in done.stderr


def test_the_end_waits_for_no_one_when_the_database_is_locked_at_a_signal(scripts):
    process = scripts.start("""
        import time
        from lignin.base import ports
        ln.track()
        instance = ports.current()
        def hold(session):
            from sqlalchemy import text
            session.execute(text("update run set name = 'held'"))
            print("ready", flush=True)
            time.sleep(60)
        instance.database.transact(hold)
    """)
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 10
    process.communicate()
