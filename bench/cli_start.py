"""How long the command line takes to say what it can do."""

from measure import Time, Workspace, compare, options


def task(space: Workspace) -> dict[str, Time]:
    return {flag: space.call([space.side.program, flag]) for flag in ("--help", "--version")}


if __name__ == "__main__":
    compare(options(__doc__, runs=9).parse_args(), task, title="Command line", fresh=False)
