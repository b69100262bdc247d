"""A record with its context, as a tree for people."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree
from sqlalchemy import String, cast, func, literal, select, union_all

from lignin.base.errors import LigninError
from lignin.instance.describe_dataset import add_dataset
from lignin.instance.notes import note_columns
from lignin.instance.read_values import names_of, told, values_of
from lignin.instance.told_dtypes import told_dtypes
from lignin.model import (
    MAIN,
    Artifact,
    Branch,
    Collection,
    Feature,
    Project,
    Record,
    Reference,
    Registry,
    Run,
    Schema,
    Space,
    Transform,
    Trashable,
    ULabel,
    User,
    Versioned,
)

if TYPE_CHECKING:
    from lignin.instance.instance import Instance

__all__ = ["describe", "human_size"]


def describe(instance: Instance, record: Registry) -> str:
    """Print a record as a tree, and return the text without colour."""
    tree = _tree(instance, record)
    Console(highlight=False).print(tree)
    plain = Console(file=io.StringIO(), width=100, highlight=False, color_system=None)
    plain.print(tree)
    assert isinstance(plain.file, io.StringIO)
    return plain.file.getvalue()


def human_size(size: int | None) -> str:
    """A size for people: `11 B`, `3.3 KB`, `64.5 MB`."""
    if size is None:
        return "unknown"
    value, unit = float(size), "B"
    for larger in ("KB", "MB", "GB", "TB", "PB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _tree(instance: Instance, record: Registry) -> Tree:
    name = getattr(record, type(record).label, None) or record.uid
    head = Text(f"{type(record).__name__}: {name}", style="bold")
    if isinstance(record, Versioned):
        head.append(f" ({record.version})" if record.uid else " (not saved yet)", style="not bold dim")
    description = getattr(record, "description", None)
    if description and name != description:
        head.append(f" | {_short(description)}", style="not bold")
    tree = Tree(head)
    around = _around(instance, record)
    for line in (*_common(record, around), *_owner(record, around)):
        tree.add(Text(line))
    match record:
        case Artifact():
            _add_artifact(instance, tree, record, around)
        case Run():
            _add_run(tree, record)
            _add_features(instance, tree, record)
        case Record():
            _add_features(instance, tree, record)
        case Feature() if record.dtype is not None:
            dtype = record.dtype
            tree.add(Text(f"dtype: {instance.database.read(lambda session: told_dtypes(session, [dtype]))[dtype]}"))
        case Transform() if record.source_code:
            branch = tree.add(Text("source_code:", style="dim"))
            for line in _first_lines(record.source_code, 12):
                branch.add(Text(line))
        case Collection() if record.id is not None:
            branch = tree.add(Text(f"artifacts ({record.artifacts.count()}):", style="dim"))
            for artifact in record.artifacts.all()[:10]:
                branch.add(Text(f"{artifact.key or artifact.uid} ({artifact.uid})"))
        case _:
            pass
    return tree


def _common(record: Any, around: Mapping[str, Any]) -> Sequence[str]:
    lines = [f"uid: {record.uid or 'none'}"]
    if isinstance(record, Artifact):
        made = f"{around['run_uid'][:7]} ({around['run_name']})" if around.get("run_uid") else "none"
        lines += [f"run: {made}", f"kind: {record.kind or 'none'}   otype: {record.otype or 'none'}"]
        lines += [f"hash: {record.hash or 'unhashed'}", f"size: {human_size(record.size)}"]
        lines += [f"n_files: {record.n_files}"] if record.n_files is not None else []
        lines += [f"n_observations: {record.n_observations}"] if record.n_observations is not None else []
        lines += [f"state: {record.state}"] if record.state not in {None, "stored"} else []
    elif isinstance(record, Transform):
        lines += [f"hash: {record.hash}   kind: {record.kind}"]
        lines += [f"reference: {record.reference}"] if record.reference else []
    elif isinstance(record, Run):
        transform = record.transform
        lines += [f"transform: {'none' if transform is None else f'{transform.key} ({transform.version[:8]})'}"]
        lines += [f"engine: {record.engine}   attempt: {record.attempt}"] if record.engine else []
        lines += [f"status: {record.status}"]
        lines += [f"started_at: {_moment(record.started_at)}   finished_at: {_moment(record.finished_at)}"]
    return lines


def _around(instance: Instance, record: Any) -> Mapping[str, Any]:
    """The names of where a record lives, who made it and what it came from, by one question."""
    if record.id is None:
        return {}
    run, origin = getattr(record, "run_id", None), getattr(record, "origin_id", None)
    asked: dict[str, Any] = {
        "branch": select(Branch.name).where(Branch.id == getattr(record, "branch_id", None)),
        "space": select(Space.name).where(Space.id == getattr(record, "space_id", None)),
        "by": select(User.handle).where(User.id == getattr(record, "created_by_id", None)),
        **note_columns(record),
    }
    if isinstance(record, Artifact):
        asked |= {
            "run_uid": select(Run.uid).where(Run.id == run),
            "run_name": select(func.coalesce(Run.name, cast(Run.transform_id, String))).where(Run.id == run),
            "origin_uid": select(Artifact.uid).where(Artifact.id == origin),
            "origin_key": select(Artifact.key).where(Artifact.id == origin),
            "schema": select(func.coalesce(Schema.name, Schema.uid)).where(Schema.id == record.schema_id),
        }
    question = select(*(part.scalar_subquery().label(name) for name, part in asked.items()))
    return dict(instance.database.read(lambda session: session.execute(question).mappings().one()))


def _owner(record: Any, around: Mapping[str, Any]) -> Sequence[str]:
    if record.id is None:
        return ()
    lines = [f"branch: {around['branch']}   space: {around['space']}"] if isinstance(record, Trashable) else []
    lines += [f"created_at: {_moment(record.created_at)}   created_by: {around['by'] or 'nobody'}"] if hasattr(record, "created_by_id") else []
    if around["readme"] or around["comments"]:
        first = next(iter(_first_lines((around["readme"] or "").strip(), 1)), "")
        count = f"{around['comments']} comment{'' if around['comments'] == 1 else 's'}"
        lines.append(f"notes: {first}{f' ({count})' if first and around['comments'] else '' if first else count}")
    return lines


def _labels(instance: Instance, artifact: Artifact) -> Mapping[str, list[str]]:
    """The names of an artifact's labels, by relation, by one question."""
    found: dict[str, list[str]] = {}
    parts = []
    for place, (name, registry) in enumerate((("ulabels", ULabel), ("projects", Project), ("records", Record), ("references", Reference))):
        link = Registry.metadata.tables[f"artifact_{registry.__tablename__}"]
        mine = select(link.c[f"{registry.__tablename__}_id"]).where(link.c.artifact_id == artifact.id)
        table: Any = registry
        text = func.coalesce(table.name, table.uid).label("label")
        parts.append(select(literal(place).label("place"), literal(name).label("name"), text, table.id.label("id")).where(table.id.in_(mine), table.branch_id.in_([MAIN, instance.branch_id])))
    for row in instance.database.read(lambda session: session.execute(union_all(*parts).order_by("place", "id")).all()):
        found.setdefault(row.name, []).append(row.label)
    return found


def _add_artifact(instance: Instance, tree: Tree, artifact: Artifact, around: Mapping[str, Any]) -> None:
    tree.add(Text(f"storage/path: {artifact.path}", overflow="fold"))
    if artifact.id is None:
        return
    if around["origin_uid"]:
        tree.add(Text(f"inferred origin: {around['origin_key'] or around['origin_uid']} ({around['origin_uid']}), of the same content"))
    add_dataset(instance, tree, artifact, schema=around["schema"])
    _add_features(instance, tree, artifact)
    labels = _labels(instance, artifact)
    if labels:
        branch = tree.add(Text("Labels", style="bold"))
        for name, values in labels.items():
            branch.add(Text(f".{name}: {', '.join(values)}"))


def _add_features(instance: Instance, tree: Tree, record: Registry) -> None:
    """What people said of a record."""
    columns = values_of(instance, record, external_only=True)
    if not columns:
        return
    names = names_of([column.feature for column in columns])
    dtypes = instance.database.read(lambda session: told_dtypes(session, (column.dtype for column in columns)))
    width, kinds = max(map(len, names)), max(map(len, dtypes.values()))
    branch = tree.add(Text("External features" if isinstance(record, Artifact) else "Features", style="bold"))
    for name, column in zip(names, columns, strict=True):
        branch.add(Text(f"{name:<{width}}  {dtypes[str(column.dtype)]:<{kinds}}  {_short(told(column.values[record.id]))}", overflow="ellipsis", no_wrap=True))


def _add_run(tree: Tree, run: Run) -> None:
    parent, origin = run.parent, run.origin
    if parent is not None:
        tree.add(Text(f"parent: {parent.uid[:7]} ({parent.name})"))
    if origin is not None:
        tree.add(Text(f"origin: {origin.uid[:7]} ({origin.name}), whose result was reused"))
    for title, values in (("params", run.params), ("info", run.info)):
        if values:
            branch = tree.add(Text(f"{title}:", style="dim"))
            for name, value in values.items():
                branch.add(Text(f"{name}: {_short(str(value))}"))
    if run.error:
        branch = tree.add(Text("error:", style="red"))
        for line in _first_lines(run.error, 6):
            branch.add(Text(line))
    if run.cli_args:
        tree.add(Text(f"cli_args: {_short(run.cli_args)}"))
    for title, artifact in (("report", run.report), ("environment", run.environment)):
        if artifact is not None:
            branch = tree.add(Text(f"{title}: {artifact.uid[:7]}", style="dim"))
            for line in _first_lines(_text_of(artifact), 5):
                branch.add(Text(line))


def _text_of(artifact: Artifact) -> str:
    try:
        return str(artifact.load(is_run_input=False))
    except LigninError as e:
        # On another machine, or deleted: what else is known of the run is told all the same.
        return str(e)


def _first_lines(text: str, count: int) -> Sequence[str]:
    lines = text.splitlines()
    shown = [_short(line) for line in lines[:count]]
    return shown if len(lines) <= count else [*shown, "…"]


def _short(text: str) -> str:
    line = " ".join(text.split()) if "\n" in text else text
    return line if len(line) <= 88 else line[:87] + "…"


def _moment(moment: datetime | None) -> str:
    return "none" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
