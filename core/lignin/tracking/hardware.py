"""The machine under a run: processors, memory, graphics cards, operating system. Read from files only."""

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["hardware"]

_MODEL = re.compile(r"^(?:model name|Hardware|cpu model)\s*:\s*(.+)$", re.MULTILINE)
_NAME = re.compile(r'^PRETTY_NAME="?([^"\n]*)"?$', re.MULTILINE)
_GPU = re.compile(r"^Model:\s*(.+)$", re.MULTILINE)
_DRIVER = re.compile(r"Kernel Module\s+(?:for \S+\s+)?([\d.]+)")


def hardware(root: Path = Path("/")) -> Mapping[str, Any]:
    """What is known of the machine; what is not known is left out.

    Args:
        root: where the system's files are.
    """
    facts = {
        "system": platform.platform(),
        "os": _first(_NAME, root / "etc/os-release"),
        "cpu": _first(_MODEL, root / "proc/cpuinfo") or platform.processor() or None,
        "cpus": os.cpu_count(),
        "cpus_usable": _usable_cpus(),
        "memory": _memory(),
        **_gpus(root / "proc/driver/nvidia"),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _gpus(driver: Path) -> Mapping[str, Any]:
    """NVIDIA's cards, as its driver tells; asking the cards themselves can take seconds."""
    if not driver.is_dir():
        return {}
    cards = [_first(_GPU, card) for card in sorted(driver.glob("gpus/*/information"))]
    return {"gpus": [card or "unknown" for card in cards], "gpu_driver": _first(_DRIVER, driver / "version")}


def _usable_cpus() -> int | None:
    """How many processors this process may use, where that is fewer: a batch system or a container says so."""
    ask = getattr(os, "sched_getaffinity", None)
    usable = len(ask(0)) if ask is not None else None
    return None if usable == os.cpu_count() else usable


def _memory() -> int | None:
    """Main memory, in bytes."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _first(pattern: re.Pattern[str], path: Path) -> str | None:
    try:
        # A machine of many processors has as many times the same lines.
        with path.open(encoding="utf-8", errors="replace") as stream:
            found = pattern.search(stream.read(8192))
    except OSError:
        return None
    return found[1].strip() or None if found else None
