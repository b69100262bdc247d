"""`lignin doctor`."""

import json

import click

from lignin.cli.checks import Verdict, check_all

__all__ = ["command"]

_MARKS = {Verdict.GOOD: ("✓", "green"), Verdict.NOTE: ("•", "cyan"), Verdict.WARNING: ("!", "yellow"), Verdict.WRONG: ("✗", "red")}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each check.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Check that everything here works, and say what does not.

    Fails when something is wrong; warnings are no failure. Nothing is changed.
    """
    wrong = 0
    rows = []
    for check in check_all():
        wrong += check.verdict is Verdict.WRONG
        if as_json:
            rows.append({"check": check.name, "sentence": check.sentence, "verdict": check.verdict.value})
        else:
            mark, colour = _MARKS[check.verdict]
            click.echo(f"{click.style(mark, fg=colour)} {check.sentence}")
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    if wrong:
        ctx.exit(1)
