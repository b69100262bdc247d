"""From VCF: a table of the sites in each sample, and a histogram of how much differs there as SVG."""

from pathlib import Path

TRANSITIONS = ({"A", "G"}, {"C", "T"})

lines = Path(snakemake.input.calls).read_text().splitlines()
names = next(line for line in lines if line.startswith("#CHROM")).split("\t")[9:]
sites = [line.split("\t") for line in lines if not line.startswith("#")]
single = [site for site in sites if len(site[3]) == 1 and all(len(other) == 1 for other in site[4].split(","))]
transitions = sum({site[3], site[4].split(",")[0]} in TRANSITIONS for site in single)

rows = ["sample\tsites\tsingle_base\ttransitions\tmean_depth\tmean_alternative"]
all_shares = []
for column, name in enumerate(names, start=9):
    depths, shares = [], []
    for site in sites:
        reference, *others = map(int, site[column].split(":")[site[8].split(":").index("AD")].split(","))
        depths.append(reference + sum(others))
        shares.append(sum(others) / max(depths[-1], 1))
    n = max(len(sites), 1)
    all_shares += shares
    sample = Path(name).stem
    rows.append(f"{sample}\t{len(sites)}\t{len(single)}\t{transitions}\t{sum(depths) / n:.1f}\t{sum(shares) / n:.3f}")
Path(snakemake.output.table).write_text("\n".join(rows) + "\n")

heights = [sum(at <= min(share, 0.999) * 10 < at + 1 for share in all_shares) for at in range(10)]
scale = 100 / max(*heights, 1)
bars = "".join(
    f'<rect x="{10 + 20 * at}" y="{110 - count * scale:.1f}" width="18" height="{count * scale:.1f}"><title>{at / 10} to {(at + 1) / 10}: {count}</title></rect>'
    for at, count in enumerate(heights)
)
Path(snakemake.output.plot).write_text(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 130">'
    f'<title>Share of alternative bases at {len(sites)} sites in {len(names)} samples ({snakemake.params.tools})</title>'
    f'<g fill="#467">{bars}</g><text x="10" y="124" font-size="9">0</text><text x="204" y="124" font-size="9">1</text></svg>\n'
)
