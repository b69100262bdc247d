"""Runs of scripts, notebooks and functions: `track`, `finish`, `flow`, `step` and `context`."""

from lignin.tracking.ambient import Context, context
from lignin.tracking.decorate import flow, step
from lignin.tracking.session import finish, track

__all__ = ["Context", "context", "finish", "flow", "step", "track"]
