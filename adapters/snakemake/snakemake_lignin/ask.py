"""What the Snakefile says today of workflows that are over, from a process of its own (see `survey`)."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lignin.base.messages import say
from snakemake_lignin.logs import Invocation

__all__ = ["Answer", "Wanted", "ask"]

_PATIENCE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A job to ask for: its number, its rule, and one of its outputs, if it has any."""

    id: int
    rule: str
    output: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found.

    Attributes:
        workflow: the workflow as a whole; empty where the Snakefile can't be read.
        jobs: in the order of the question; `None` for those that the Snakefile does not have.
    """

    workflow: Mapping[str, Any] = field(default_factory=dict)
    jobs: Sequence[Mapping[str, Any] | None]


def ask(invocation: Invocation, wanted: Sequence[Wanted], *, folder: Path, outputs: Sequence[str]) -> Answer:
    """Ask the Snakefile of an invocation.

    Args:
        invocation: says which Snakefile and configuration.
        wanted: the jobs.
        folder: where Snakemake was told to work.
        outputs: all that is in the store.
    """
    facts = invocation.facts
    with tempfile.TemporaryDirectory(prefix="lignin-") as place:
        answer = Path(place) / "answer.json"
        request = {
            "snakefile": facts.get("Snakefile"),
            "configfiles": _listed(facts.get("Config file(s)", "")),
            "config": _overrides(facts.get("Command", "")),
            "cores": invocation.cores,
            "outputs": list(outputs),
            "answer": str(answer),
            "jobs": [{"id": each.id, "rule": each.rule, "output": each.output} for each in wanted],
        }
        try:
            done = subprocess.run(
                [sys.executable, "-m", "snakemake_lignin.survey"],
                input=json.dumps(request),
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PATIENCE,
                check=False,
            )
            found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired:
            found, why = {}, f"reading it took more than {_PATIENCE} s"
        except (OSError, ValueError):
            found, why = {}, "\n".join(done.stderr.strip().splitlines()[-1:])
        else:
            why = "\n".join(done.stderr.strip().splitlines()[-1:])
    jobs = found.pop("jobs", None)
    if jobs is None:
        say("!", f"the Snakefile of {folder} can't be read, so code, names and configuration are missing from {invocation.path.name}: {why}")
        return Answer(jobs=[None] * len(wanted))
    return Answer(workflow=found, jobs=jobs)


def _listed(text: str) -> list[str]:
    """Configuration files, which the log has as Python shows a list of texts or paths."""
    return [piece for number, piece in enumerate(text.replace('"', "'").split("'")) if number % 2]


def _overrides(command: str) -> list[str]:
    """The words after `--config`. The log has lost quotes, so a checksum tells whether they are right."""
    found, inside = [], False
    for word in command.split():
        if word.startswith("-"):
            inside = word in {"--config", "-C"}
        elif inside and "=" in word:
            found.append(word)
        else:
            inside = False
    return found
