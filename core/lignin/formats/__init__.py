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
from lignin.formats.soma import SOMA_OTYPE, place_of_experiment
from lignin.formats.stores import store_of

__all__ = [
    "SOMA_OTYPE",
    "Format",
    "ObjectType",
    "format_of_suffix",
    "format_there",
    "place_of_experiment",
    "store_of",
    "suffixes_of",
    "type_of_object",
]
