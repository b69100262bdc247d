"""What a call of a tracked function costs beyond the function itself, which does nothing."""

from measure import Time, Workspace, compare, options

CALLS = """
@ln.step()
def double(x: int) -> int:
    return 2 * x

ln.track()
double(0)
with timed("step", per={count}):
    for i in range({count}):
        double(i)
ln.finish()
"""


def task(space: Workspace, *, counts: dict[str, int]) -> dict[str, Time]:
    return {"per call": space.script(CALLS.format(count=counts[space.side.name]))["step"]}


if __name__ == "__main__":
    parser = options(__doc__, runs=3)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--lamindb-calls", type=int, default=20, help="fewer, since each takes so long; the cost of one stays the same")
    arguments = parser.parse_args()
    counts = {"lignin": arguments.calls, "lamindb": arguments.lamindb_calls}
    compare(arguments, lambda space: task(space, counts=counts), title="Step calls", warm=False)
