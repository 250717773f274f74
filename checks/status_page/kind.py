"""Status page: the vendor's own word on its service.

The page is read as Statuspage v2 (`summary.json`, `status.json`, `components.json`, `incidents.json`), Google Cloud
(`incidents.json`), AWS (`currentevents`), Slack, Heroku, Salesforce Trust, Status.io, Instatus, incident.io, Cachet 2
and 3, Better Stack (`index.json`), Sorry, UptimeRobot, Gatus, Apple, Fedora, Stripe, or as any RSS or Atom feed
(Azure, AWS and others). Which it is tells the document itself; `provider` is needed only to insist. Give the address
of the JSON or the feed: the page made for browsers cannot be read.

`indicator` is the worst of what the page says of the whole and of its parts. With `components` it is the worst of
those alone, found by name, by the name of their group, or by `group / name`, whatever their capitals, with `*` for
any text. A name that the page does not have makes the check unknown, with the nearest names. Pages of Google Cloud,
AWS, Slack and all feeds name only what is in trouble: there a name that does not occur is operational, and a note
says that its spelling could not be checked.

An incident counts while it is open: with an end or the state `resolved` it is over, whatever else it says. A
maintenance counts while it is under way, not when it is planned. A feed tells no states: an item counts until it, or
a newer one of the same incident, says it is over, for a week at most, and its title tells how bad it is.

This is the vendor's word, and no measurement: pages stay green for long after the trouble began. Watch the service
itself with `http` or `api` beside it. So it does not count for uptime, and what says nothing of the vendor is
unknown, never down and never operational: a page that cannot be fetched, is in another form, uses words that are not
known, or has not been brought up to date for long although it says how old it is. A maintenance is shown and left in
peace; to hear of it write `degraded: indicator != "operational"`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.http.fetch import fetch
from checks.http.spec import WebAddress
from checks.status_page.dialects import Provider, read
from checks.status_page.document import parse
from checks.status_page.moments import rfc3339
from checks.status_page.page import Event, Indicator
from checks.status_page.unreadable import Unreadable
from checks.status_page.verdict import Finding, find
from checks.text import visible

_MOST_BYTES = 4 * 1024 * 1024
_REASON, _AFFECTED = 400, 5
_REFUSALS = {401: ErrorKind.AUTH, 403: ErrorKind.AUTH, 407: ErrorKind.AUTH, 429: ErrorKind.QUOTA}
_REMEDIES = {401: "it wants a login", 403: "it refuses us", 429: "look less often"}


class StatusPageSpec(Spec):
    """Which page, and which parts of it."""

    url: WebAddress = Field(
        description="address of the page's JSON or feed, at most 4MiB",
        examples=["https://www.githubstatus.com/api/v2/summary.json"],
    )
    provider: Provider = Field("auto", description="what the page is made with; `auto` asks the document")
    components: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        (),
        description="only these components, by name; capitals do not matter, `*` stands for any text",
        examples=[["API Requests", "Git *"]],
        max_length=50,
    )


async def probe(spec: StatusPageSpec, context: Context) -> Observation:
    """Fetch the page once and say what it says. Never raises for anything that a page holds."""
    answer = await fetch(spec.url, context, _MOST_BYTES)
    values: dict[str, Scalar] = {"latency": answer.values.get("latency")}
    if reason := answer.blind or answer.failure:
        return _blind(f"the status page cannot be read: {reason}", answer.error_kind, values, answer)
    status = int(answer.values.get("status") or 0)
    if not 200 <= status <= 299:
        remedy = _REMEDIES.get(status, "this says nothing of the vendor")
        kind = _REFUSALS.get(status, ErrorKind.STATUS)
        return _blind(f"the status page answered {status}: {remedy}", kind, values, answer)
    try:
        # In a thread, for a large page takes longer than other checks should wait.
        dialect, finding, stale = await asyncio.to_thread(_understood, answer.body or "", spec, context.now)
    except Unreadable as error:
        return _blind(str(error), ErrorKind.CONTENT, values, answer)
    values |= _values(finding, context.now)
    if stale is not None:
        reason = (
            f'the page is stale: it says "{finding.indicator}" and has not changed since {rfc3339(stale)}'
        )
        return _blind(reason, ErrorKind.CONTENT, values, answer)
    return Observation(
        values=values,
        phases=answer.phases,
        text=_told(finding),
        notes=(f"read as {dialect}", *(visible(each, _REASON) for each in finding.notes)),
    )


def _understood(text: str, spec: StatusPageSpec, now: float) -> tuple[str, Finding, float | None]:
    """The dialect, what the page says, and since when it is stale."""
    dialect, page = read(parse(text), spec.provider, now)
    return dialect, find(page, spec.components), page.stale_since


def _blind(
    reason: str, kind: ErrorKind | None, values: dict[str, Scalar], answer: Observation
) -> Observation:
    return Observation(values=values, phases=answer.phases, blind=visible(reason, _REASON), error_kind=kind)


def _values(finding: Finding, now: float) -> dict[str, Scalar]:
    """An open incident tells since when; without one, the maintenance under way."""
    event = finding.incident or finding.maintenance
    since = event.since if event else None
    return {
        "indicator": finding.indicator.value,
        "incident": finding.incident.title if finding.incident else None,
        "since": rfc3339(since) if since is not None else None,
        "open_for": round(max(0.0, now - since), 3) if since is not None else None,
        "maintenance": finding.maintenance.title if finding.maintenance else None,
    }


def _told(finding: Finding) -> str:
    """`partial: Elevated errors, since 2026-10-07T13:25:04Z; affected: API (partial)`."""
    told = [_named(each) for each in (finding.incident, finding.maintenance) if each]
    if finding.affected:
        more = len(finding.affected) - _AFFECTED
        shown = ", ".join(finding.affected[:_AFFECTED])
        told.append(f"affected: {shown}{f' and {more} more' if more > 0 else ''}")
    return f"{finding.indicator}: {'; '.join(told)}" if told else finding.indicator.value


def _named(event: Event) -> str:
    since = f", since {rfc3339(event.since)}" if event.since is not None else ""
    kind = "maintenance: " if event.impact is Indicator.MAINTENANCE else ""
    return f"{kind}{event.title}{since}"


KIND = Kind(
    name="status_page",
    summary="reads a vendor's status page: how its service fares by its own word, and what incident is open",
    spec=StatusPageSpec,
    probe=probe,
    values=(
        Value("indicator", "", "operational, maintenance, degraded, partial or major", text=True),
        Value("incident", "", "title of the worst open incident; absent when none is open", text=True),
        Value(
            "since",
            "",
            "when that incident, or else the maintenance, began, in UTC; absent when not told",
            text=True,
        ),
        Value("open_for", "seconds", "how long that was before the look"),
        Value("maintenance", "", "title of a maintenance under way", text=True),
        Value("latency", "seconds", "how long the page took to come"),
    ),
    counts_for_uptime=False,
    down='indicator == "major"',
    degraded='indicator in ["degraded", "partial"]',
    example=(
        "type: status_page\n"
        "url: https://www.githubstatus.com/api/v2/summary.json\n"
        "components: [API Requests, Git *]\n"
        "every: 5m\n"
    ),
)
