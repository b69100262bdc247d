"""References to literature: their fields, and what they are labels of."""

from datetime import date, datetime
from pathlib import Path

import pytest

import lignin as ln
from lignin.base.errors import LigninError


@pytest.mark.parametrize("doi", ["10.1126/science.abj4008", "https://doi.org/10.1126/science.abj4008", "doi:10.1126/science.abj4008", " http://dx.doi.org/10.1126/science.abj4008 "])
def test_a_doi_is_kept_without_its_resolver(instance, doi):
    paper = ln.Reference(name="Schmidt 2022", doi=doi, pubmed_id=35113687, date=date(2022, 2, 4), url="https://www.science.org/doi/10.1126/science.abj4008").save()
    assert ln.Reference.get(doi="10.1126/science.abj4008") == paper
    assert ln.Reference.get(pubmed_id=35113687).date == date(2022, 2, 4)
    paper.doi = "https://doi.org/10.1000/182"
    paper.save()
    assert ln.Reference.get(paper.uid).doi == "10.1000/182"


@pytest.mark.parametrize(
    "wrong", [{"doi": "science.abj4008"}, {"doi": "10.1126"}, {"doi": 5}, {"pubmed_id": "35113687"}, {"pubmed_id": 0}, {"pubmed_id": 2**40}, {"date": "2022"}, {"date": datetime(2022, 2, 4, 10)}], ids=str
)
def test_what_a_field_can_t_be_is_refused(sqlite_instance, wrong):
    with pytest.raises(LigninError, match=next(iter(wrong))):
        ln.Reference(name="Schmidt 2022", **wrong).save()
    assert not ln.Reference.filter().exists()


def test_references_label_artifacts_runs_transforms_and_collections(instance):
    paper = ln.Reference(name="Schmidt 2022", doi="10.1126/science.abj4008").save()
    Path("a.txt").write_text("a")
    artifact = ln.Artifact("a.txt", key="a.txt").save()
    collection = ln.Collection([artifact], key="all").save()
    transform = ln.Transform(key="a.py").save()
    for labelled in (artifact, collection, transform):
        labelled.references.add(paper)
        assert labelled.references.one() == paper
    assert ln.Artifact.get(references=paper) == artifact
    assert ln.Artifact.get(references__doi="10.1126/science.abj4008") == artifact
    assert ln.Artifact.to_dataframe(include="references__name")["references__name"].tolist() == [{"Schmidt 2022"}]
    artifact.references.remove(paper)
    assert paper.artifacts.count() == 0
