"""Run an engine's own test suite with the adapter switched on in every workflow that its tests make, and without: same outcomes.

Two runs of pytest over the same tests of a checkout, in which this module is a plug-in that switches the adapter on. Compared is how each test ended. Of all spools of the run with the adapter it is said how many runs they tell of.

    python bench/public_suite.py redun /tmp/redun redun/tests/test_scheduler.py redun/tests/test_file.py
    python bench/public_suite.py prefect /tmp/prefect tests/test_flows.py -- -k "Call or Subflow"
    python bench/public_suite.py snakemake /tmp/snakemake tests/tests.py -- -k "list or group"
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

_ENGINE, _OBSERVED = "LIGNIN_BENCH_SUITE", "LIGNIN_BENCH_OBSERVED"


def pytest_configure() -> None:
    """Switch the adapter on, as far as an engine's own settings can't."""
    engine = os.environ[_ENGINE]
    if engine == "redun":
        # They are written for moto 4.
        moto = importlib.import_module("moto")
        moto.mock_s3 = getattr(moto, "mock_s3", None) or moto.mock_aws  # type: ignore[attr-defined]  # of a module
    if not os.environ.get(_OBSERVED):
        return
    if engine == "redun":
        # Its tests make schedulers by hand, where `redun.ini` is not asked.
        observed = importlib.import_module("redun_lignin").ObservedScheduler
        for name in ("redun.scheduler", "redun"):
            importlib.import_module(name).Scheduler = observed  # type: ignore[attr-defined]  # of a module
    elif engine == "snakemake":
        types = importlib.import_module("snakemake.settings.types")
        plain = types.OutputSettings
        handler = importlib.import_module("snakemake_logger_plugin_lignin").LogHandlerSettings

        def settings(*args: object, **options: object) -> object:
            return plain(*args, **{"log_handler_settings": {"lignin": handler()}, **options})

        types.OutputSettings = settings


def run(engine: str, checkout: Path, tests: Sequence[str], more: Sequence[str], *, observed: bool) -> tuple[Mapping[str, str], Counter[str]]:
    """How each test ended, and what was recorded."""
    with tempfile.TemporaryDirectory(prefix="bench-suite-", ignore_cleanup_errors=True) as space:
        report = Path(space, "report.xml")
        own = {name: value for name, value in os.environ.items() if not name.startswith(("LIGNIN_", "PREFECT_", "REDUN_"))}
        environment = own | {_ENGINE: engine, "LIGNIN_SPOOL": str(Path(space, "spool")), "LIGNIN_HOME": str(Path(space, "home"))}
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, [own.get("PYTHONPATH")])])
        if observed:
            environment |= {_OBSERVED: "1", "PREFECT_PLUGINS_ENABLED": "1"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "public_suite", "-p", "no:cacheprovider", f"--junitxml={report}", *more, *tests]
        done = subprocess.run(command, cwd=checkout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if not report.exists():
            sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        told = Counter[str]()
        for path in Path(space, "spool").rglob("*.jsonl"):
            told.update(json.loads(line)["event"] for line in path.read_text().splitlines())
        return _outcomes(report), told


def _outcomes(report: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(report).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
        found[f"{case.get('classname')}::{case.get('name')}"] = kinds[0] if kinds else "passed"
    return found


def main() -> None:
    """Run both ways, and leave with 1 where a test ends otherwise with the adapter."""
    arguments, _, more = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["snakemake", "redun", "prefect"])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("tests", nargs="+")
    asked = parser.parse_args(arguments)
    plain, _ = run(asked.engine, asked.checkout, asked.tests, more, observed=False)
    watched, told = run(asked.engine, asked.checkout, asked.tests, more, observed=True)
    other = {name: (plain.get(name), watched.get(name)) for name in {*plain, *watched} if plain.get(name) != watched.get(name)}
    print(f"{len(plain)} tests: {dict(Counter(plain.values()))} plain, {dict(Counter(watched.values()))} with the adapter; {dict(told)} recorded; {len(other)} ended otherwise")
    for name, (before, after) in sorted(other.items()):
        print(f"  {name}: {before}, then {after}")
    sys.exit(bool(other))


def _split(words: Sequence[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in words:
        return list(words), "", []
    place = list(words).index("--")
    return list(words[:place]), "--", list(words[place + 1 :])


if __name__ == "__main__":
    main()
