"""Real data, and vocabularies of what is in them."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from lignin.schema import FeatureSpec, SchemaSpec, Tables, Terms


@pytest.fixture
def penguins():
    """344 penguins of three species, measured near Palmer Station 2007 to 2009; 11 of unknown sex, 2 that were not measured."""
    # Its own module imports what new Pythons no longer have, so the file is read by itself.
    folder = Path(importlib.util.find_spec("palmerpenguins").submodule_search_locations[0])
    return pd.read_csv(folder / "data" / "penguins.csv")


@pytest.fixture
def species():
    return Terms.of(
        "Species", ["Adelie", "Chinstrap", "Gentoo"], synonyms={"Pygoscelis papua": "Gentoo", "P. adeliae": "Adelie"},
        line="Species.from_values({}, create=True).save()",
    )


@pytest.fixture
def registries(species):
    features = [
        FeatureSpec(name="species", dtype="cat[Species]"), FeatureSpec(name="island", dtype=str), FeatureSpec(name="sex", dtype="cat"),
        FeatureSpec(name="body_mass_g", dtype=float, unit="g", synonyms=("weight",)), FeatureSpec(name="year", dtype=int),
    ]
    return Tables({"Species": species}, features=features)


@pytest.fixture
def schema():
    return SchemaSpec(
        features=(
            FeatureSpec(name="species", dtype="cat[Species]", nullable=False), FeatureSpec(name="island", dtype="cat"),
            FeatureSpec(name="bill_length_mm", dtype=float, unit="mm"), FeatureSpec(name="body_mass_g", dtype=float, synonyms=("weight",)),
            FeatureSpec(name="sex", dtype=str), FeatureSpec(name="year", dtype=int, nullable=False),
        )
    )
