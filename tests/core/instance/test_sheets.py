"""Sheets: rows that keep to a schema, one by one and by the thousand, in and out."""

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sqlalchemy import event

import lignin as ln
from lignin.base.errors import Locked, UsageError, ValidationError

NAME = "__lignin_record_name__"


@pytest.fixture
def sheet(instance):
    ln.save([ln.ULabel(name=name) for name in ("DMSO", "IFNG")])
    donors = ln.Record(name="Donor", is_type=True).save()
    ln.save([ln.Record(name=f"D{n}", type=donors) for n in (1, 2)])
    features = [
        ln.Feature(name="dose", dtype=float, nullable=False).save(), ln.Feature(name="cells", dtype=int).save(), ln.Feature(name="drugs", dtype=ln.ULabel).save(),
        ln.Feature(name="donor", dtype=donors).save(), ln.Feature(name="day", dtype=date, coerce=True).save().with_config(optional=True),
    ]  # fmt: skip
    schema = ln.Schema(features, name="samples").save()
    return ln.Record(name="Samples", is_type=True, schema=schema).save()


@pytest.fixture
def rows():
    return pd.DataFrame({"dose": [0.5, 1.0, 2.0], "cells": [10, 20, 30], "drugs": ["DMSO", "IFNG", None], "donor": ["D1", "D2", "D1"], NAME: ["S1", "S2", "S3"]})


def test_rows_go_in_and_come_out(sheet, rows):
    done = ln.Record.from_dataframe(rows, type="Samples").save()
    assert (len(done), done.n_new, done.records.count()) == (3, 3, 3)
    frame = sheet.to_dataframe()
    assert list(frame.columns) == ["dose", "cells", "drugs", "donor", "day", NAME]
    assert frame["dose"].tolist() == [0.5, 1.0, 2.0]
    assert frame["drugs"].tolist() == ["DMSO", "IFNG", None]
    assert frame["cells"].dtype == "int64"
    assert frame.index.tolist() == [record.uid for record in ln.Record.filter(type=sheet)]
    assert ln.Record.get(name="S2", type=sheet).features.get_values() == {"dose": 1.0, "cells": 20, "drugs": "IFNG", "donor": "D2"}
    assert [record.name for record in ln.Record.filter(type=sheet, drugs="IFNG")] == ["S2"]
    assert [record.name for record in ln.Record.filter(type=sheet, donor="D1", dose__gt=1)] == ["S3"]
    assert len(ln.Record.to_dataframe()) == ln.Record.filter().count()


def test_the_same_rows_again_change_nothing_and_others_are_refused(sheet, rows):
    draft = ln.Record.from_dataframe(rows, type=sheet).save()
    assert draft.save().n_new == 3
    again = ln.Record.from_dataframe(sheet.to_dataframe(), type=sheet).save()
    assert again.n_new == 0
    assert [record.name for record in again.records] == ["S1", "S2", "S3"]
    rows["dose"] = [0.5, 1.5, 2.0]
    rows.loc[3] = [3.0, 40, "DMSO", "D2", "S4"]
    with pytest.raises(UsageError, match=r"1 of the names .* 'S2'"):
        ln.Record.from_dataframe(rows, type=sheet).save()
    assert len(sheet.to_dataframe()) == 3


def test_all_problems_are_told_before_anything_is_stored(sheet, rows):
    rows["cells"] = [1.5, 2.0, 3.0]
    rows["drugs"] = ["DMSO", "IFNg", "water"]
    rows[NAME] = ["S1", "S1", " x"]
    rows["note"] = "?"
    with pytest.raises(ValidationError) as caught:
        ln.Record.from_dataframe(rows.drop(columns="donor"), type=sheet)
    text = str(caught.value)
    for told in ("cells", "drugs", "IFNg", "donor", "note", "'S1'", "white space"):
        assert told in text, told
    assert len(sheet.to_dataframe()) == 0


def test_a_new_name_makes_a_sheet_of_what_the_frame_shows(instance):
    ln.Feature(name="drug", dtype=ln.ULabel).save()
    ln.ULabel(name="DMSO").save()
    frame = pd.DataFrame(
        {
            "dose": [1.5, None], "n": pd.array([1, None], dtype="Int64"), "ok": [True, False], "note": ["a", None], "drug": ["DMSO", None], "tags": [["x", "y"], []],
            "at": pd.to_datetime(["2025-01-01T12:00", None]).astype("datetime64[us]"),
        },
        index=["A", "B"],
    )  # fmt: skip
    done = ln.Record.from_dataframe(frame, type="Wells", dtypes={"tags": "list[str]"}).save()
    sheet = ln.Record.get(name="Wells")
    assert done.type == sheet
    assert sheet.is_type
    assert {feature.name: feature.dtype for feature in sheet.schema.features} == {
        "dose": "float", "n": "int", "ok": "bool", "note": "str", "drug": "cat[ULabel]", "tags": "list[str]", "at": "datetime",
    }  # fmt: skip
    out = sheet.to_dataframe().set_index(NAME)
    assert out.loc["A", "tags"] == ["x", "y"]
    assert out["at"].iloc[0] == pd.Timestamp("2025-01-01T12:00")
    assert out["n"].tolist()[0] == 1
    assert out.loc["B"].drop("ok").isna().all()
    assert ln.Record.from_dataframe(frame, type="Wells").save().n_new == 0


def test_the_index_of_the_schema_names_the_rows(instance):
    well, dose = ln.Feature(name="well", dtype=str).save(), ln.Feature(name="dose", dtype=float).save()
    sheet = ln.Record(name="Plate", is_type=True, schema=ln.Schema([dose], index=well).save()).save()
    ln.Record.from_dataframe(pd.DataFrame({"dose": [1.0]}, index=pd.Index(["A1"], name="well")), type=sheet).save()
    ln.Record.from_dataframe(pl.DataFrame({"well": ["A2"], "dose": [2.0]}), type=sheet).save()
    frame = sheet.to_dataframe()
    assert frame.index.name == "well"
    assert frame["dose"].to_dict() == {"A1": 1.0, "A2": 2.0}
    assert ln.Record.get(name="A1").features.get_values() == {"dose": 1.0}
    with pytest.raises(ValidationError, match="well"):
        ln.Record.from_dataframe(pd.DataFrame({"dose": [1.0]}), type=sheet)


def test_one_record_keeps_to_its_sheet(sheet):
    record = ln.Record(name="S1", type=sheet, features={"dose": 1, "cells": np.int32(3), "drugs": ["DMSO", "IFNG"], "donor": ln.Record.get(name="D1"), "day": "2025-10-24"}).save()
    assert record.features.get_values() == {"dose": 1.0, "cells": 3, "drugs": {"DMSO", "IFNG"}, "donor": "D1", "day": date(2025, 10, 24)}
    for wrong in (None, {"dose": 1.0}, {"dose": "x", "cells": 3, "drugs": "DMSO", "donor": "D1"}, {"dose": 1.0, "cells": 3, "drugs": "DMSO", "donor": "D9"}):
        with pytest.raises(ValidationError):
            ln.Record(name="S2", type=sheet, features=wrong)
    with pytest.raises(UsageError):
        ln.Record(name="S2", features=5)
    loose = ln.Record(name="S2", features={"dose": 2.0}).save()
    loose.type = sheet
    with pytest.raises(ValidationError, match="cells"):
        loose.save()
    assert ln.Record.get(loose.uid).type is None
    assert ln.Record.get(name="S1").features["drugs"] == {"DMSO", "IFNG"}


def test_a_sheet_becomes_an_artifact_that_tells_its_origin(sheet, rows):
    ln.Record.from_dataframe(rows, type=sheet).save()
    artifact = sheet.to_artifact()
    assert artifact.key == "sheets/Samples.parquet"
    assert artifact.load()["dose"].tolist() == [0.5, 1.0, 2.0]
    assert artifact.run.records.one() == artifact.records.one() == sheet
    assert (artifact.run.status, artifact.run.params["sheet"]) == ("completed", sheet.uid)
    assert ln.Artifact.get(run__records=sheet) == artifact
    assert sheet.to_artifact(key="samples.csv").load()["cells"].tolist() == [10, 20, 30]
    with pytest.raises(UsageError):
        ln.Record.get(name="S1").to_artifact()


def test_thousands_of_rows_take_a_handful_of_statements(instance, sheet):
    n = 12_000
    frame = pd.DataFrame({"dose": np.arange(n) / 7, "cells": np.arange(n), "drugs": "DMSO", "donor": ["D1", "D2"] * (n // 2), NAME: [f"row {i}" for i in range(n)]})
    asked = []
    event.listen(instance.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    ln.Record.from_dataframe(frame, type=sheet).save()
    written = [statement for statement in asked if statement.lower().startswith("insert")]
    assert len(written) == 5
    assert len(asked) < 40
    asked.clear()
    out = sheet.to_dataframe()
    assert len([statement for statement in asked if statement.lower().startswith(("select", "with"))]) <= 8
    assert out["dose"].tolist() == frame["dose"].tolist()
    assert out[NAME].tolist() == frame[NAME].tolist()


def test_a_locked_sheet_and_what_is_none_take_no_rows(sheet, rows):
    sheet.is_locked = True
    sheet.save()
    with pytest.raises(Locked):
        ln.Record.from_dataframe(rows, type=sheet).save()
    ln.Record(name="plain").save()
    for wrong in ("plain", ln.Record.get(name="plain"), ln.Record(name="new", is_type=True), 5, ""):
        with pytest.raises(UsageError):
            ln.Record.from_dataframe(rows, type=wrong)
    for wrong in ({"dose": 1}, [1], None):
        with pytest.raises(UsageError):
            ln.Record.from_dataframe(wrong, type=sheet)
    with pytest.raises(UsageError):
        ln.Record.get(name="plain").to_dataframe()


def test_times_with_zones_and_rows_of_types_below_come_out_too(instance):
    top = ln.Record(name="All", is_type=True).save()
    below = ln.Record(name="Some", is_type=True, type=top).save()
    ln.Feature(name="at", dtype="datetime64[ns, UTC]").save()
    moment = datetime(2025, 1, 1, 12, tzinfo=UTC)
    ln.Record(name="a", type=below, features={"at": moment}).save()
    assert len(top.to_dataframe()) == 0
    frame = top.to_dataframe(recurse=True)
    assert frame["at"].tolist() == [moment]
    assert ln.Record.from_dataframe(pd.DataFrame({"at": [moment]}), type=top).save().n_new == 1
    assert len(top.to_dataframe()) == 1


def test_a_row_keeps_to_its_sheet_when_its_values_change(sheet, rows):
    ln.Record.from_dataframe(rows, type=sheet).save()
    row = ln.Record.get(name="S3", type=sheet)
    row.features.update_values({"cells": 31})
    for change in (
        lambda: row.features.remove_values("dose"), lambda: row.features.update_values({"dose": None}),
        lambda: row.features.set_values({"cells": 1}), lambda: row.features.add_values({"strange": 1}),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            change()
    assert row.features.get_values() == {"dose": 2.0, "cells": 31, "donor": "D1"}
    row.features.remove_values("donor")
    row.features.add_values({"drugs": "DMSO"})
    assert row.features.get_values() == {"dose": 2.0, "cells": 31, "drugs": "DMSO"}


def test_one_value_is_removed_from_a_row_as_all_are(sheet, rows):
    ln.Record.from_dataframe(rows, type=sheet).save()
    row = ln.Record.get(name="S1", type=sheet)
    row.features.update_values({"drugs": ["DMSO", "IFNG"]})
    with pytest.raises(ValidationError, match="dose"):
        row.features.remove_values("dose", value=0.5)
    row.features.remove_values("drugs", value="DMSO")
    row.features.remove_values("drugs", value="IFNG")
    assert row.features.get_values() == {"dose": 0.5, "cells": 10, "donor": "D1"}
