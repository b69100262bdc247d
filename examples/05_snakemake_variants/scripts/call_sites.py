"""Sites at which bases other than the reference's are frequent, as VCF on the standard output.

A pileup of bases with a quality of at least 20. A base is reported where its share of all samples' reads is at least
MIN_FRACTION. QUAL is -10 log10 of the probability that as many of the reads, or more, differ by errors of one in a
hundred alone (a binomial tail), at most 999.

    python call_sites.py MIN_FRACTION REFERENCE.fa SORTED.sam …
"""

import math
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

ERROR = 0.01
min_fraction, paths = float(sys.argv[1]), [Path(name) for name in sys.argv[3:]]
header, *parts = Path(sys.argv[2]).read_text().splitlines()
reference, name = "".join(parts), header[1:].split()[0]


def pileup(path: Path) -> dict[int, Counter[str]]:
    """How often each base is seen at each place of the reference, counted from 0."""
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for line in path.read_text().splitlines():
        if line.startswith("@") or (fields := line.split("\t"))[1] == "4":
            continue
        at, place = 0, int(fields[3]) - 1
        for length, kind in re.findall(r"(\d+)([MS])", fields[5]):
            for step in range(int(length) if kind == "M" else 0):
                if ord(fields[10][at + step]) - 33 >= 20 and fields[9][at + step] != "N":
                    seen[place + step][fields[9][at + step]] += 1
            at, place = at + int(length), place + (int(length) if kind == "M" else 0)
    return seen


def quality(depth: int, others: int) -> float:
    """The binomial tail in Phred's scale."""
    def log_term(k: int) -> float:
        choose = math.lgamma(depth + 1) - math.lgamma(k + 1) - math.lgamma(depth - k + 1)
        return choose + k * math.log(ERROR) + (depth - k) * math.log1p(-ERROR)

    terms = [log_term(k) for k in range(others, depth + 1)]
    largest = max(terms)
    tail = largest + math.log(sum(math.exp(term - largest) for term in terms))
    return min(999.0, max(0.0, -10 * tail / math.log(10)))


samples = [pileup(path) for path in paths]
print("##fileformat=VCFv4.2")
print(f"##contig=<ID={name},length={len(reference)}>")
print('##INFO=<ID=DP,Number=1,Type=Integer,Description="Bases of good quality at the site">')
print('##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Bases of each allele">')
print("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT", *(path.stem for path in paths), sep="\t")
for place, base in enumerate(reference):
    total = sum((sample[place] for sample in samples if place in sample), Counter())
    depth = total.total()
    others = sorted((other for other in total if other != base and total[other] >= min_fraction * depth), key=lambda other: (-total[other], other))
    if others:
        alleles = [",".join(str(sample.get(place, Counter())[allele]) for allele in (base, *others)) for sample in samples]
        score = quality(depth, depth - total[base])
        print(name, place + 1, ".", base, ",".join(others), f"{score:.1f}", ".", f"DP={depth}", "AD", *alleles, sep="\t")
