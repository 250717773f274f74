"""Status page: RSS and Atom -> items. A document type, and with it every entity of its own, is refused."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from checks.status_page.moments import first_moment
from checks.status_page.unreadable import Unreadable

_MOST_ELEMENTS, _MOST_ITEMS, _MOST_MARKS = 100_000, 2_000, 200_000
_LONGEST_FIELD = 20_000
_ROOTS = frozenset({"rss", "feed", "rdf"})
_OF_FEED = frozenset({"title", "lastbuilddate", "updated", "pubdate"})
# XML knows five names; feeds use HTML's others as well, and ampersands that begin none.
_AMPERSAND = re.compile(r"&(?!#\d|#x|(?:amp|lt|gt|quot|apos);)(?:[A-Za-z][A-Za-z0-9]{1,31};)?")
_CONTROLS = dict.fromkeys(each for each in range(32) if each not in (9, 10, 13))


@dataclass(frozen=True, slots=True)
class Item:
    """One entry as written, HTML and all. Moments are seconds since 1970."""

    title: str
    text: str
    key: str
    categories: tuple[str, ...]
    begun: float | None
    updated: float | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed in its own order. `made` is when it says it was made, in seconds since 1970."""

    title: str
    made: float | None
    items: tuple[Item, ...]


@dataclass(slots=True)
class _Reader:
    """What expat has told so far. A field is a direct child of an item; markup inside it is kept as text."""

    root: str = ""
    depth: int = 0
    head: dict[str, str] = field(default_factory=dict)
    found: list[Item] = field(default_factory=list)
    item: dict[str, str] | None = None
    item_depth: int = 0
    categories: list[str] = field(default_factory=list)
    name: str = ""
    name_depth: int = 0
    pieces: list[str] = field(default_factory=list)
    length: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2].lower()
        self.depth += 1
        self.root = self.root or name
        if self.name:
            self.data(f"<{name}>")
        elif self.item is None and name in ("item", "entry"):
            if len(self.found) == _MOST_ITEMS:
                raise Unreadable(f"the feed holds more than {_MOST_ITEMS} items")
            self.item, self.item_depth, self.categories = {}, self.depth, []
        elif self.item is not None or name in _OF_FEED:
            self.name, self.name_depth, self.pieces, self.length = name, self.depth, [], 0
            if name == "category" and "term" in attributes:
                self.data(attributes["term"])

    def data(self, text: str) -> None:
        if self.name and self.length < _LONGEST_FIELD:
            self.pieces.append(text[: _LONGEST_FIELD - self.length])
            self.length += len(text)

    def end(self, name: str) -> None:
        if self.name and self.depth == self.name_depth:
            self._field("".join(self.pieces).strip())
        elif self.name:
            self.data(f"</{name}>")
        elif self.item is not None and self.depth == self.item_depth:
            self.found.append(_item(self.item, tuple(self.categories)))
            self.item = None
        self.depth -= 1

    def _field(self, text: str) -> None:
        if self.item is None:
            self.head.setdefault(self.name, text)
        elif self.name == "category":
            self.categories.append(text)
        else:
            self.item.setdefault(self.name, text)
        self.name = ""


def parse_feed(text: str) -> Feed:
    """The feed in this text. Raises Unreadable with the reason."""
    if text.count("<") > _MOST_ELEMENTS:
        raise Unreadable(f"the feed holds more than {_MOST_ELEMENTS} tags")
    if text.count("&") + text.count("=") > _MOST_MARKS:
        raise Unreadable(f"the feed holds more than {_MOST_MARKS} entities and attributes")
    reader = _Reader()
    try:
        _parser(reader).Parse(
            _AMPERSAND.sub(_spelt, text.translate(_CONTROLS)).encode("utf-8", "replace"), True
        )
    except expat.ExpatError as error:
        raise Unreadable(
            f"the feed is not well-formed XML: {expat.ErrorString(error.code)}, line {error.lineno}"
        ) from None
    if reader.root not in _ROOTS:
        raise Unreadable(
            "the answer is XML, but neither RSS nor Atom: give the address of the page's feed or JSON"
        )
    head = reader.head
    made = first_moment(head.get("lastbuilddate"), head.get("updated"), head.get("pubdate"))
    return Feed(head.get("title", ""), made, tuple(reader.found))


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")  # the text is decoded already, whatever its declaration says
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_told: object) -> None:
    raise Unreadable(
        "the feed brings a document type of its own, which is refused: entities could grow without end"
    )


def _spelt(found: re.Match[str]) -> str:
    written = found[0]
    meant = html.unescape(written)
    return html.escape(meant) if meant != written else f"&amp;{written[1:]}"


def _item(told: dict[str, str], categories: tuple[str, ...]) -> Item:
    text = next(
        (told[name] for name in ("description", "encoded", "content", "summary") if told.get(name)), ""
    )
    begun = first_moment(told.get("published"), told.get("pubdate"), told.get("date"), told.get("updated"))
    updated = first_moment(told.get("updated"), told.get("pubdate"), told.get("date"), told.get("published"))
    key = told.get("guid") or told.get("id") or ""
    return Item(told.get("title", ""), text, key, categories, begun, updated)
