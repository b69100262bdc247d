"""How the plug-in is attached to one run: by the environment, beside all that the pipeline and its user declare.

A `plugins` block in a config file, or `-plugins`, would replace the pipeline's own; the list in `NXF_PLUGINS_DEFAULT`
is added to it. Set to a list, Nextflow no longer adds the plug-ins of clouds by itself, so that those that
a run plainly needs are named as well.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nextflow_lignin.plugin_folder import PLUGIN

__all__ = ["Version", "environment", "plugins_value", "refusal", "version_of"]

OLDEST = (25, 4)
_VERSION = re.compile(r"version\s+(\d+)\.(\d+)\.(\d+)")
_CLOUDS = {
    "nf-amazon": re.compile(r"""executor\s*=\s*['"]awsbatch|(?:workDir|bucketDir|-w|-work-dir|-bucket-dir)\s*=?\s*['"]?s3://"""),
    "nf-google": re.compile(r"""executor\s*=\s*['"]google-(?:batch|lifesciences)|(?:workDir|bucketDir|-w|-work-dir|-bucket-dir)\s*=?\s*['"]?gs://"""),
    "nf-azure": re.compile(r"""executor\s*=\s*['"]azurebatch|(?:workDir|bucketDir|-w|-work-dir|-bucket-dir)\s*=?\s*['"]?az://"""),
    "nf-k8s": re.compile(r"""executor\s*=\s*['"]k8s"""),
}
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A Nextflow's version, as it tells it."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor:02}.{self.patch}"

    @property
    def has_observers(self) -> bool:
        """Whether the plug-in can be loaded; an older one would not start the pipeline with it."""
        return (self.major, self.minor) >= OLDEST


def version_of(program: str) -> Version | None:
    """The version of a Nextflow; `None` where it does not say."""
    try:
        told = subprocess.run([program, "-v"], capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(told.stdout)
    return None if found is None else Version(major=int(found[1]), minor=int(found[2]), patch=int(found[3]))


def refusal(version: Version | None) -> str | None:
    """Why the plug-in can't be attached; `None` where it can."""
    if version is None:
        return "this nextflow does not tell its version"
    if not version.has_observers:
        return f"Nextflow {version} is older than 25.04"
    allowed = os.environ.get("NXF_PLUGINS_ALLOWED")
    if allowed is not None and PLUGIN not in _names(allowed):
        return f"NXF_PLUGINS_ALLOWED does not name {PLUGIN}"
    return None


def environment(plugin: str, *, plugins: Path, words: Sequence[str], launch: Path) -> Mapping[str, str]:
    """The variables that attach the plug-in to a run.

    Args:
        plugin: its name with its version.
        plugins: the folder it was installed into.
        words: the arguments of `nextflow run`.
        launch: where it is launched.
    """
    return {"NXF_PLUGINS_DIR": str(plugins), "NXF_PLUGINS_DEFAULT": plugins_value(plugin, words=words, launch=launch)}


def plugins_value(plugin: str, *, words: Sequence[str] = (), launch: Path | None = None) -> str:
    """`NXF_PLUGINS_DEFAULT` with the plug-in in it, and with what the user had there."""
    own = os.environ.get("NXF_PLUGINS_DEFAULT", "")
    if own == "false":
        return plugin
    if own and own != "true":
        kept = [name for name in own.split(",") if name.strip() and name.strip().partition("@")[0] != PLUGIN]
        return ",".join((*kept, plugin))
    return ",".join((*(_needed(words, launch) if launch is not None else ()), plugin))


def _needed(words: Sequence[str], launch: Path) -> Iterator[str]:
    """Plug-ins that Nextflow would have added for the executor or the work folder."""
    texts = [" ".join(words), f"-w {os.environ.get('NXF_WORK', '')}", *_configs(words, launch)]
    for name, pattern in _CLOUDS.items():
        if any(pattern.search(text) for text in texts):
            yield name


def _configs(words: Sequence[str], launch: Path) -> Iterator[str]:
    named = [after for word, after in pairwise(words) if word in {"-c", "-C", "-config"}]
    projects = [word for word in words if (launch / word).is_dir()]
    places = [launch / "nextflow.config", *(launch / name for name in named), *(launch / folder / "nextflow.config" for folder in projects)]
    for place in dict.fromkeys(places):
        try:
            with place.open(encoding="utf-8", errors="replace") as stream:
                yield stream.read(_LARGEST)
        except (OSError, ValueError):
            continue


def _names(listed: str) -> set[str]:
    return {word.strip().partition("@")[0] for word in listed.split(",")}
