"""Of what has values of features: artifacts, runs and records."""

from typing import Any

from lignin.base.ports import current

__all__ = ["Annotated"]


class Annotated:
    """What people say of a record in values of features, and what was found in a dataset."""

    @property
    def features(self) -> Any:
        """Its values of features: `add_values`, `update_values`, `set_values`, `remove_values`, `get_values`, `features["name"]`."""
        return current().features(self)
