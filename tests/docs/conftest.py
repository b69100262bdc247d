"""Reads pages written in Markdown, and runs their blocks as a reader would."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
COMMENT = re.compile(r"^ *<!-- *file: *(?P<name>.+?) *-->$")
RUNS = {"python", "bash"}
SHOWS = {"text", "output"}
ANY = "…"
WITHOUT_INSTANCE = "<!-- without an instance -->"
MOST_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block of a page.

    Attributes:
        line: where its fence stands, counted from 1.
        language: the first word of the fence's info string.
        tags: the further words, such as `no-run`.
        text: what stands between the fences.
        file: the name that a comment before it gives, to write it to.
    """

    line: int
    language: str
    tags: frozenset[str]
    text: str
    file: str | None


def read_blocks(page: str) -> Sequence[Block]:
    """All fenced blocks of a page, in order.

    Raises:
        ValueError: a fence is never closed, or a `file` comment stands before no block.
    """
    blocks, file, lines = [], None, page.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if comment := COMMENT.match(line):
            if file is not None:
                raise ValueError(f"line {number}: two file comments and no block between them")
            file = comment["name"]
        elif fence := FENCE.match(line):
            start, body = number, []
            while number < len(lines) and lines[number].strip() != fence["ticks"]:
                body.append(lines[number].removeprefix(fence["indent"]))
                number += 1
            if number == len(lines):
                raise ValueError(f"line {start}: the block is never closed")
            number += 1
            language, *tags = fence["info"].split() or [""]
            blocks.append(Block(line=start, language=language, tags=frozenset(tags), text="\n".join(body) + "\n", file=file))
            file = None
        elif line.strip() and file is not None:
            raise ValueError(f"line {number}: a file comment must stand right before its block")
    return blocks


def differs(shown: str, printed: str) -> bool:
    """Whether a page shows what was not printed.

    `…` stands for any text within a line; a line that is nothing else stands for any number of
    lines. Spaces at the ends of lines, and empty lines at both ends, do not count.
    """
    pattern = ""
    for line in _trimmed(shown):
        if line.strip() == ANY:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split(ANY)) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in _trimmed(printed))) is None


def run_block(block: Block, *, folder: Path, environment: dict[str, str]) -> str:
    """Run one block in `folder` and return what it printed, on both channels; fails as it fails."""
    if block.language == "python":
        script = folder / f"block_{block.line}.py"
        script.write_text(block.text, encoding="utf-8")
        command = [sys.executable, script.name]
    else:
        command = ["bash", "-e", "-o", "pipefail", "-c", block.text]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8", timeout=MOST_SECONDS, check=False,
    )
    assert done.returncode == 0, f"the {block.language} block at line {block.line} ended with {done.returncode}:\n{block.text}\n{done.stdout}"
    return done.stdout


def run_page(page: str, *, folder: Path, environment: dict[str, str]) -> int:
    """Run the blocks of a page in order, in one folder; returns how many are marked `no-run`."""
    blocks = read_blocks(page)
    runs = [b for b in blocks if b.language in RUNS and "no-run" not in b.tags and b.file is None]
    if runs and WITHOUT_INSTANCE not in page and not any("lignin init" in b.text for b in runs):
        subprocess.run([sys.executable, "-m", "lignin", "init"], cwd=folder, env=environment, check=True, capture_output=True)
    left_out, printed = 0, None
    for block in blocks:
        if "no-run" in block.tags:
            left_out, printed = left_out + 1, None
        elif block.file is not None:
            target = folder / block.file
            assert target.resolve().is_relative_to(folder.resolve()), f"line {block.line}: {block.file} leads out of the folder"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language in RUNS:
            printed = run_block(block, folder=folder, environment=environment)
        elif block.language in SHOWS:
            assert printed is not None, f"line {block.line}: this output follows no block that ran; mark it `no-run` if it shows something else"
            assert not differs(block.text, printed), f"line {block.line} shows\n{block.text}\nbut printed was\n{printed}"
            printed = None
        else:
            raise AssertionError(f"line {block.line}: a block in {block.language or 'no language'!r} is neither run, written nor compared; mark it `no-run`")
    return left_out


def _trimmed(text: str) -> Sequence[str]:
    return [line.rstrip() for line in text.strip("\n").split("\n")]


@pytest.fixture
def reader(tmp_path: Path) -> Callable[[str], int]:
    """Runs the text of a page in a fresh folder, as a reader at a terminal of 80 columns would."""
    folder = tmp_path / "reader"
    folder.mkdir()
    own = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))},
        "PATH": f"{own}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
        # As at a terminal, where lines appear when they are written, on both channels.
        "PYTHONUNBUFFERED": "1",
        # Prefect gives its temporary server 20 s, which a busy machine exceeds.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        # Where there is no network, it logs that it could not phone home.
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    assert shutil.which("python", path=environment["PATH"]) == str(own / "python")

    def run(page: str) -> int:
        return run_page(page, folder=folder, environment=environment)

    return run


@pytest.fixture
def shows() -> Callable[[str, str], bool]:
    """Whether a page that shows one text tells the truth about another that was printed."""
    return lambda shown, printed: not differs(shown, printed)
