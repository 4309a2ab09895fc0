"""An HTML page as a browser takes it apart."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """Its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    @property
    def names(self) -> set[str]:
        """The names of its tags."""
        return {name for name, _ in self.tags}

    def classes(self, tag: str) -> list[str]:
        """The classes of each tag of a name, in order."""
        return [attributes.get("class") or "" for name, attributes in self.tags if name == tag]
