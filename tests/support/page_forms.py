"""The forms of a page, as a browser would send them."""

from __future__ import annotations

from html.parser import HTMLParser


class _Fields(HTMLParser):
    """The fields of the forms of a page that are sent with POST, with what they hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._posting = False
        self._area: str | None = None
        self._select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._posting = given.get("method") == "post" and "sign-out" not in (given.get("action") or "")
        elif not self._posting:
            return
        elif tag == "input" and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.values[name] = given.get("value") or ""
        elif tag == "textarea":
            self._area = name
            self.values[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.values[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # A browser leaves the first line break out.
            self.values[self._area] = self.values[self._area].removeprefix("\n")
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] += data


def fields_of(page: str) -> dict[str, str]:
    """Return what a browser would send for a page's form as it stands."""
    return _Fields(page).values
