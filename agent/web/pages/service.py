"""`/services/NAME`: one service, as it is, as it was, and what may be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.burning import Look
from agent.control import Refused
from agent.store.reader import NoStore, Reader
from agent.uptime import Ledger, figures, ledgers_for
from agent.views.services import state_of
from agent.web.charts.bars import waterfall
from agent.web.charts.strip import strip
from agent.web.pages.service_charts import History, latency_chart, state_chart
from agent.web.readings import conditions, values
from agent.web.sight import seen_service, seen_services
from agent.web.visit import Address, Visit
from alerting.incidents.suppression import Suppression
from alerting.slo.periods import parse_period
from checks.base import Reading, Status
from config.models import Check, Service

RANGES = {"24h": 86_400, "7d": 7 * 86_400, "30d": 30 * 86_400}
_PERIODS = ("24h", "7d", "30d", "90d")
_SECOND = 1_000_000
_MOST_INCIDENTS = 10
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A check as its page part shows it: `values` and `conditions` in words."""

    check: Check
    state: str
    reading: Reading | None
    values: list[tuple[str, str]]
    conditions: list[tuple[str, str, str]]
    phases: str
    chart: str


def service_page(visit: Visit) -> Response:
    """Everything of one service; the range of its charts is asked for with `?range=7d`."""
    service = service_of(visit)
    asked = visit.request.query_params.get("range", "24h")
    chosen = asked if asked in RANGES else "24h"
    between = (visit.now - RANGES[chosen] * _SECOND, visit.now)
    try:
        with visit.daemon.store() as store:
            history = _history(visit, store, service, between)
            uptime = _uptime(visit, store, service)
            checks = [_seen(visit, store, each, history) for each in service.checks.values()]
            burning = Look(store, visit.daemon.config(), visit.now).of(service)
    except NoStore:
        raise HTTPException(503, "nothing is stored yet") from None
    figure = visit.daemon.figures.of([service])[service.name]
    return visit.page(
        "service.html",
        service=service,
        state=state_of(visit.daemon.world(), service),
        timeline=state_chart(history),
        uptime=uptime,
        burning=burning,
        strip=strip(figure.days, service.target, visit.daemon.config().agent.timezone) if figure.days else "",
        checks=checks,
        incidents=history.incidents[:_MOST_INCIDENTS],
        rests_on=[name for group in service.depends_on for name in group],
        carries=_carries(visit, service),
        held=_held(visit, service),
        range=chosen,
        ranges=tuple(RANGES),
        wrong=visit.request.query_params.get("wrong", "")[:_LONGEST_TEXT],
    )


def service_of(visit: Visit) -> Service:
    """The one of the address, where the person sees it. Raises HTTPException."""
    found = seen_service(visit.daemon.config(), visit.person, visit.request.path_params["service"])
    if found is None:
        raise HTTPException(404, "there is no such service")
    return found


def _history(visit: Visit, store: Reader, service: Service, between: tuple[int, int]) -> History:
    ledger = store.ledger(service.name, since=between[0])
    mine = [each for each in store.incidents() if each.service == service.name]
    return History(service.name, between, visit.zone, ledger, sorted(mine, key=lambda each: -each.opened_at))


def _uptime(visit: Visit, store: Reader, service: Service) -> list[tuple[str, Mapping[str, Any]]]:
    """The figures of each period, as `tocsin uptime --json` has them."""
    zone, plans = visit.daemon.config().agent.timezone, visit.daemon.config().maintenance.values()
    periods = [parse_period(name, zone, visit.now) for name in _PERIODS]
    since = min(each.start for each in periods)
    ledgers: dict[str, Ledger] = ledgers_for(
        [service], lambda name: store.ledger(name, since=since), visit.now
    )
    return [
        (name, figures(service, ledgers[service.name], period, visit.now, plans))
        for name, period in zip(_PERIODS, periods, strict=True)
    ]


def _seen(visit: Visit, store: Reader, check: Check, history: History) -> Seen:
    memory = visit.daemon.world().checks.get((check.service, check.name))
    reading = memory.last if memory is not None else None
    return Seen(
        check,
        str(memory.state.state or Status.UNKNOWN.value) if memory is not None else Status.UNKNOWN.value,
        reading,
        values(visit.daemon, check.kind, reading) if reading is not None else [],
        list(conditions(reading)) if reading is not None else [],
        waterfall(reading.phases) if reading is not None else "",
        latency_chart(store, check.name, history),
    )


def _held(visit: Visit, service: Service) -> list[Suppression]:
    """Planned work, silences and pauses that are in force, or to come."""
    found = visit.daemon.world().suppressions
    return [each for each in found if each.end > visit.now and _concerns(each.match.names, service.name)]


def _carries(visit: Visit, service: Service) -> list[str]:
    """The services that rest on this one."""
    seen = seen_services(visit.daemon.config(), visit.person)
    return [each.name for each in seen if any(_concerns(group, service.name) for group in each.depends_on)]


def _concerns(names: Sequence[str], service: str) -> bool:
    """Whether the service, or a check of it, is among them; no names are all of them."""
    return not names or any(name.partition(".")[0] == service for name in names)


async def look_now(visit: Visit) -> Response:
    """Look at all checks of the service at once."""
    return await _done(visit, "recheck", names=[each.address for each in service_of(visit).checks.values()])


async def pause(visit: Visit) -> Response:
    """Look at it no more for a while."""
    reason = visit.form.get("reason", "")[:_LONGEST_TEXT]
    seconds = RANGES.get(visit.form.get("lasts", ""), 3600)
    return await _done(visit, "pause", names=[service_of(visit).name], lasts=seconds, reason=reason)


async def resume(visit: Visit) -> Response:
    """Look at it again."""
    return await _done(visit, "resume", names=[service_of(visit).name])


async def _done(visit: Visit, command: str, **arguments: Any) -> Response:
    path = f"/services/{service_of(visit).name}"
    try:
        await visit.do(command, **arguments)
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back=path)
    return RedirectResponse(path, 303)


ADDRESSES = (
    Address("/services/{service}", "GET", Right.LOOK, service_page, shared=True),
    Address("/services/{service}/look", "POST", Right.PLAN, look_now),
    Address("/services/{service}/pause", "POST", Right.PLAN, pause),
    Address("/services/{service}/resume", "POST", Right.PLAN, resume),
)
