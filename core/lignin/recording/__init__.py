"""What every adapter speaks: four events, a recorder port, and a spool.

An adapter translates what its engine says into `Started`, `Used`, `Produced` and `Ended`, and gives
them to a recorder. Inside an engine that is a `Courier` over a `Spool`; `deliver` hands the spool
to `lignin ingest` at the end. No database and no third-party package but the hash function is loaded here.
"""

from lignin.recording.backfill import ENGINES, Backfill, find_backfill
from lignin.recording.courier import Courier
from lignin.recording.deliver import deliver, hand_over
from lignin.recording.events import (
    Code,
    Ended,
    Event,
    FileRef,
    Produced,
    RefState,
    RunKey,
    RunStatus,
    Started,
    Used,
)
from lignin.recording.fold import Claim, Story, ending_rank, fold, telling
from lignin.recording.guard import Guard, is_strict
from lignin.recording.observe import local_path, observe, read_content, to_uri
from lignin.recording.params import encode_params, encode_value
from lignin.recording.policy import DEFAULT_POLICY, Limits, Policy, Treatment, policy_of
from lignin.recording.recorder import MemoryRecorder, Recorder
from lignin.recording.source import (
    Repository,
    file_code_key,
    function_source,
    hash_source,
    repository_of,
    stored_source,
)
from lignin.recording.spool import BadLine, Replay, Spool, read_spool, replay
from lignin.recording.wire import dump, load

__all__ = [
    "DEFAULT_POLICY",
    "ENGINES",
    "Backfill",
    "BadLine",
    "Claim",
    "Code",
    "Courier",
    "Ended",
    "Event",
    "FileRef",
    "Guard",
    "Limits",
    "MemoryRecorder",
    "Policy",
    "Produced",
    "Recorder",
    "RefState",
    "Replay",
    "Repository",
    "RunKey",
    "RunStatus",
    "Spool",
    "Started",
    "Story",
    "Treatment",
    "Used",
    "deliver",
    "dump",
    "encode_params",
    "encode_value",
    "ending_rank",
    "file_code_key",
    "find_backfill",
    "fold",
    "function_source",
    "hand_over",
    "hash_source",
    "is_strict",
    "load",
    "local_path",
    "observe",
    "policy_of",
    "read_content",
    "read_spool",
    "replay",
    "repository_of",
    "stored_source",
    "telling",
    "to_uri",
]
