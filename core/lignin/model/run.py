"""Runs: executions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from lignin.base.ports import graph
from lignin.model.annotated import Annotated
from lignin.model.registry import Owned, Registry, ToMany, ToOne, Trashable
from lignin.model.types import exact, optional_link

__all__ = ["Run"]


class Run(Registry, Annotated, Owned, Trashable):
    """One execution: of a script, a notebook, a function, a workflow, a task; each attempt its own.

    Attributes:
        name: what people call it; a task's rule or function.
        engine: `snakemake`, `prefect`, `redun`, `nextflow`; `None` for scripts, notebooks, functions.
        scope, external_id: with `engine` and `attempt`, the engine's own name of this execution.
        attempt: counted from 1.
        status: a `lignin.recording.RunStatus`.
        params: its own named parameters.
        info: the engine's extras: wildcards, threads, resources, container, ids and links.
        error: what went wrong.
        entrypoint: the function that was called.
        cli_args: the command line, without secrets.
        told, told_end: the place of the event that the row holds in the order of tellings, so that
            an older one that arrives later changes nothing.
        parent: the run that started this one.
        origin: for a cached run, the run that computed the result.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("uq_run_engine_scope_external_id_attempt", "engine", "scope", "external_id", "attempt", unique=True),
        Index("ix_run_transform_id_started_at", "transform_id", "started_at"),
    )
    uid_length, label = 16, "name"
    searched = ("name", "external_id", "description")

    uid: Mapped[str] = exact(unique=True)
    name: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    transform_id: Mapped[int | None] = optional_link("transform", index=False)
    parent_id: Mapped[int | None] = optional_link("run")
    origin_id: Mapped[int | None] = optional_link("run")
    engine: Mapped[str | None] = mapped_column(default=None)
    scope: Mapped[str | None] = mapped_column(default=None)
    external_id: Mapped[str | None] = mapped_column(default=None)
    attempt: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(default="running", index=True)
    started_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    params: Mapped[Mapping[str, Any]] = mapped_column(default=dict)
    info: Mapped[Mapping[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None] = mapped_column(default=None)
    entrypoint: Mapped[str | None] = mapped_column(default=None)
    cli_args: Mapped[str | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)
    reference_type: Mapped[str | None] = mapped_column(default=None)
    told: Mapped[str | None] = mapped_column(default=None)
    told_end: Mapped[str | None] = mapped_column(default=None)
    report_id: Mapped[int | None] = optional_link("artifact", index=False)
    environment_id: Mapped[int | None] = optional_link("artifact", index=False)

    transform = ToOne("Transform")
    parent = ToOne("Run")
    initiated_by_run = ToOne("Run", key="parent_id")
    origin = ToOne("Run")
    report = ToOne("Artifact")
    environment = ToOne("Artifact")
    children = ToMany("Run", other="parent_id")
    input_artifacts = ToMany("Artifact", through="run_input", own="run_id", other="artifact_id", editable=False)
    output_artifacts = ToMany("Artifact", other="run_id")
    claimed_artifacts = ToMany("Artifact", through="run_output", own="run_id", other="artifact_id", editable=False)
    ulabels = ToMany("ULabel", through="run_ulabel", own="run_id", other="ulabel_id")
    projects = ToMany("Project", through="run_project", own="run_id", other="project_id")
    records = ToMany("Record", through="run_record", own="run_id", other="record_id")
    references = ToMany("Reference", through="run_reference", own="run_id", other="reference_id")

    def query_output_artifacts(self, *, include_recreated: bool = True) -> Any:
        """What this run made, and unless told otherwise what it made again, as a query set."""
        return self.claimed_artifacts.all() if include_recreated else self.output_artifacts.all()

    def view_lineage(self, **options: Any) -> Any:
        """Draw what led to this run; options as for `Artifact.view_lineage`."""
        return graph().view(self, **options)
