"""What data mean: dtypes, features and schemas as values, and checks of datasets against them.

No database and no file is touched here: terms are looked up through the port `Registries`, and the caller reads the data.
"""

from lignin.schema.check import check, check_annotation, check_batches
from lignin.schema.drift import ColumnDrift, Drift, TableDrift, drift
from lignin.schema.dtype import Categorical, Dtype, Filter, Kind, ListOf, Simple, Target
from lignin.schema.dtype_of import dtype_of, dtype_of_stored, dtype_of_value
from lignin.schema.feature import FeatureSpec
from lignin.schema.infer import infer_schema
from lignin.schema.look_up import LookedUp, look_up_terms
from lignin.schema.near import Spellings, similar_names
from lignin.schema.parse import parse_dtype, parse_target
from lignin.schema.report import Checked, Problem, ProblemKind, Report
from lignin.schema.slot import Slot, parse_slot
from lignin.schema.spec import SchemaSpec
from lignin.schema.standardize import Change, Standardized, standardize
from lignin.schema.vocabulary import Registries, Tables, Terms, Vocabulary

__all__ = [
    "Categorical",
    "Change",
    "Checked",
    "ColumnDrift",
    "Drift",
    "Dtype",
    "FeatureSpec",
    "Filter",
    "Kind",
    "ListOf",
    "LookedUp",
    "Problem",
    "ProblemKind",
    "Registries",
    "Report",
    "SchemaSpec",
    "Simple",
    "Slot",
    "Spellings",
    "Standardized",
    "TableDrift",
    "Tables",
    "Target",
    "Terms",
    "Vocabulary",
    "check",
    "check_annotation",
    "check_batches",
    "drift",
    "dtype_of",
    "dtype_of_stored",
    "dtype_of_value",
    "infer_schema",
    "look_up_terms",
    "parse_dtype",
    "parse_slot",
    "parse_target",
    "similar_names",
    "standardize",
]
