"""Counts identical sequences in a FASTQ file."""

import gzip
from collections import Counter
from itertools import islice
from pathlib import Path

with gzip.open(snakemake.input.reads, "rt") as source:
    counts = Counter(line.rstrip("\n") for line in islice(source, 1, None, 4))

lines = ["sequence\tcount", *(f"{sequence}\t{count}" for sequence, count in sorted(counts.items()))]
Path(snakemake.output.counts).write_text("\n".join(lines) + "\n")
