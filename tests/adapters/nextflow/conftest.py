"""What a real Nextflow said, as the plug-in would have written it, and a look at what comes of it."""

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lignin.base.clock import from_iso, to_iso
from lignin.recording import (
    Ended,
    Event,
    FileRef,
    Produced,
    RunKey,
    Started,
    Story,
    Used,
    fold,
    to_uri,
)
from nextflow_lignin.account import PipelineRun, gather
from nextflow_lignin.files import Found
from nextflow_lignin.translate import Closing, Context, translate

_FIXTURES = Path(__file__).parent / "fixtures"
_NO_EXIT = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What events say, by the names that a person would look for."""

    events: Sequence[Event]
    story: Story

    @property
    def pipeline(self) -> Started:
        (found,) = [s for s in self.story.started.values() if s.run.scope.count("/") == 0]
        return found

    def starts(self, name: str) -> list[Started]:
        """The starts of a task, the earliest first."""
        return sorted((s for s in self.story.started.values() if s.name == name and "/" in s.run.scope), key=lambda s: s.at)

    def start(self, name: str) -> Started:
        (found,) = self.starts(name)
        return found

    def status(self, run: RunKey) -> str:
        ended = self.story.ended.get(run)
        return ended.status.value if ended else "open"

    def error(self, run: RunKey) -> str | None:
        return self.story.ended[run].error

    def statuses(self) -> dict[str, list[str]]:
        """How the attempts of each task ended."""
        names = sorted({s.name for s in self.story.started.values() if "/" in s.run.scope})
        return {name: [self.status(s.run) for s in self.starts(name)] for name in names}

    def files(self, run: RunKey, *, written: bool) -> dict[str, str]:
        """Role by path of a run's files."""
        return {c.ref.uri.removeprefix("file://"): c.role for c in self.story.claims if c.run == run and c.written is written}


def as_events(run: PipelineRun, context: Context | None = None) -> list[Event]:
    """The events of a run whose files nobody looks at."""
    events: list[Event] = []
    # Captures are over; the observer that made them had no last line.
    if context is None and run.ends:
        context = Context(closing=Closing(at=run.last))
    for told in translate(run, context):
        if not isinstance(told, Found):
            events.append(told)
        elif not told.if_file:
            ref = FileRef(uri=told.path if "://" in told.path else to_uri(Path(told.path)), host="vm", size=told.size)
            events.append((Produced if told.written else Used)(run=told.run, ref=ref, role=told.role))
    return events


@pytest.fixture(scope="session")
def told() -> Callable[..., Outcome]:
    """What events, or the lines of a run, say."""

    def look(given: Iterable[Any], context: Context | None = None) -> Outcome:
        listed = list(given)
        events = listed
        if listed and isinstance(listed[0], dict):
            events = [event for run in gather(listed) for event in as_events(run, context)]
        assert all(isinstance(event, Started | Used | Produced | Ended) for event in events)
        return Outcome(events=events, story=fold(events))

    return look


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked captures: `nextflow-25.04.4/…`, and `first/`, `resumed/` with their `.lineage`."""
    folder = tmp_path_factory.mktemp("captured")
    for archive in sorted(_FIXTURES.glob("*.tar.gz")):
        with tarfile.open(archive) as stream:
            stream.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def lines_of(captured: Path) -> Callable[..., list[dict[str, Any]]]:
    """The lines that the plug-in would have written of a capture, such as `first` or `edge/finish`; `at` moves `/launch`."""

    def read(name: str, at: str = "/launch") -> list[dict[str, Any]]:
        folder = captured / "nextflow-25.04.4" / name
        path = folder / "events.jsonl" if folder.is_dir() else folder.with_suffix(".jsonl")
        raw = [json.loads(line.replace("/launch", at)) for line in path.read_text().splitlines()]
        return list(_Plugin(raw).lines())

    return read


class _Plugin:
    """Writes raw callbacks as `nf-lignin` does (EVENTS.md)."""

    def __init__(self, raw: Sequence[Mapping[str, Any]]) -> None:
        self._raw = raw
        first = raw[0]
        self._start = from_iso(first["meta"]["start"][:26] + "Z")
        self._run = {"sessionId": first["uniqueId"], "runName": first["runName"], "startedAt": to_iso(self._start)}
        self._seq = 0
        self._sources: set[str] = set()

    def lines(self) -> Iterable[dict[str, Any]]:
        for event in self._raw:
            for kind, fields in self._translate(event):
                at = to_iso(self._start + timedelta(milliseconds=event["ms"] - self._raw[0]["ms"]))
                yield {"schema": 1, "seq": self._seq, "t": at, "type": kind, "run": self._run, **fields}
                self._seq += 1

    def _translate(self, e: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
        match e["event"]:
            case "onFlowCreate":
                yield "run.create", self._create(e)
            case "onFlowBegin":
                scripts = [{"path": s["path"], "sha256": hashlib.sha256(s["path"].encode()).hexdigest()} for s in e["scripts"].values()]
                yield "run.begin", {"params": _value(e["params"]), "scripts": scripts, "bin": [], "lib": [], "templates": [], "config": {}}
            case "onTaskSubmit" | "onTaskStart":
                yield "task", {"state": "submit" if e["event"] == "onTaskSubmit" else "start", **_brief(e)}
            case "onTaskComplete" | "onTaskCached":
                yield from self._final(e)
            case "onFilePublish":
                source = e["source"]["path"] if e["source"] else None
                is_dir = e.get("targetIsDir") is True
                yield "publish", {"source": source, "target": e["target"]["path"], "labels": [], "isDir": is_dir, "size": None if is_dir else e.get("size"), "mtime": None}
            case "onWorkflowOutput":
                yield "output", {"name": e["name"], "index": e["index"]["path"] if e["index"] else None, "value": _value(e["value"])}
            case "onFlowError":
                error = e.get("sessionError") or e.get("error") or {}
                message = error.get("message") if isinstance(error, dict) else str(error)
                kind = error.get("class") if isinstance(error, dict) else None
                signal = message if str(message).startswith("SIG") else None
                yield "run.error", {"message": message, "errorType": kind, "report": None, "signal": signal, "taskId": None, "hash": None}
            case "onFlowComplete":
                meta = e["meta"]
                yield "run.complete", {
                    "success": e["sessionSuccess"], "exit": meta["exitStatus"], "errorMessage": meta["errorMessage"], "errorReport": meta["errorReport"],
                    "aborted": e["abortedSession"], "cancelled": e["cancelled"], "startedAt": meta["start"], "completedAt": meta["complete"], "duration": None, "stats": meta["stats"],
                }  # fmt: skip

    def _create(self, e: Mapping[str, Any]) -> dict[str, Any]:
        meta = e["meta"]
        paths = {name: meta[name]["path"] if meta[name] else None for name in ("launchDir", "workDir", "projectDir", "outputDir", "scriptFile")}
        same = {name: meta[name] for name in ("commandLine", "scriptId", "scriptName", "projectName", "repository", "commitId", "revision", "profile", "containerEngine")}
        return {
            "pluginVersion": "0.1.0", "nextflow": {"version": "25.04.4", "build": 5950}, "pid": 4_000_000, "host": None, "user": meta["userName"],
            **paths, **same, "configFiles": [{"path": f["path"], "sha256": None} for f in meta["configFiles"]], "manifest": {"name": "lignin/eight"},
            "resume": meta["resume"], "stub": meta["stubRun"], "preview": meta["preview"], "params": _value(e["params"]),
        }  # fmt: skip

    def _final(self, e: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
        sha = hashlib.sha256((e["source"] or "").encode()).hexdigest()
        if e["process"] not in self._sources:
            self._sources.add(e["process"])
            # The process is declared before its first task is submitted; here it is only known now, which may be.
            yield "process", {"name": e["process"], "script": None, "sourceSha256": sha, "source": e["source"], "directives": {}, "container": None}
        state = "complete" if e["event"] == "onTaskComplete" else "cached" if e["hash"] else "stored"
        trace = {k: (None if v == _NO_EXIT else v) for k, v in (e["trace"] or {}).items() if k != "script"}
        failed = e["failed"]
        yield "task", {
            "state": state, **_brief(e), "exit": None if e["exit"] == _NO_EXIT else e["exit"], "failed": failed, "aborted": e["aborted"], "errorAction": e["action"],
            "container": None, "conda": None, "executor": "local", "script": e["script"], "stub": False, "sourceSha256": sha, "cpus": e["cpus"],
            "inputs": list(_inputs(e)), "values": list(_values(e["inputs"])), "outputs": [] if failed or e["aborted"] else list(_outputs(e)),
            "outputValues": list(_values(e["outputs"] or [])), "trace": trace, "error": {"message": e["error"] and str(e["error"]), "stderr": None} if failed else None,
        }  # fmt: skip


def _brief(e: Mapping[str, Any]) -> dict[str, Any]:
    work = e["workDir"]["path"] if e.get("workDir") else None
    attempt = (e.get("trace") or {}).get("attempt") or e.get("attempt") or 1
    return {
        "taskId": e["id"], "index": e["index"], "process": e["process"], "name": e["name"], "hash": e["hash"], "workDir": work,
        "tag": e["tag"], "attempt": attempt, "status": "ABORTED" if e.get("aborted") else e.get("status"),
    }  # fmt: skip


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(inner) for inner in value]
    if isinstance(value, dict):
        return {"$path": value["path"]} if set(value) == {"path"} else {k: "***" if "token" in k else _value(v) for k, v in value.items()}
    return value


def _inputs(e: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for position, given in enumerate(e["inputs"] or []):
        if given["kind"] == "FileInParam":
            for file in given["value"]:
                is_text = not isinstance(file["source"], dict)
                path = file["store"]["path"]
                yield {"param": given["name"], "position": position, "stageName": file["stage"], "source": None if is_text else file["source"]["path"], "path": path, "kind": "text" if is_text else "file"}


def _values(listed: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for position, given in enumerate(listed):
        if given["kind"] in {"ValueInParam", "ValueOutParam"}:
            yield {"param": given["name"], "position": position, "value": _value(given["value"])}


def _outputs(e: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for position, made in enumerate(e["outputs"] or []):
        if made["kind"] == "FileOutParam" and made["value"]:
            for file in made["value"] if isinstance(made["value"], list) else [made["value"]]:
                yield {"param": made["name"], "position": position, "path": file["path"], "kind": "file"}
