"""The whole catalogue elsewhere: a backup in one file, and tables that others can read."""

from lignin.instance.copies.backup import backup, restore_backup
from lignin.instance.copies.parquet import export_parquet, import_parquet

__all__ = ["backup", "export_parquet", "import_parquet", "restore_backup"]
