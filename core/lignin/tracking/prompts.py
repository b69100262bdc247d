"""What runs this code cell by cell or line by line: an IPython shell, or a marimo kernel."""

import builtins
import sys
from typing import Any

__all__ = ["marimo_kernel", "shell"]


def shell() -> Any:
    """The IPython shell that runs this code, or `None`; in a notebook it has a `kernel`."""
    # IPython puts it among the built-ins; so IPython need not be imported to ask.
    get = getattr(builtins, "get_ipython", None)
    return get() if get is not None else None


def marimo_kernel() -> Any:
    """Marimo's context of the kernel that runs this code, or `None`; there is none in a script."""
    # Only where marimo is loaded can there be one.
    contexts = sys.modules.get("marimo._runtime.context")
    get = getattr(contexts, "safe_get_context", None)
    context = get() if get is not None else None
    return context if hasattr(context, "_kernel") else None
