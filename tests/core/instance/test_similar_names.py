"""Hints at names that resemble others: one line, when it may help, and silence when it would not."""

import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import UsageError


@pytest.fixture
def said(capsys):
    """What was hinted at since the last time."""

    def lines():
        return [line for line in capsys.readouterr().err.splitlines() if "similar" in line]

    return lines


def test_a_new_name_like_another_is_told_of_once(instance, said):
    sample = ln.Record(name="Sample", is_type=True).save()
    ln.Record(name="P53mutant1", type=sample).save()
    assert said() == []
    ln.Record(name="P53mutant2", type=sample).save()
    ln.Record(name="P53mutant2", type=sample).save()
    ln.Record(name="P53mutant1").save()
    assert said() == []
    ln.Record(name="P53mutnat1", type=sample).save()
    ln.Record(name="P53mutnat1", type=sample).save()
    assert said() == ["• similar names: 'P53mutnat1' ~ 'P53mutant1'"]
    ln.Record(name="p53mutant1", type=sample).save()
    assert said() == ["• similar names: 'p53mutant1' ~ 'P53mutant1'"]


def test_many_names_are_one_question_and_one_line(instance, said):
    ln.save([ln.ULabel(name=name) for name in ("treatment", "perturbation", "timepoint", "replicate")])
    asked = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]) if "zzzz" in str(args[3]) else None)
    ln.save([ln.ULabel(name=name) for name in ("treatmemt", "perturbaton", "time point", "replicates", "donor")])
    (line,) = said()
    assert "'treatmemt' ~ 'treatment', 'perturbaton' ~ 'perturbation'" in line
    assert "and 1 more" in line
    assert len(asked) == 1


def test_lists_and_rows_of_sheets_are_nobody_s_slips(instance, said):
    ln.save([ln.ULabel(name=f"label {n}") for n in range(100)])
    ln.Feature(name="dose_mg", dtype=float).save()
    sheet = ln.Record(name="Doses", is_type=True, schema=ln.Schema(["dose_mg"]).save()).save()
    for n in range(3):
        ln.Record(name=f"sample {n}", type=sheet, features={"dose_mg": 1.0}).save()
    assert said() == []


def test_the_hint_can_be_switched_off(instance, said):
    ln.settings.hints_at_similar_names = False
    ln.ULabel(name="treatment").save()
    ln.ULabel(name="treatmemt").save()
    assert said() == []
    with pytest.raises(UsageError):
        ln.settings.hints_at_similar_names = "no"
    with pytest.raises(AttributeError, match="hints_at_similar_names"):
        ln.settings.hint = True


def test_the_question_is_answered_from_an_index(instance):
    ln.save([ln.ULabel(name=f"{chr(97 + n % 26)}{n} label") for n in range(3000)])
    asked = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])) if "zzzz" in str(args[3]) else None)
    ln.ULabel(name="treatment").save()
    ((statement, values),) = asked
    explain = "explain query plan " if instance.database.is_sqlite else "explain "
    with instance.database.engine.connect() as connection:
        if not instance.database.is_sqlite:
            connection.exec_driver_sql("analyze ulabel")
        plan = str(connection.exec_driver_sql(explain + statement, values).all())
    assert "uq_ulabel_name_type" in plan
