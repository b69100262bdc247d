"""`ln.context`: the run that is going on here."""

from typing import Any

from lignin.base.context import current_run

__all__ = ["Context", "context"]


class Context:
    """What is tracked at this place: in a script, a notebook, a flow or a step."""

    @property
    def run(self) -> Any:
        """The `Run` that code here belongs to, or `None`."""
        return current_run()

    @property
    def transform(self) -> Any:
        """The `Transform` of that run, or `None`."""
        run = current_run()
        return run.transform if run is not None else None

    @property
    def uid(self) -> str | None:
        """The uid of that transform, or `None`."""
        transform = self.transform
        return transform.uid if transform is not None else None

    @property
    def key(self) -> str | None:
        """The key of that transform, or `None`."""
        transform = self.transform
        return transform.key if transform is not None else None

    def __repr__(self) -> str:
        run = current_run()
        return "nothing is tracked here: ln.track() starts a run" if run is None else f"Context(run={run.uid!r}, key={self.key!r})"


context = Context()
