"""Sorts a SAM file of one reference by place, unmapped reads last; onto the standard output.

python sort_reads.py MAPPED.sam
"""

import sys
from pathlib import Path

lines = Path(sys.argv[1]).read_text().splitlines()
header = [line.replace("SO:unsorted", "SO:coordinate") for line in lines if line.startswith("@")]
reads = [line for line in lines if not line.startswith("@")]
# The sort is stable: reads at one place stay in the order of the machine.
reads.sort(key=lambda line: int(line.split("\t", 4)[3]) or sys.maxsize)
print("\n".join(header + reads))
