"""What holds of the checkout as a whole: examples, change log, version, and where packages come from."""

import importlib
import re
import tomllib
from importlib import metadata

# Assembled, so that this file does not hold what it looks for. Which registry serves is the
# installer's own setting, on a cluster or behind a firewall as anywhere.
HOSTS = tuple(".".join(parts) for parts in (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("anaconda", "org"),
    ("maven", "apache"),
    ("maven", "org"),
    ("registry", "npmjs"),
    ("proxy", "golang"),
    ("deb", "debian"),
    ("archive", "ubuntu"),
))


def test_no_file_names_the_host_of_a_registry(texts):
    assert [(name, host) for name, text in texts.items() for host in HOSTS if host in text] == []


def test_each_example_has_a_readme_and_a_test_that_runs_it(texts):
    examples = {"/".join(name.split("/")[:2]) for name in texts if re.match(r"examples/\d\d_\w+/", name)}
    tests = "\n".join(text for name, text in texts.items() if name.startswith("tests/examples/"))
    assert [example for example in sorted(examples) if f"{example}/README.md" not in texts] == []
    assert [example for example in sorted(examples) if example.partition("/")[2] not in tests] == []


def test_every_pin_is_exact_and_stands_once(texts):
    lines = [line for line in texts["constraints.txt"].splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!]+( ; .+)?", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines]
    assert [name for name in set(names) if names.count(name) > 1] == []
    assert names == sorted(names)


def test_the_change_log_has_a_place_for_the_next_change(texts):
    headings = re.findall(r"^## (.+)$", texts["CHANGELOG.md"], flags=re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_the_version_is_one(texts):
    declared = tomllib.loads(texts["pyproject.toml"])["project"]["version"]
    released = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", texts["CHANGELOG.md"], flags=re.MULTILINE)
    assert metadata.version("lignin") == declared
    assert getattr(importlib.import_module("lignin"), "__version__", declared) == declared
    assert all(version <= declared for version in released)
