"""Asks the Snakefile of a workflow that is over what its store does not keep: names, flags, texts of code.

A process of its own (`python -m snakemake_lignin.survey`), since reading a Snakefile runs what stands
at its top level, as a dry-run does. It reads a request from standard input and writes its answer to the
file that the request names. Nothing is built, run or locked.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.cli import parse_config
from snakemake.exceptions import MissingRuleException, WildcardError
from snakemake.jobs import Job
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)
from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

from lignin.recording import Guard, encode_params
from snakemake_lignin.conceal import find_secrets
from snakemake_lignin.live import (
    Rules,
    read_config,
    read_info,
    read_params,
    read_roles,
    read_workflow_code,
    source_place,
)

__all__ = ["main"]


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    guard = Guard("snakemake", strict=False)
    answer: dict[str, Any] = {}
    # Snakemake's command line does it while it reads its options.
    StoragePluginRegistry().collect_plugins()
    with guard, SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, enable_file_logging=False)) as api:
        workflow = _load(api, request)
        answer |= _describe(workflow)
        answer["jobs"] = [_job(workflow, wanted, guard) for wanted in request["jobs"]]
    Path(request["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def _load(api: SnakemakeApi, request: Mapping[str, Any]) -> Any:
    workflow_api = api.workflow(
        resource_settings=ResourceSettings(cores=request["cores"] or 1),
        config_settings=ConfigSettings(config=_parse_config(request["config"]), configfiles=[Path(path) for path in request["configfiles"]]),
        snakefile=Path(request["snakefile"]) if request["snakefile"] else None,
    )
    workflow_api.dag(DAGSettings())
    workflow = workflow_api._workflow
    workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True, nolock=True)
    # Functions that wait for a checkpoint may look at what it made.
    workflow.checkpoints.created_output.update(request["outputs"])
    return workflow


def _parse_config(words: list[str]) -> dict[str, Any]:
    return dict(parse_config(words)) if words else {}


def _describe(workflow: Any) -> dict[str, Any]:
    """The workflow as a whole."""
    files = [Path(str(file.get_path_or_uri(secret_free=True))) for file in list(workflow.included)]
    config = read_config(workflow)
    try:
        checksum = hashlib.md5(json.dumps(workflow.config, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    except (TypeError, ValueError):
        checksum = ""
    return {
        "code": asdict(read_workflow_code(workflow)),
        "newest": _newest(files),
        "config": encode_params(config),
        "checksum": checksum,
        "secrets": find_secrets(config),
    }


def _job(workflow: Any, wanted: Mapping[str, Any], guard: Guard) -> dict[str, Any] | None:
    """One job, as the Snakefile now describes it; `None` where it has no such job."""
    answer: dict[str, Any] = {}
    if not workflow.is_rule(wanted["rule"]):
        return None
    rule, persistence = workflow.get_rule(wanted["rule"]), workflow.persistence
    with guard:
        try:
            job = Job(rule, workflow.dag, rule.get_wildcards(wanted["output"]) if wanted["output"] else {})
        except (MissingRuleException, WildcardError, ValueError):
            return None
        # A command may mention the number that the job had.
        workflow.dag._jobid[job] = wanted["id"]
        answer |= {"inputs": read_roles(job.input), "outputs": read_roles(job.output), "code": asdict(Rules(workflow).code(job))}
        answer |= {"directive": persistence._code(rule), "newest": _newest(_side_files(job)), "temporary": [str(path) for path in job.temp_output]}
        answer |= {"streams": [str(path) for path in job.output if "pipe" in path.flags or "service" in path.flags]}
    with guard:
        answer |= {"params": encode_params(read_params(job)), "stored_params": persistence._params(job)}
    with guard:
        answer |= {"info": encode_params(read_info(job))}
    return answer


def _side_files(job: Any) -> list[Path]:
    """The files beside the Snakefile that make up a rule's version."""
    found = []
    for source in (job.rule.script or job.rule.notebook, getattr(job.conda_env_spec, "file", None)):
        if source is not None:
            path = Path(source_place(source))
            found.append(path if path.is_absolute() or job.rule.basedir is None else Path(job.rule.basedir.get_path_or_uri(secret_free=True)) / path)
    return found


def _newest(files: list[Path]) -> float | None:
    """When the last of them was changed; `None` where one can't be looked at."""
    try:
        return max((file.stat().st_mtime for file in files), default=0.0)
    except OSError:
        return None


if __name__ == "__main__":
    main()
