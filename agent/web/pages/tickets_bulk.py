"""`/tickets/bulk`: the same done to many tickets: first what would be done and what not, then what became of each."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from agent.access.person import Right
from agent.control import Refused
from agent.web import bulk
from agent.web.acts import Act
from agent.web.doing import arguments, choices, kept, seen_tickets
from agent.web.queue import Asked, chosen, current
from agent.web.ticket_view import policy_of
from agent.web.visit import Address, Visit


def preview(visit: Visit) -> Response:
    """What is chosen by `ticket` (or `all` of the part of the queue that `queue` names) and `do`."""
    asked = visit.request.query_params
    act, back = bulk.known(asked.get("do", "")), Asked.of_query(asked.get("queue", ""))
    if asked.get("all"):
        versions: Mapping[int, int | None] = {
            each.number: each.version for each in chosen(visit, back, current(visit))
        }
    else:
        versions = bulk.read(asked.getlist("ticket"))
    if act is None or not versions:
        return _wrong(visit, "Choose tickets, and what is to be done to them.", back)
    if len(versions) > bulk.MOST:
        return _wrong(visit, f"These are {len(versions)} tickets: choose at most {bulk.MOST}.", back)
    return _preview(visit, act, versions, back)


def _preview(
    visit: Visit, act: Act, versions: Mapping[int, int | None], back: Asked, wrong: str = ""
) -> Response:
    seen = seen_tickets(visit, list(versions))
    listed = [seen[number] for number in versions if number in seen]
    plan = bulk.planned(act, listed, lambda each: policy_of(visit, each))
    return visit.page(
        "tickets_bulk.html",
        400 if wrong else 200,
        act=act,
        can=[each for each in plan if not each.why_not],
        cannot=[each for each in plan if each.why_not],
        choices=choices(visit),
        filled={act.name: kept(visit, act)},
        tried=None,
        back=back.query(),
        wrong=wrong,
    )


async def confirm(visit: Visit) -> Response:
    """Do it, to each by itself."""
    act, back = bulk.known(visit.form.get("do", "")), Asked.of_query(visit.form.get("queue", ""))
    versions = bulk.read(visit.lists.get("ticket", ()))
    if act is None or not versions or len(versions) > bulk.MOST:
        return _wrong(visit, "Choose tickets, and what is to be done to them.", back)
    try:
        told = await visit.aside(lambda: arguments(visit, act))
    except Refused as error:
        said = str(error)
        return await visit.aside(lambda: _preview(visit, act, versions, back, said))
    seen = await visit.aside(lambda: seen_tickets(visit, list(versions)))
    outcome = await bulk.done(visit, act, told, versions, seen)
    return visit.page(
        "tickets_bulk_done.html", act=act, outcome=outcome,
        titles={f"T-{number}": each.title for number, each in seen.items()}, back=back.query(),
    )  # fmt: skip


def _wrong(visit: Visit, said: str, back: Asked) -> Response:
    return visit.page("not_done.html", 400, said=said, back=f"/tickets?{back.query()}")


ADDRESSES = (
    Address("/tickets/bulk", "GET", Right.WORK, preview),
    Address("/tickets/bulk", "POST", Right.WORK, confirm),
)
