"""A notebook as a page: all that was put out, nothing that runs in the page itself, nothing that is secret."""

import re

import pytest

from lignin.tracking.fragment import embedded
from lignin.tracking.outputs import Cell, Output, best_of, output_of
from lignin.tracking.page import page_of


def test_tables_stay_without_what_could_run_or_load():
    table = '<style scoped>.x{color:red}</style><table onload="x()" border="1"><tr style="text-align: right;"><th scope="col">a &amp; b</th></tr></table>'
    assert embedded(table) == '<table border="1"><tr style="text-align: right;"><th scope="col">a &amp; b</th></tr></table>'


@pytest.mark.parametrize(
    ("fragment", "clean"),
    [
        ('<a href="javascript:x()">a</a>', "<a>a</a>"),
        ('<a href=" JaVaScRiPt:x()">a</a>', "<a>a</a>"),
        ('<a href="https://example.org">a</a>', '<a href="https://example.org">a</a>'),
        ('<img src="https://example.org/x.png" onerror="x()">', "<img>"),
        ('<img src="data:image/png;base64,AA==">', '<img src="data:image/png;base64,AA==">'),
        ('<p style="background:url(//x)">a</p>', "<p>a</p>"),
        ('<p style="position:fixed">a</p>', "<p>a</p>"),
        ("<div><b>a", "<div><b>a</b></div>"),
        ("</div></body>a", "a"),
        ('<p title="&quot;><b>">a</p>', '<p title="&quot;&gt;&lt;b&gt;">a</p>'),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<!-- x --><?php x ?>a", "a"),
    ],
)
def test_fragments_are_written_down_anew(fragment, clean):
    assert embedded(fragment) == clean


@pytest.mark.parametrize("fragment", ["<script>x()</script>", "<iframe src=x></iframe>", "<svg onload=x()></svg>", "<object data=x>", "<form><input></form>", "<meta http-equiv=refresh>"])
def test_what_needs_more_goes_into_a_frame_that_reaches_nothing(fragment):
    framed = embedded(f'<p>"a"</p>{fragment}')
    assert framed.startswith('<iframe sandbox="allow-scripts" loading="lazy" srcdoc="&lt;p&gt;&quot;a&quot;')
    assert framed.count("<") == 2


def test_the_best_form_of_an_output_is_kept():
    assert best_of({"text/plain": "Figure", "image/png": "AA=="}).form == "image/png"
    assert best_of({"text/html": ["<b>", "x</b>"], "text/plain": "x"}).text == "<b>x</b>"
    assert best_of({"application/x-unknown": "x"}) is None
    assert output_of({"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}).shown == "KeyError: 'a'"


def test_a_page_shows_its_cells_without_secrets_and_asks_nobody():
    cells = [
        Cell(kind="markdown", source="# Reads <script>x()</script>\n\n[a](javascript:x())"),
        Cell(source="password = 'hunter2'  # <b>", number=3, outputs=[Output(form="text/html", text="<p>api_key=hunter2</p>"), Output(text="a\0\udcff<b>")]),
        Cell(kind="raw", source="<raw>"),
        Cell(source="y", number=4, is_extra=True, outputs=[Output(form="image/png", text='AA=="><script>'), Output(form="image/svg+xml", text="<svg onload='x()'/>")]),
    ]
    page = page_of(cells, title="a & <b>.ipynb")
    assert "hunter2" not in page
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert "a\ufffd\\udcff&lt;b&gt;" in page
    assert "<title>a &amp; &lt;b&gt;.ipynb</title>" in page
    assert "&lt;raw&gt;" in page
    assert "executed, and not in the file" in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)=["']?(?!data:)\S*//""", page)
