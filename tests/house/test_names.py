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
    """The names without a leading underscore that a module defines, and those that it imports from ours."""
    defined, imported = set(), set()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module) if (module or "").partition(".")[0] in OWN:
                imported |= {alias.asname or alias.name for alias in node.names}
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                defined.add(node.name)
            case ast.Assign():
                defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                defined.add(name)
    return tuple({name for name in names if not name.startswith("_")} for names in (defined, imported))


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
        defined, imported = public(tree)
        # What a module imports for its own use, it does not pass on.
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        unlisted, missing = (defined | (imported - used)) - listed, listed - defined - imported
        if unlisted or missing:
            problems[name] = {"not listed": sorted(unlisted), "not there": sorted(missing)}
    assert problems == {}


def test_every_name_of_the_root_package_can_be_had():
    lignin = importlib.import_module("lignin")
    listed = lignin.__all__
    assert listed
    assert [name for name in listed if not hasattr(lignin, name)] == []
    assert set(listed) <= set(dir(lignin))
