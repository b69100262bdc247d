"""Heavy packages, imported when they are needed; a clear error where they are not installed."""

import importlib
from types import ModuleType

from lignin.base.errors import MissingExtra

__all__ = ["require"]


def require(module: str, *, extra: str) -> ModuleType:
    """Import a package of an extra.

    Raises:
        MissingExtra: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        raise MissingExtra(f"this needs the package {module.partition('.')[0]!r}. Install it with: pip install 'lignin[{extra}]'") from e
