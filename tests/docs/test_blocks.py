"""Every block of the README and of each page in docs runs, and prints what the page shows.

The blocks of a page run in order, in one fresh folder that is an instance already, unless one of
them says `lignin init` itself or the page has the comment `<!-- without an instance -->`. `python` blocks run as scripts, `bash` blocks with `bash -e`; a comment
`<!-- file: NAME -->` right before a block writes it to that file instead; a `text` or `output`
block after one that ran is compared with what that one printed. `no-run` in the fence's first line
leaves a block out, and is counted below: what isn't run is known by number.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# By page: how many blocks are shown only (an installation, a clone of the repository, `make`).
NOT_RUN: dict[str, int] = {"README.md": 1, "docs/snakemake.md": 3, "docs/prefect.md": 2, "docs/nextflow.md": 4, "docs/redun.md": 1, "docs/storage.md": 5}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_does_what_it_shows(page, reader):
    left_out = reader(page.read_text(encoding="utf-8"))
    assert left_out == NOT_RUN.get(page.relative_to(ROOT).as_posix(), 0)


def test_no_count_is_kept_for_a_page_that_is_gone():
    assert NOT_RUN.keys() <= {page.relative_to(ROOT).as_posix() for page in PAGES}
