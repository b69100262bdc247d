"""The most frequent sequence of all samples, as FASTA; of equally frequent ones the first in the alphabet."""

import gzip
from collections import Counter
from itertools import islice
from pathlib import Path

counts = Counter()
for path in snakemake.input.reads:
    with gzip.open(path, "rt") as source:
        counts.update(line.rstrip("\n") for line in islice(source, 1, None, 4))
sequence, seen = min(counts.items(), key=lambda item: (-item[1], item[0]))
Path(snakemake.output.fasta).write_text(f">most_frequent seen {seen} times in {counts.total()} reads\n{sequence}\n")
