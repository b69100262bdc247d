"""Objects and files: which format a suffix or an object has, how it is read, written and opened.

Each format is a value in a table. The packages that read them are heavy, so they are imported by
the functions that need them.
"""

from lignin.formats.format import Format
from lignin.formats.known import (
    ObjectType,
    format_of_suffix,
    format_there,
    suffixes_of,
    type_of_object,
)
from lignin.formats.stores import store_of

__all__ = ["Format", "ObjectType", "format_of_suffix", "format_there", "store_of", "suffixes_of", "type_of_object"]
