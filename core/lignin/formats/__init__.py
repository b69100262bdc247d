"""Objects and files: which format a suffix or an object has, how it is read, written and opened.

Each format is a value in a table. The packages that read them are heavy, so they are imported by
the functions that need them.
"""

from lignin.formats.format import Format
from lignin.formats.known import format_of_object, format_of_suffix

__all__ = ["Format", "format_of_object", "format_of_suffix"]
