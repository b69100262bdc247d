"""A notebook with its outputs as one HTML page that needs nothing else: no program, no network."""

import base64
import html
import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lignin.base.redact import redact_text
from lignin.tracking.capture import without_escapes
from lignin.tracking.fragment import embedded
from lignin.tracking.outputs import Cell, Output

__all__ = ["page_of"]

_MOST_CODE = 200_000
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")

# The page loads nothing. Scripts run only in the frames, which inherit this.
_POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; font-src data:; script-src 'unsafe-inline' 'unsafe-eval'"
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
.code{background:#f6f6f4;border:1px solid #ddd;border-radius:4px;padding:.5rem .75rem;margin:.75rem 0 .25rem}
.number{color:#777;font:12px ui-monospace,monospace;float:right}
.out{padding:.15rem .75rem;overflow-x:auto}.stderr{background:#fff6e5}.error{background:#fdecea}
.note,footer{color:#777;font-size:13px}
table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #eee}
img{max-width:100%}iframe{width:100%;height:30rem;border:1px solid #eee;resize:vertical}
"""


def page_of(cells: Sequence[Cell], *, title: str, note: str = "") -> str:
    """The page of these cells, without secrets.

    Args:
        cells: in the order in which they stand in the notebook.
        title: the notebook's name.
        note: what a reader should know of it.
    """
    writers = _writers()
    parts = [_cell(cell, writers) for cell in cells]
    name = html.escape(redact_text(title))
    page = (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{name}</title><style>{_STYLE}{writers.style}</style></head>\n"
        f"<body>\n{''.join(parts)}<footer>{name}{' · ' if note else ''}{html.escape(note)}</footer>\n</body></html>\n"
    )
    return page.replace("\0", "\ufffd").encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writers:
    """From Markdown, and from Python code, to HTML; and the style that the latter needs."""

    markdown: Callable[[str], str]
    code: Callable[[str], str]
    style: str


def _writers() -> _Writers:
    # Scripts need none of these, and they take a while.
    pygments, lexers, formatters, markdown = map(
        importlib.import_module, ("pygments", "pygments.lexers.python", "pygments.formatters.html", "markdown_it")
    )
    lexer, formatter = lexers.PythonLexer(), formatters.HtmlFormatter(nowrap=True)
    return _Writers(
        # HTML in Markdown is shown as text.
        markdown=markdown.MarkdownIt("commonmark", {"html": False}).enable("table").render,
        # A lexer's time may grow faster than its text.
        code=lambda source: pygments.highlight(source, lexer, formatter) if len(source) < _MOST_CODE else html.escape(source),
        style=formatter.get_style_defs(".code"),
    )


def _cell(cell: Cell, writers: _Writers) -> str:
    source = redact_text(cell.source)
    if cell.kind == "markdown":
        return f"<div>{writers.markdown(source)}</div>\n"
    if cell.kind != "code":
        return f'<div class="out"><pre>{html.escape(source)}</pre></div>\n'
    number = "" if cell.number is None else f'<span class="number">[{cell.number}]</span>'
    extra = '<div class="note">executed, and not in the file as it was saved:</div>' if cell.is_extra else ""
    return f'{extra}<div class="code">{number}<pre>{writers.code(source)}</pre></div>\n' + "".join(_output(output, writers) for output in cell.outputs)


def _output(output: Output, writers: _Writers) -> str:
    name = html.escape(output.name)
    return f'<div class="out{" " if name else ""}{name}">{_shown(output, writers)}</div>\n'


def _shown(output: Output, writers: _Writers) -> str:
    text = output.shown
    if output.form == "image/svg+xml":
        return _picture(output.form, base64.b64encode(redact_text(text).encode(errors="replace")).decode())
    if output.form.startswith("image/"):
        return _picture(output.form, text) if _BASE64.fullmatch(text) else ""
    text = redact_text(without_escapes(text))
    if output.form == "text/html":
        return embedded(text)
    if output.form == "text/markdown":
        return writers.markdown(text)
    return f"<pre>{html.escape(text)}</pre>"


def _picture(form: str, encoded: str) -> str:
    return f'<img alt="" src="data:{form};base64,{"".join(encoded.split())}">'
