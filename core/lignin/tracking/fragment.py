"""HTML that a notebook's objects made of themselves, as it can stand inside another page.

Tables (of pandas and others), text and pictures inside the page stay, without what could run, load
or reach out. What needs more, such as an interactive plot, goes into a frame of its own, in which
scripts run, but reach neither the page around it nor anything else.
"""

import html
from collections.abc import Sequence
from html.parser import HTMLParser

__all__ = ["embedded"]

_VOID = {"br", "hr", "img", "col", "wbr"}
_TAGS = {
    *_VOID,
    *("a", "abbr", "b", "blockquote", "center", "cite", "code", "del", "details", "div", "em", "figcaption", "figure", "font", "i", "ins"),
    *("dd", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small"),
    *("caption", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    *("span", "strike", "strong", "sub", "summary", "sup", "tt", "u", "ul", "var"),
}
_ATTRIBUTES = {"align", "alt", "border", "class", "color", "colspan", "dir", "height", "open", "rowspan", "scope", "span", "title", "valign", "width"}
_PICTURES = ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/svg+xml", "data:image/webp")
# What stands between these is for the browser, and pages of plain results do without.
_DROPPED = {"style"}


def embedded(fragment: str) -> str:
    """A fragment of HTML as it can stand in a page: cleaned, or in a frame of its own.

    >>> embedded('<p onclick="x()">a &lt; b</p>')
    '<p>a &lt; b</p>'
    """
    cleaner = _Cleaner()
    cleaner.feed(fragment)
    cleaner.close()
    if cleaner.is_plain:
        return cleaner.text()
    return f'<iframe sandbox="allow-scripts" loading="lazy" srcdoc="{html.escape(fragment)}"></iframe>'


class _Cleaner(HTMLParser):
    """Writes down again what is harmless; `is_plain` says whether that is all there is to be seen."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.is_plain = True
        self._parts: list[str] = []
        self._opened: list[str] = []
        self._dropping = 0

    def text(self) -> str:
        """What was written down, with all that was opened closed."""
        return "".join(self._parts) + "".join(f"</{tag}>" for tag in reversed(self._opened))

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropping += 1
        elif tag not in _TAGS:
            self.is_plain = False
        else:
            kept = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attrs if _is_harmless(tag, name, value or ""))
            self._parts.append(f"<{tag}{kept}>")
            if tag not in _VOID:
                self._opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._dropping = max(0, self._dropping - 1)
        elif tag in self._opened:
            # One that was left open ends here too.
            while self._opened[-1] != tag:
                self._parts.append(f"</{self._opened.pop()}>")
            self._parts.append(f"</{self._opened.pop()}>")

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._parts.append(html.escape(data, quote=False))


def _is_harmless(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and value.lstrip().lower().startswith(_PICTURES)
    if name == "href":
        return tag == "a" and value.lstrip().lower().startswith(("https://", "http://", "#"))
    if name == "style":
        # Colours of cells and the like; not what loads or covers.
        lowered = value.lower()
        return not any(word in lowered for word in ("url", "expression", "position", "\\", "@", "/*"))
    return name in _ATTRIBUTES
