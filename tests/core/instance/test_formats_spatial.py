"""SpatialData: written, known by what its store says, and opened lazily, on a local disk and on S3."""

import warnings

import dask.array
import numpy as np
import pytest

import lignin as ln

with warnings.catch_warnings():
    # It uses what its own dependencies deprecate.
    warnings.simplefilter("ignore")
    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, ShapesModel

pytestmark = pytest.mark.filterwarnings("ignore")
PIXELS = np.arange(75, dtype="uint8").reshape(3, 5, 5)


@pytest.fixture
def sdata():
    shapes = ShapesModel.parse(np.array([[1.0, 2.0], [3.0, 4.0]]), geometry=0, radius=1.0)
    return SpatialData(images={"slide": Image2DModel.parse(PIXELS, dims=("c", "y", "x"))}, shapes={"spots": shapes})


def test_it_comes_back_and_is_the_same_when_saved_again(sqlite_instance, sdata):
    artifact = ln.Artifact.from_spatialdata(sdata, key="slide.zarr").save()
    assert (artifact.otype, artifact.suffix, artifact.n_observations, artifact.kind) == ("SpatialData", ".zarr", None, "dataset")
    assert sdata.path is None
    loaded = artifact.load()
    assert (loaded.images["slide"].to_numpy() == PIXELS).all()
    assert len(loaded.shapes["spots"]) == 2
    assert isinstance(artifact.open().images["slide"].data, dask.array.Array)
    assert ln.Artifact.from_spatialdata(sdata, key="slide.zarr").save().uid == artifact.uid
    assert ln.Artifact(artifact.path, key="by-path.zarr").otype == "SpatialData"
    assert ln.Artifact.from_spatialdata(artifact.path, key="claimed.zarr").hash == artifact.hash


def test_it_is_opened_where_it_lies(s3_instance, sdata):
    artifact = ln.Artifact.from_spatialdata(sdata, key="slide.spatialdata.zarr").save()
    assert (artifact.open().images["slide"].to_numpy() == PIXELS).all()
