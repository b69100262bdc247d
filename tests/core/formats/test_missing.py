"""A package that is not installed is told by name, with the extra that brings it."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXTRAS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["optional-dependencies"]

# What is blocked, what is tried, and the extra that has to be named.
CASES = {
    "anndata": ("H5AD.load(place)", "anndata"),
    "h5py": ("H5AD.count(place)", "anndata"),
    "mudata": ("H5MU.load(place)", "mudata"),
    "spatialdata": ("SPATIALDATA_ZARR.load(place)", "spatialdata"),
    "zarr": ("PLAIN_ZARR.open(place, mode='r')", "zarr"),
    "polars": ("PARQUET.open(place, mode='r', engine='polars')", "polars"),
    "yaml": ("YAML.load(place)", "yaml"),
    "PIL": ("IMAGE.load(place)", "images"),
    "tifffile": ("TIFF.load(place)", "images"),
    "tiledbsoma": ("SOMA.load(place)", "soma"),
}
PROGRAM = """
import sys
from pathlib import Path
from lignin.base.errors import MissingExtra
from lignin.formats.arrays import H5AD
from lignin.formats.images import IMAGE, TIFF
from lignin.formats.multimodal import H5MU, SPATIALDATA_ZARR
from lignin.formats.soma import SOMA
from lignin.formats.stores import PLAIN_ZARR
from lignin.formats.tables import PARQUET
from lignin.formats.texts import YAML

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in cases:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

place = Path("nothing")
cases = CASES
sys.meta_path.insert(0, Blocker())
for blocked, (code, _) in cases.items():
    try:
        eval(code)
    except MissingExtra as e:
        print(f"{blocked}: {e}")
"""


@pytest.fixture(scope="module")
def told():
    """What is said where none of the packages is there, by package."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.replace("= CASES", f"= {CASES!r}")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("package", CASES)
def test_a_missing_package_is_named_with_its_extra(told, package):
    extra = CASES[package][1]
    assert repr(package) in told[package]
    assert told[package].endswith(f"pip install 'lignin[{extra}]'")
    assert extra in EXTRAS
    assert extra in EXTRAS["all"][0]
