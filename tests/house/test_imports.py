"""What an import costs, and in which direction it goes."""

import ast
import subprocess
import sys

import pytest

HEAVY = ("sqlalchemy", "alembic", "pandas", "numpy", "pyarrow", "anndata", "rich", "typer", "fsspec", "psycopg", "prefect", "snakemake", "polars", "zarr", "mudata", "spatialdata", "h5py", "yaml", "PIL", "tifffile")
HEAVY_FOR_HELP = HEAVY
OWN = ("lignin", "prefect_lignin", "snakemake_lignin", "snakemake_logger_plugin_lignin")


def loaded_by(code):
    """The top-level packages that a fresh interpreter holds after `code`, beyond those it starts with."""
    program = f"import sys\nbefore = set(sys.modules)\n{code}\nprint(*{{name.partition('.')[0] for name in set(sys.modules) - before}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def test_importing_lignin_loads_nothing_heavy():
    assert loaded_by("import lignin") & set(HEAVY) == set()


def test_importing_the_formats_loads_none_of_their_packages():
    assert loaded_by("import lignin.formats") & set(HEAVY) == set()


def test_importing_the_recording_layer_loads_nothing_heavy():
    assert loaded_by("import lignin.recording") & set(HEAVY) == set()


@pytest.mark.parametrize("package", [name for name in OWN if name.endswith("_lignin") and "plugin" not in name])
def test_importing_an_adapter_loads_neither_its_engine_nor_a_database(package):
    assert loaded_by(f"import {package}") & set(HEAVY) == set()


def test_asking_for_help_opens_no_database():
    code = "\n".join((
        "from lignin.cli import main",
        "sys.argv = ['lignin', '--help']",
        "try:",
        "    main()",
        "except SystemExit as e:",
        "    assert not e.code, e.code",
    ))
    assert loaded_by(code) & set(HEAVY_FOR_HELP) == set()


def test_own_modules_are_imported_at_the_top_only(sources):
    # The root façade's `__getattr__` is the one exception: it is what makes `import lignin` light.
    hidden = []
    for name, tree in sources.items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name != "__getattr__":
                for node in ast.walk(function):
                    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    if isinstance(node, ast.ImportFrom):
                        modules = [node.module or "."]
                    hidden += [f"{name}:{node.lineno} {m}" for m in modules if m.partition(".")[0] in (*OWN, "")]
    assert hidden == []


def test_imports_are_absolute(sources):
    relative = [
        f"{name}:{node.lineno}"
        for name, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []
