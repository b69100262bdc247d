"""Real tables, cells and images, with the features and terms that describe them."""

import importlib.util
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import lignin as ln


@pytest.fixture(scope="session")
def all_penguins():
    folder = Path(importlib.util.find_spec("palmerpenguins").submodule_search_locations[0])
    return pd.read_csv(folder / "data" / "penguins.csv")


@pytest.fixture
def penguins(all_penguins):
    """344 penguins of three species, measured near Palmer Station 2007 to 2009; 11 of unknown sex, 2 that were not measured."""
    return all_penguins.copy()


def _define_penguins():
    """Terms, features and a schema for them."""
    ln.ULabel.from_values(["Adelie", "Chinstrap", "Gentoo"], create=True).save()
    kinds = {"species": ln.ULabel, "island": "cat", "bill_length_mm": float, "bill_depth_mm": float, "flipper_length_mm": float, "body_mass_g": float, "sex": "cat", "year": int}
    features = [ln.Feature(name=name, dtype=dtype).save() for name, dtype in kinds.items()]
    return ln.Schema(features, name="penguins").save()


@pytest.fixture
def define_penguins():
    return _define_penguins


@pytest.fixture
def penguin_schema(instance):
    return _define_penguins()


@pytest.fixture
def cells():
    """21 cells of three types, with ten genes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ad.AnnData(
            X=np.ones((21, 10)),
            obs=pd.DataFrame({"cell_type_by_model": ["T cell", "B cell", "NK cell"] * 7}, index=[f"cell{n}" for n in range(21)]),
            var=pd.DataFrame(index=[f"ENSG{n:011d}" for n in range(10)]),
        )


@pytest.fixture
def define_cells():
    return _define_cells


def _define_cells():
    ln.ULabel.from_values(["T cell", "B cell", "NK cell"], create=True).save()
    ln.Feature(name="cell_type_by_model", dtype=ln.ULabel).save()


@pytest.fixture
def genes():
    """A table of the ids that a user has."""
    return pd.DataFrame({"ensembl_gene_id": [f"ENSG{n:011d}" for n in range(30)], "symbol": [f"G{n}" for n in range(30)], "organism": ["human"] * 20 + ["mouse"] * 10})
