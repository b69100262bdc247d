"""`lignin fsck`."""

import json

import click

from lignin.base.errors import LigninError, UsageError
from lignin.base.messages import say
from lignin.base.settings import find_instance
from lignin.cli.place import here
from lignin.instance.fsck import Report, examine, examine_file, repair

__all__ = ["command"]


@click.command("fsck")
@click.option("--repair", "mend", is_flag=True, help="Mend what can be mended.")
@click.option("--rehash", metavar="N%", default="0%", help="Read all bytes of that many artifacts, chosen at random. [default: 0%]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object of findings and counts.")
@click.pass_context
def command(ctx: click.Context, *, mend: bool, rehash: str, as_json: bool) -> None:
    """Check the catalogue against storage, and mend it.

    Fails when something is wrong and was not repaired. No content is deleted: stored bytes that no
    record names, untouched for an hour, move to lost+found in the storage's .lignin; of bytes that
    a killed move left in two places, one copy goes, and so do parts of uploads to S3 that never
    ended. Others may work meanwhile.
    """
    share = _percentage(rehash)
    report = _report(share, mend=mend)
    if as_json:
        click.echo(json.dumps(_fields(report), indent=1))
    else:
        for finding in report.findings:
            mark = click.style("✓", fg="green") if finding.repaired else click.style("✗", fg="red")
            click.echo(f"{mark} {finding.kind.value} {finding.subject}: {finding.problem}")
        _summarise(report, mended=mend)
    if report.left:
        ctx.exit(1)


def _report(share: float, *, mend: bool) -> Report:
    try:
        instance = here()
    except LigninError:
        # A file that can't even be opened is what this command is for.
        damaged = examine_file(find_instance())
        if damaged is None:
            raise
        return damaged
    report = examine(instance, rehash=share)
    return repair(instance, report) if mend else report


def _percentage(text: str) -> float:
    try:
        share = float(text.removesuffix("%"))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise UsageError(f"--rehash takes a percentage between 0% and 100%, not {text!r}")
    return share


def _summarise(report: Report, *, mended: bool) -> None:
    counts = report.counts
    read = f", read {counts['read']} of them" if counts["read"] else ""
    unseen = f"; {counts['unseen']} lie where this machine can't look" if counts["unseen"] else ""
    looked = f"looked at {counts['artifacts']} artifacts{read}, {counts['objects']} stored objects, {counts['runs']} running runs{unseen}"
    say("→", looked)
    if not report.findings:
        say("✓", "nothing is wrong")
    elif report.left:
        can = sum(finding.repairable for finding in report.left)
        hint = f", of which {can} can be repaired with: lignin fsck --repair" if can and not mended else ""
        say("✗", f"{len(report.left)} of {len(report.findings)} findings are not repaired{hint}")
    else:
        say("✓", f"all findings are repaired: {len(report.findings)}")


def _fields(report: Report) -> dict[str, object]:
    findings = [
        {"kind": f.kind.value, "subject": f.subject, "problem": f.problem, "repairable": f.repairable, "repaired": f.repaired}
        for f in report.findings
    ]
    return {"findings": findings, "counts": {**report.counts, "findings": len(findings), "repaired": len(findings) - len(report.left)}}
