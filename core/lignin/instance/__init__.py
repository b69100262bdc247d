"""The open catalogue: one module per verb."""

from lignin.instance.conditions import Q
from lignin.instance.ingest import IngestReport, ingest, waiting_spools
from lignin.instance.instance import Instance
from lignin.instance.open import connect, disconnect, init, open_instance, provide
from lignin.instance.query import QuerySet

__all__ = [
    "IngestReport",
    "Instance",
    "Q",
    "QuerySet",
    "connect",
    "disconnect",
    "ingest",
    "init",
    "open_instance",
    "provide",
    "waiting_spools",
]
