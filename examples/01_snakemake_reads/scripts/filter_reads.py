"""Keeps reads whose mean quality is good enough, cut to one length; says how many in a report."""

import gzip
import json
from itertools import islice
from pathlib import Path

wanted = snakemake.params
seen = kept = 0
# Without a time in the header, the same reads give the same bytes.
with (
    gzip.open(snakemake.input.reads, "rt") as source,
    Path(snakemake.output.reads).open("wb") as raw,
    gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as target,
):
    while record := [line.rstrip("\n") for line in islice(source, 4)]:
        name, sequence, _, quality = record
        seen += 1
        sequence, quality = sequence[: wanted.trim_length], quality[: wanted.trim_length]
        mean_quality = sum(quality.encode()) / max(len(quality), 1) - 33
        if len(sequence) == wanted.trim_length and "N" not in sequence and mean_quality >= wanted.min_mean_quality:
            kept += 1
            target.write(f"{name}\n{sequence}\n+\n{quality}\n".encode())

report = {"sample": snakemake.wildcards.sample, "reads": seen, "kept": kept}
Path(snakemake.output.report).write_text(json.dumps(report, indent=1) + "\n")
