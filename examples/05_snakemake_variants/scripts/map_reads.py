"""Maps reads to the forward strand without gaps, as SAM on the standard output.

Reads of an amplicon start at its primer and run in one direction, so one offset per read does: the one that most of
its words of k bases vote for. What hangs over the reference is clipped; too many mismatches leave a read unmapped.

    python map_reads.py INDEX.json READS.fastq.gz SAMPLE MAX_MISMATCHES
"""

import gzip
import json
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

index = json.loads(Path(sys.argv[1]).read_text())
reference, k, places = index["sequence"], index["k"], index["places"]
sample, max_mismatches = sys.argv[3], int(sys.argv[4])


def best_offset(read: str) -> int | None:
    """Where the read begins in the reference, by the votes of its words; the smallest of equal ones."""
    votes = Counter(place - at for at in range(len(read) - k + 1) for place in places.get(read[at : at + k], ()))
    return min(votes, key=lambda offset: (-votes[offset], offset)) if votes else None


def sam_line(name: str, read: str, quality: str) -> str:
    """One line of SAM: mapped, or unmapped with flag 4."""
    offset = best_offset(read)
    if offset is not None:
        left, right = max(0, -offset), max(0, offset + len(read) - len(reference))
        core = read[left : len(read) - right]
        start = offset + left
        mismatches = sum(a != b for a, b in zip(core, reference[start : start + len(core)], strict=True))
        if mismatches <= max_mismatches:
            cigar = "".join(f"{n}{kind}" for n, kind in ((left, "S"), (len(core), "M"), (right, "S")) if n)
            return f"{name}\t0\t{index['name']}\t{start + 1}\t60\t{cigar}\t*\t0\t0\t{read}\t{quality}\tNM:i:{mismatches}\tRG:Z:{sample}"
    return f"{name}\t4\t*\t0\t0\t*\t*\t0\t0\t{read}\t{quality}\tRG:Z:{sample}"


print("@HD\tVN:1.6\tSO:unsorted")
print(f"@SQ\tSN:{index['name']}\tLN:{len(reference)}")
print(f"@RG\tID:{sample}\tSM:{sample}")
with gzip.open(sys.argv[2], "rt") as source:
    while record := [line.rstrip("\n") for line in islice(source, 4)]:
        print(sam_line(record[0][1:].split()[0], record[1], record[3]))
