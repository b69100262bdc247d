"""`docs/cli.md` shows the help of each command as it is printed."""

import re
from pathlib import Path

import pytest

from lignin.cli.program import SECTIONS

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
SHOWN = re.compile(r"^```bash\nlignin (?P<name>[a-z ]*?) ?--help\n```\n\n```text\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["", *(name for section in SECTIONS.values() for name in section)])
def test_the_page_shows_the_help_that_is_printed(lignin, name):
    shown = {match["name"]: match["text"] for match in SHOWN.finditer(PAGE.read_text(encoding="utf-8"))}
    assert shown[name].strip() == lignin(*name.split(), "--help").out.strip()
