"""The command line: `lignin`. Each command is a module of its own, loaded when it is run."""

from lignin.cli.program import main

__all__ = ["main"]
