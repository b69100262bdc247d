"""The open catalogue: one module per verb."""

from lignin.instance.backfill import BackfillReport, backfill
from lignin.instance.ingest import IngestReport, ingest, waiting_spools
from lignin.instance.instance import Instance
from lignin.instance.open import connect, disconnect, init, open_instance, provide
from lignin.instance.query import QuerySet
from lignin.model import Q

__all__ = [
    "BackfillReport",
    "IngestReport",
    "Instance",
    "Q",
    "QuerySet",
    "backfill",
    "connect",
    "disconnect",
    "ingest",
    "init",
    "open_instance",
    "provide",
    "waiting_spools",
]
