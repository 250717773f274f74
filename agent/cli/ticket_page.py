"""A ticket as `tocsin tickets show` prints it: what it is, whose it is, what it says, and what was done."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.cli.output import local
from agent.views.tickets import in_words
from config.units import show_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.store.decisions import Link
    from alerting.desk.attachment import Attachment
    from alerting.desk.ticket import Ticket, TicketEvent
    from alerting.incidents.problem import Member

_SECOND = 1_000_000
_NO_WRAP = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """A ticket and all that is around it; moments are shown in `zone`, durations are reckoned from `now`."""

    ticket: Ticket
    events: Sequence[TicketEvent]
    attachments: Sequence[Attachment]
    members: Sequence[Member]
    links: Sequence[Link]
    zone: str
    now: int


def print_page(page: Page) -> None:
    """For people, as wide as their terminal."""
    width = shutil.get_terminal_size((_NO_WRAP, 24)).columns
    for line in (*_head(page), *_parts(page), *_timeline(page)):
        sys.stdout.write("\n".join(_wrapped(line, width)) + "\n")


def _wrapped(line: str, width: int) -> list[str]:
    """What goes on stands below what begins, a little further in."""
    if len(line) <= width:
        return [line]
    inner = " " * min(len(line) - len(line.lstrip()) + 4, width // 2)
    return textwrap.wrap(line, width, subsequent_indent=inner, drop_whitespace=True, replace_whitespace=False)


def _head(page: Page) -> Iterator[str]:
    ticket, zone = page.ticket, page.zone
    yield f"{ticket.id}  {ticket.title}"
    yield f"state {ticket.state}, severity {ticket.severity}, priority {ticket.priority}, tier {ticket.tier}"
    yield f"opened {local(ticket.opened_at, zone)}, to be resolved by {local(ticket.due.get('resolve'), zone)}"
    if ticket.merged_into is not None:
        yield f"merged into T-{ticket.merged_into}, which goes on with it"
    yield from _line(
        ("service", ticket.service), ("category", ticket.category), ("team", ticket.team),
        ("assignee", ticket.assignee), ("watchers", ", ".join(ticket.watchers)),
    )  # fmt: skip
    yield from _marks(ticket)
    if ticket.reporter is not None:
        of = ticket.reporter
        yield from _line(
            ("reporter", of.name), ("email", of.email), ("phone", of.phone), ("account", of.account),
            ("level", of.level), ("user", of.user_id), ("product", of.product_id),
        )  # fmt: skip
    yield from _waiting(page)
    if ticket.is_open and ticket.due:
        yield "due:"
        for name, at in sorted(ticket.due.items(), key=lambda each: each[1]):
            left = _left(at, page.now) if name in ticket.sure_due else "stands still"
            yield f"  {name:<12}  {local(at, zone)}  {left}"
    if ticket.stamps:
        yield "stages:"
        for name, at in sorted(ticket.stamps.items(), key=lambda each: each[1]):
            yield f"  {name:<12}  {local(at, zone)}"


def _marks(ticket: Ticket) -> Iterator[str]:
    known = (("urgent", ticket.urgent), ("the reporter is not satisfied", ticket.unhappy))
    marks = [name for name, is_so in known if is_so]
    if ticket.reopened:
        marks.append(f"re-opened {ticket.reopened} times" if ticket.reopened > 1 else "re-opened once")
    marks.append(f"channel {ticket.channel}, version {ticket.version}")
    yield ", ".join(marks)


def _waiting(page: Page) -> Iterator[str]:
    for each in page.ticket.pauses:
        if each.end is None and page.ticket.state == "pending":
            yield f"waits for the {each.why} since {local(each.start, page.zone)}"
    vendor = page.ticket.vendor
    if vendor is not None and vendor.ended_at is None:
        expected = f", expected {local(vendor.expected, page.zone)}" if vendor.expected else ""
        yield f"with the vendor {vendor.vendor} since {local(vendor.since, page.zone)}{expected}"


def _left(at: int, now: int) -> str:
    seconds = (at - now) / _SECOND
    return f"in {in_words(seconds)}" if seconds >= 0 else f"{in_words(-seconds)} ago"


def _line(*parts: tuple[str, str | None]) -> Iterator[str]:
    said = ", ".join(f"{name} {value}" for name, value in parts if value)
    if said:
        yield said


def _parts(page: Page) -> Iterator[str]:
    yield from tie_lines(page.members, page.links, page.zone)
    if page.ticket.description:
        yield from ("", *page.ticket.description.split("\n"))
    yield from _listed("Fields:", (_field(name, text) for name, text in page.ticket.fields.items()))
    yield from _listed("Attachments:", (_attachment(each) for each in page.attachments))
    yield from _listed("Sub-tasks:", _tasks(page))
    yield from _listed("Follow-ups:", _follow_ups(page))
    yield from _listed("Escalations:", _escalations(page))


def tie_lines(members: Sequence[Member], links: Sequence[Link], zone: str) -> Iterator[str]:
    """Other tickets that it is tied to, and what belongs to its incidents."""
    from agent.cli.explained_incident import member_lines
    from agent.views.explained_incident import link_words

    if links:
        yield f"tied to other tickets: {'; '.join(map(link_words, links))}"
    if members:
        # One that came back has several lines, and is one all the same.
        yield from ("", f"Affected: {len({member.key for member in members})}")
    for line in member_lines(members, zone):
        yield f"  {line}"


def _listed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", heading)
        for each in found:
            yield from (f"  {line}" for line in each.split("\n"))


def _field(name: str, text: str) -> str:
    return f"{name}: {text}".replace("\n", "\n    ")


def _attachment(each: Attachment) -> str:
    seen = "internal" if each.internal else "public"
    return f"{each.number}  {each.name}  {each.type}  {show_size(each.size)}  by {each.by} ({seen})"


def _tasks(page: Page) -> Iterator[str]:
    for each in page.ticket.sub_tasks:
        whose = f" ({each.owner})" if each.owner else ""
        yield f"{each.number}  {'done' if each.done_at else 'open'}  {each.text}{whose}"


def _follow_ups(page: Page) -> Iterator[str]:
    for each in page.ticket.follow_ups:
        state = "done" if each.done_at else "missed" if each.missed else "due"
        yield f"{each.number}  {state}  {local(each.due_at, page.zone)}  {each.reason}".rstrip()


def _escalations(page: Page) -> Iterator[str]:
    for each in page.ticket.escalations:
        yield f"{local(each.at, page.zone)}  tier {each.from_tier} to {each.to_tier} by {each.by}: {each.reason}"


def _timeline(page: Page) -> Iterator[str]:
    """What the reporter never sees is marked, where there is a reporter."""
    yield from ("", "Timeline:")
    for event in page.events:
        seen = " (internal)" if event.internal and page.ticket.reporter is not None else ""
        first, *more = event.text.split("\n")
        yield f"  {local(event.at, page.zone)}  {event.by}{seen}: {first}"
        yield from (f"    {line}" for line in more)
