"""Status page: which dialect a document is written in, told by the document itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from checks.status_page import (
    apple,
    aws,
    betterstack,
    cachet,
    google,
    heroku,
    incidentio,
    instatus,
    items,
    simple,
    slack,
    sorry,
    statusio,
    statuspage,
    uptimerobot,
)
from checks.status_page.page import Page
from checks.status_page.unreadable import Unreadable

Provider: TypeAlias = Literal[
    "auto", "statuspage", "google", "aws", "azure", "slack", "heroku", "salesforce", "statusio", "instatus",
    "incidentio", "cachet", "betterstack", "sorry", "uptimerobot", "apple", "fedora", "stripe", "gatus", "feed",
]  # fmt: skip
# (document, seconds since 1970) -> the page, or None where the document is in another dialect.
Read: TypeAlias = Callable[[object, float], Page | None]


def _timeless(read: Callable[[object], Page | None]) -> Read:
    return lambda document, _now: read(document)


# The first that knows a document reads it; an empty list stands for no incidents wherever it is served.
_READ: Mapping[str, Read] = {
    "betterstack": betterstack.read,
    "statusio": _timeless(statusio.read),
    "incidentio": _timeless(incidentio.read),
    "instatus": _timeless(instatus.read),
    "statuspage": _timeless(statuspage.read),
    "sorry": _timeless(sorry.read),
    "uptimerobot": _timeless(uptimerobot.read),
    "apple": _timeless(apple.read),
    "heroku": _timeless(heroku.read),
    "stripe": simple.read_stripe,
    "fedora": _timeless(simple.read_fedora),
    "slack": _timeless(slack.read),
    "cachet": _timeless(cachet.read),
    "google": _timeless(google.read),
    "aws": _timeless(aws.read),
    "gatus": _timeless(simple.read_gatus),
    "salesforce": _timeless(heroku.read_trust),
    "feed": items.read,
}
# What the named providers serve beside their own form, tried after it.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "azure": ("feed",),
    "aws": ("feed",),
    "google": ("feed",),
    "slack": ("feed",),
    "statuspage": ("feed",),
    "instatus": ("statuspage", "feed"),
    "incidentio": ("statuspage", "feed"),
    "betterstack": ("feed",),
    "statusio": ("feed",),
    "cachet": ("feed",),
    "heroku": ("salesforce", "feed"),
    "salesforce": ("heroku",),
}


def read(document: object, provider: Provider, now: float) -> tuple[str, Page]:
    """The name of the dialect and the page. `now` is seconds since 1970. Raises Unreadable with the remedy."""
    wanted = (
        _READ
        if provider == "auto"
        else [each for each in (provider, *_ALSO.get(provider, ())) if each in _READ]
    )
    for name in wanted:
        if page := _READ[name](document, now):
            return name, page
    if provider == "auto":
        raise Unreadable(
            "the document is in no form known here: give the address of the page's JSON or feed "
            "(summary.json, status.json, incidents.json, feed.rss; see docs/checks/status_page.md)"
        )
    other = next((name for name, each in _READ.items() if each(document, now)), None)
    remedy = (
        f"it looks like {other}: leave provider out, or write it so" if other else "look whether url is right"
    )
    raise Unreadable(f"the document is not what {provider} serves; {remedy}")
