"""The history of the schema. `REVISIONS` names every revision there was, the newest last."""

REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]

__all__ = ["HEAD", "REVISIONS"]
