"""Every page that there is on the stage, in the ways that it can look; and how it looks when something is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from agent.web.pages import ADDRESSES
from tests.agent.web.mailed import ONE, URL
from tests.browser.hostile import said
from tests.browser.stage import BUYER, Stage

# What is streamed, or saved to a file.
_NO_PAGES = frozenset({"/live", "/reports.csv"})
# The ways of those that take more than their path; a name in braces is something that has much to show.
_WAYS: dict[str, tuple[str, ...]] = {
    "/": ("", "?search=none&state=down"),
    "/services/{service}": ("", "?range=30d"),
    "/services/{service}/explain": ("?all=yes", "?period=never"),
    "/services/{service}/explain/{check}": ("", "?at=2027-01-15T08:02", "?at=never"),
    "/tickets": ("", "?tab=all&sort=newest", "?search=nothing"),
    "/tickets/new": ("", "?title=Cannot+pay&service=shop"),
    "/tickets/bulk": ("?do=resolve&ticket={number}&ticket={other}", ""),
    "/tickets/views": ("", "?queue=tab%3Dmine%26search%3Dshop"),
    "/tickets/{ticket}": ("", "?line=2"),
    "/incidents": ("", "?state=resolved"),
    "/maintenance/preview": (
        "?service=s-web&service=shop&from=2027-01-16T08:00&to=2027-01-16T09:00&reason=disk&what=work",
        "?service=s-web&from=2027-01-16T08:00&to=2027-01-16T07:00&reason=disk&what=silence",
    ),
    "/outbox": ("", "?all=1"),
    "/reports": ("", "?period=30d", "?period=never"),
    "/settings": ("", "?section=services"),
    "/audit": ("", "?who=one"),
}
# Things that have more to show, or are not there.
_MORE = (
    "/tickets/T-{other}",
    "/tickets/T-{other}/edit",
    "/services/s-plugin",
    "/services/none",
    "/incidents/none",
)
# What somebody can be lured to: an address of ours, with words of others in it.
_LURES = (
    "/?search={}&state={}&team={}", "/services/{}", "/services/shop?range={}", "/services/shop/explain?period={}",
    "/services/s-web/explain/{}", "/services/s-web/explain/web?at={}", "/tickets?search={}&tab={}&sort={}&state={}",
    "/tickets/new?title={}&description={}", "/tickets/views?queue={}", "/tickets/{}", "/tickets/bulk?do={}&ticket={}",
    "/incidents?state={}", "/audit?who={}&before={}", "/settings?section={}",
    "/incidents/{}", "/reports?period={}", "/status/{}", "/{}", "/welcome/{}", "/a/{}", "/t/{}",
    "/sign-in?next=javascript:{}", "/maintenance/preview?service={}&from={}&to={}&reason={}&what={}",
)  # fmt: skip
# Path, what its form has, and the status: pages that no address alone leads to. Of tickets nothing is changed.
REFUSED: tuple[tuple[str, dict[str, str], int], ...] = (
    ("/outbox/retry", {}, 409),
    ("/maintenance/end", {"id": "M-99"}, 409),
    ("/tickets/new", {"title": "", "description": said("refused")}, 400),
    ("/tickets/T-1", {"verb": "note", "text": "lost " * 9000}, 409),
    ("/tickets/T-1", {"verb": "resolve", "note": ""}, 409),
    ("/tickets/T-1/edit", {"title": said("refused"), "made_of": "1"}, 409),
    ("/tickets/bulk", {"do": "resolve", "note": "", "ticket": "1"}, 400),
    ("/tickets/bulk", {"do": "resolve", "note": "done", "ticket": "1:0"}, 200),
    ("/tickets/views", {"queue": "", "name": said("refused")}, 409),
    ("/services/shop/pause", {"reason": ""}, 409),
    ("/tickets/T-1", {"csrf": "another"}, 403),
    ("/account/password", {"now": "wrong"}, 409),
    ("/people", {"act": "add", "name": said("refused")}, 409),
    ("/people", {"act": "link", "name": "new"}, 200),
    ("/settings/check", {"name": "other"}, 200),
)


def of_somebody(there: Stage) -> list[str]:
    """Pages for those who are signed in."""
    names = names_of(there)
    paths = sorted({each.path for each in ADDRESSES if each.method == "GET"} - _NO_PAGES)
    assert set(_WAYS) <= set(paths)
    listed = [*(f"{path}{way}" for path in paths for way in _WAYS.get(path, ("",))), *_MORE]
    return [re.sub(r"\{(\w+)\}", lambda found: names[found[1]], each) for each in listed]


def names_of(there: Stage) -> dict[str, str]:
    """What the names in paths stand for."""
    world = there.app.pipeline.world
    ticket = next(each for each in world.tickets.values() if each.service == "s-web")
    incident = next(each for each in world.incidents.values() if each.ticket == ticket.number)
    return {"service": "s-web", "check": "web", "ticket": ticket.id, "number": str(incident.id),
            "other": str(told(there))}  # fmt: skip


def told(there: Stage) -> int:
    """The number of the ticket that a program opened, and that people worked on."""
    return next(each.number for each in there.app.pipeline.world.tickets.values() if each.channel == "api")


async def of_nobody(there: Stage) -> list[str]:
    """Pages for those who are not known: to sign in, to choose a password, of links in messages, of the status."""
    new = await there.app.commands.answer("users.link", {"name": "new"}, "one")
    return ["/sign-in", str(new["link"]).removeprefix(URL), "/welcome/none", there.sent(ONE, "/a/"),
            there.sent(BUYER, "/t/"), "/t/1-none", "/status/public", "/status/none", "/no/such/page"]  # fmt: skip


def of_everything(there: Stage) -> Iterator[str]:
    """Beside these, the pages of each thing that outsiders spoke of."""
    world = there.app.pipeline.world
    yield from (f"/tickets/{each.id}" for each in world.tickets.values())
    yield from (f"/incidents/{each}" for each in {each.id for each in world.incidents.values()})
    for service, check in world.checks:
        yield from (f"/services/{service}{more}" for more in ("", "/explain", f"/explain/{check}"))


def lures() -> list[str]:
    """Addresses that others made up."""
    return [each.replace("{}", quote(said("lure", 900), safe="")) for each in _LURES]
