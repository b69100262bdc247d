"""Registries as vocabularies: terms by name, type and filter, and what others were meant to be."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import NotFound, UsageError
from lignin.instance.vocabularies import InstanceRegistries
from lignin.schema import FeatureSpec, SchemaSpec, Terms, check, parse_target


@pytest.fixture
def labels(instance):
    cells = ln.ULabel(name="Cell", is_type=True).save()
    immune = ln.ULabel(name="Immune", is_type=True, type=cells).save()
    ln.save([ln.ULabel(name=name, type=immune) for name in ("T cell", "B cell", "NK cell")] + [ln.ULabel(name="neuron", type=cells), ln.ULabel(name="red")])
    return instance


def statements(instance, act):
    told = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *given: told.append(given[2]))
    act()
    return [statement for statement in told if statement.lower().startswith("select")]


def test_terms_are_looked_up_in_one_statement(labels):
    terms = InstanceRegistries(labels).vocabulary(parse_target("ULabel"))
    values = [f"value {n}" for n in range(3_000)] + ["T cell", "red", "Cell"]
    assert len(statements(labels, lambda: terms.known(values))) == 1
    assert set(terms.known(values)) == {"T cell", "red"}
    assert terms.ids(["red"]) == {"red": ("ULabel", ln.ULabel.get(name="red").id)}


def test_terms_of_a_type_are_those_below_it(labels):
    registries = InstanceRegistries(labels)
    cells, immune = ln.ULabel.get(name="Cell"), ln.ULabel.get(name="Immune")
    names = ["T cell", "neuron", "red"]
    assert set(registries.vocabulary(parse_target(f"ULabel[{cells.uid}]")).known(names)) == {"T cell", "neuron"}
    assert set(registries.vocabulary(parse_target("ULabel[Cell[Immune]]")).known(names)) == {"T cell"}
    assert registries.vocabulary(parse_target("ULabel[Immune[Cell]]")) is None
    assert registries.vocabulary(parse_target("ULabel[None]")) is None
    assert registries.vocabulary(parse_target("bionty.Gene")) is None
    assert registries.vocabulary(parse_target(f"ULabel[{immune.uid}]")).name == "ULabel[Immune]"


def test_terms_pass_filters(labels):
    red = ln.ULabel.get(name="red")
    red.description = "a colour"
    red.save()
    registries = InstanceRegistries(labels)
    assert set(registries.vocabulary(parse_target("ULabel[description='a colour']")).known(["red", "T cell"])) == {"red"}
    assert set(registries.vocabulary(parse_target("ULabel[is_type=True]")).known(["Cell", "red"])) == {"Cell"}
    with pytest.raises(UsageError, match="no text 'size'"):
        registries.vocabulary(parse_target("ULabel.size"))
    with pytest.raises(UsageError, match="no types"):
        registries.vocabulary(parse_target("User[someone]"))


def test_what_is_in_the_trash_is_no_term(labels):
    ln.ULabel.get(name="red").delete()
    assert not InstanceRegistries(labels).vocabulary(parse_target("ULabel")).known(["red"])


def test_a_table_that_is_given_goes_before_the_database(labels):
    genes = Terms.of("Gene", ["ENSG00000139618"])
    registries = InstanceRegistries(labels, tables={"bionty.Gene.ensembl_gene_id": genes})
    assert registries.vocabulary(parse_target("bionty.Gene.ensembl_gene_id")) is genes


def test_a_frame_is_checked_against_the_database(labels):
    ln.Feature(name="dose", dtype=float).save()
    ln.Feature(name="cell_type", dtype=ln.ULabel, synonyms="celltype").save()
    frame = pd.DataFrame({"dose": [1, 2], "cell_type": ["T cell", "t cell"], "celltype": ["", ""], "other": [1, 2]})
    report = check(frame, SchemaSpec(itype="Feature"), registries=InstanceRegistries(labels))
    text = str(report)
    assert "'t cell': did you mean 'T cell'?" in text
    assert "other" in text and "ln.Feature(name='other', dtype='int').save()" in text
    assert [c.name for c in report.checked] == ["dose", "cell_type"]


def test_a_feature_without_a_type_goes_before_those_in_types(labels):
    for kind in ("A", "B"):
        group = ln.Feature(name=kind, is_type=True).save()
        ln.Feature(name="dose", dtype=int, type=group).save()
        ln.Feature(name=f"only {kind}", dtype=int, type=group).save()
    registries = InstanceRegistries(labels)
    assert set(registries.features(["dose", "only A", "A"])) == {"only A"}
    ln.Feature(name="dose", dtype=float).save()
    assert registries.features(["dose"]) == {"dose": FeatureSpec(name="dose", dtype=float)}


def test_inspect_tells_terms_from_others_and_what_those_were_meant_to_be(labels):
    found = ln.ULabel.inspect(["T cell", "t cell", "B  cell", "Tcel", None, float("nan"), 5, "T cell"])
    assert (found.validated, found.non_validated) == (("T cell",), ("t cell", "B  cell", "Tcel", 5))
    assert found.synonyms_mapper == {"t cell": "T cell"}
    assert found.near["B  cell"] == ("B cell",)
    assert found.frac_validated == 0.2
    assert "did you mean 'T cell'?" in str(found)
    assert ln.ULabel.validate(np.array(["red", "x"])).tolist() == [True, False]
    assert ln.ULabel.validate(pd.Series(["red", "neuron"]), type="Cell").tolist() == [False, True]
    assert ln.ULabel.standardize(["RED", "x", None]) == ["red", "x", None]
    assert ln.ULabel.standardize(["RED"], return_mapper=True) == {"RED": "red"}


def test_the_line_that_is_proposed_registers_what_is_missing(labels, capsys):
    line = ln.ULabel.inspect(["monocyte", "T cell"], type="Immune").fix
    exec(line, {"ln": ln})
    assert ln.ULabel.get(name="monocyte").type.name == "Immune"


def test_values_become_records(labels):
    found = ln.ULabel.from_values(["T cell", "monocyte", "T cell"])
    assert [record.name for record in found] == ["T cell"]
    made = ln.ULabel.from_values(["T cell", "monocyte", "monocyte", None], type=ln.ULabel.get(name="Immune"), create=True).save()
    assert [record.name for record in made] == ["T cell", "monocyte"]
    assert ln.ULabel.get(name="monocyte").type.name == "Immune"


@pytest.mark.parametrize(
    ("act", "error", "problem"),
    [
        (lambda: ln.ULabel.validate("red"), UsageError, "list of texts"),
        (lambda: ln.ULabel.validate([["red"]]), UsageError, "one value each"),
        (lambda: ln.ULabel.validate(["red"], "colour"), UsageError, "no text 'colour'"),
        (lambda: ln.ULabel.validate(["red"], type="nothing"), NotFound, "is_type=True"),
        (lambda: ln.ULabel.from_values(["x"], "uid", create=True), UsageError, "can't be made of its uid alone"),
        (lambda: ln.Feature.from_values(["x"], create=True), UsageError, "can't be made of its name alone"),
        (lambda: ln.ULabel.from_values([5], create=True), UsageError, "no text"),
        (lambda: ln.Run.from_values(["x"], create=True), UsageError, "can't be made"),
    ],
)
def test_a_bad_question_gets_a_clear_answer(labels, act, error, problem):
    with pytest.raises(error, match=problem):
        act()
