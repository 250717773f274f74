"""Status page: what a feed's items mean: open or over, planned or not, how bad.

A feed is a history without states. An item is over when its title, or the newest update in it, says so; when it is a
week older than the feed itself; and when a newer item tells of the same. Its words alone say how bad it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from checks.status_page.feed import Feed, Item
from checks.status_page.fields import line, names, without_markup
from checks.status_page.page import Event, Indicator, Page
from checks.status_page.words import is_over, plain

_STALE_AFTER = 7 * 86400.0
_NEAR = 400  # characters: where the newest update of a text stands
_OVER = re.compile(
    r"(?<!partially )(?<!not )(?<!not yet )\b(?:resolved|completed|closed|restored|recovered|mitigated|cancell?ed"
    r"|post[- ]?mortem|post[- ]incident|root cause|operating normally|pir|rca)\b",
    re.IGNORECASE,
)
_SAID_OVER = re.compile(
    r"\b(?:(?:has|have) been (?:fully )?(?:resolved|mitigated|completed)|is (?:now )?(?:fully )?resolved)\b",
    re.IGNORECASE,
)
_STATE = (
    r"investigating|identified|monitoring|update|resolved|completed|scheduled|in progress|verifying|post-?mortem"
    r"|mitigated|mitigating|cancell?ed"
)
# `Resolved - …` and `Status: Resolved`: the first in a text is the newest update's.
_LABEL = re.compile(rf"\bstatus:\s*({_STATE})\b|\b({_STATE})\s*(?:[-–—:]|$)", re.IGNORECASE)
_MAINTENANCE = re.compile(r"\bmaintenance\b", re.IGNORECASE)
_AWS_KEY = re.compile(r"_\d+$")
# The first that fits: AWS' own beginnings, then the words of all.
_BADNESS: Mapping[str, Indicator] = {
    r"^informational message\b": Indicator.OPERATIONAL,
    r"^performance issues\b": Indicator.DEGRADED,
    r"\bpartial": Indicator.PARTIAL,
    r"\b(?:service disruption|major|outage|unavailable|down|downtime|unreachable)\b": Indicator.MAJOR,
}
_LEVELS = tuple((re.compile(words, re.IGNORECASE), indicator) for words, indicator in _BADNESS.items())


def read(document: object, now: float) -> Page | None:
    """The page, or None if this is no feed. `now` (seconds since 1970) counts where the feed does not tell its age."""
    if not isinstance(document, Feed):
        return None
    made = document.made or now
    events = [event for item, begun in _newest(document) if (event := _event(item, begun, made))]
    return Page(Indicator.OPERATIONAL, events=tuple(events), lists_all=False)


def _newest(feed: Feed) -> list[tuple[Item, float | None]]:
    """The newest item of each event in the feed's order, with the moment that the event began."""
    found: dict[str, tuple[Item, float | None]] = {}
    for place, item in enumerate(feed.items):
        key = _AWS_KEY.sub("", item.key) or str(place)
        before, begun = found.get(key, (item, item.begun))
        newer = item if (item.updated or 0.0) > (before.updated or 0.0) else before
        found[key] = newer, min(filter(None, (begun, item.begun)), default=None)
    return list(found.values())


def _event(item: Item, begun: float | None, made: float) -> Event | None:
    """What is open, or None."""
    title, label = line(item.title), _label(item)
    if _is_over(title, label, item) or (item.updated is not None and made - item.updated > _STALE_AFTER):
        return None
    planned = bool(_MAINTENANCE.search(title)) or label in ("scheduled", "inprogress", "verifying")
    if planned and label not in ("inprogress", "verifying") and "in progress" not in title.lower():
        return None
    return Event(
        title=title or "an item without a title",
        impact=Indicator.MAINTENANCE if planned else _impact(title),
        since=begun,
        components=names([*item.categories, *title.split(" - ")], title),
    )


def _is_over(title: str, label: str, item: Item) -> bool:
    if is_over(label) or label in ("mitigated", "postmortem") or _OVER.search(title):
        return True
    return not label and bool(_SAID_OVER.search(without_markup(item.text)[:_NEAR]))


def _label(item: Item) -> str:
    """The state that the newest update names; empty where it names none."""
    found = _LABEL.search(without_markup(item.text)[:_NEAR])
    return plain(found[1] or found[2]) if found else ""


def _impact(title: str) -> Indicator:
    return next((indicator for words, indicator in _LEVELS if words.search(title)), Indicator.DEGRADED)
