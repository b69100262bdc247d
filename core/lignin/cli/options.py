"""Options that several commands share."""

import click

__all__ = ["REGISTRY_NAMES", "registry_option"]

# By hand, so that help loads no tables; a test compares them.
REGISTRY_NAMES = ("artifact", "run", "transform", "collection", "storage", "user", "ulabel", "project", "branch", "space", "feature", "schema", "record", "reference", "note")

registry_option = click.option(
    "--registry",
    metavar="NAME",
    type=click.Choice(REGISTRY_NAMES, case_sensitive=False),
    help="Look in this registry only. [default: artifact, then run]",
)
