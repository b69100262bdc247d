"""Names: files are nouns or verbs, and a package exports what it says."""

import ast
import importlib
from pathlib import PurePosixPath

VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "tools", "stuff"}
OWN = ("lignin", "prefect_lignin", "snakemake_lignin", "snakemake_logger_plugin_lignin")


def exported(tree):
    """The names in a module's `__all__`, or none where it has no such list of literals."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return [element.value for element in node.value.elts] if isinstance(node.value, ast.List | ast.Tuple) else None
    return None


def public(tree):
    """The names that a module defines, or takes from a module of ours, without a leading underscore."""
    names = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module) if (module or "").partition(".")[0] in OWN:
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign():
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def test_no_file_has_a_name_that_says_nothing(texts):
    parts = ((name, part) for name in texts if name.endswith(".py") for part in PurePosixPath(name).with_suffix("").parts)
    assert [name for name, part in parts if part.lower() in VAGUE] == []


def test_each_module_lists_its_exports_and_no_other_name_twice(sources):
    problems = {}
    for name, tree in sources.items():
        listed = exported(tree) or []
        if len(listed) != len(set(listed)):
            problems[name] = sorted(n for n in set(listed) if listed.count(n) > 1)
    assert problems == {}


def test_each_package_exports_exactly_what_it_lists(sources):
    problems = {}
    for name, tree in sources.items():
        if not name.endswith("/__init__.py") or any(isinstance(n, ast.FunctionDef) and n.name == "__getattr__" for n in tree.body):
            continue
        listed = set(exported(tree) or ())
        if listed != public(tree):
            problems[name] = {"not listed": sorted(public(tree) - listed), "not there": sorted(listed - public(tree))}
    assert problems == {}


def test_every_name_of_the_root_package_can_be_had():
    lignin = importlib.import_module("lignin")
    listed = lignin.__all__
    assert listed
    assert [name for name in listed if not hasattr(lignin, name)] == []
    assert set(listed) <= set(dir(lignin))
