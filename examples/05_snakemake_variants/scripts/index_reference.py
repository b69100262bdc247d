"""The places of every word of k bases in a reference with one sequence, as JSON on the standard output.

python index_reference.py REFERENCE.fa K
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

header, *lines = Path(sys.argv[1]).read_text().splitlines()
sequence, k = "".join(lines), int(sys.argv[2])
places = defaultdict(list)
for start in range(len(sequence) - k + 1):
    places[sequence[start : start + k]].append(start)
json.dump({"name": header[1:].split()[0], "sequence": sequence, "k": k, "places": places}, sys.stdout)
