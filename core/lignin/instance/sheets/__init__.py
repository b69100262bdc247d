"""Sheets: types of records with a schema, filled from frames and read as frames."""

from lignin.instance.sheets.check_row import check_changed, check_joining, check_row, sheet_of
from lignin.instance.sheets.import_sheet import SheetImport, import_sheet
from lignin.instance.sheets.sheet_artifact import sheet_artifact
from lignin.instance.sheets.sheet_frame import sheet_frame

__all__ = ["SheetImport", "check_changed", "check_joining", "check_row", "import_sheet", "sheet_artifact", "sheet_frame", "sheet_of"]
