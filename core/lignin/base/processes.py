"""Other processes of this machine: whether one that was noted earlier has ended."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["container", "is_gone"]

# Clocks are set, and the system counts its start in whole seconds.
_SLACK = timedelta(seconds=60)
_LARGEST = 2**22


def container() -> str | None:
    """What contains this process: an image, or the kind of container; `None` outside of any that is known."""
    for name in ("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER", "CONTAINER_IMAGE"):
        if image := os.environ.get(name):
            return image
    if Path("/.dockerenv").exists():
        return "docker"
    return "podman" if Path("/run/.containerenv").exists() else None


def is_gone(pid: int, *, since: datetime) -> bool:
    """Whether the process that had this id at `since` has ended; a process that began later is another one.

    Where the system does not say, it has not.
    """
    if not 0 < pid <= _LARGEST:
        return False
    try:
        # Asks only. /proc may hide the processes of others; this does not.
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError):
        return False
    if fields[0] in {"Z", "X"}:
        return True
    age = uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(time.time() - age, UTC) > since + _SLACK
