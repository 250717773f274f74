"""`/services/NAME/explain`: why a figure is what it is, to the reading; and why a check did or did not alert."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.access.person import Right
from agent.control import Refused
from agent.explanation.check import explain_check, known_rule, rules_of
from agent.explanation.uptime import explain
from agent.store.reader import NoStore, Reader
from agent.views import explained_check, explained_uptime
from agent.web.moments import given
from agent.web.pages.service import service_of
from agent.web.paging import paged
from agent.web.showing import local
from agent.web.visit import Address, Visit
from alerting.slo.periods import Period, parse_period
from config.models import Service

_SIZE = 50
_LONGEST = 5 * 366 * 86_400 * 1_000_000  # agreed hours and planned work are reckoned day by day
_PERIODS = ("24h", "7d", "30d", "90d")


def uptime(visit: Visit) -> Response:
    """Of a `period`, as `tocsin explain uptime` tells it; `all` of the time, also that which was plainly up."""
    service, wrong = service_of(visit), ""
    asked = visit.request.query_params.get("period", "30d")[:40]
    try:
        period = _period(visit, asked)
    except ValueError as error:
        wrong, asked, period = str(error), "30d", _period(visit, "30d")
    try:
        with visit.daemon.store() as store:
            plans = visit.daemon.config().maintenance.values()
            found = explain(store, service, period, visit.now, plans)
            rules = rules_of(store, visit.daemon.config(), service.name, visit.now)
    except NoStore:
        raise HTTPException(503, "nothing is stored yet") from None
    told = explained_uptime.as_document(found, lambda at: local(at, visit.zone))
    everything = "all" in visit.request.query_params
    pieces = [each for each in told["pieces"] if everything or each["class"] != "up"]
    return visit.page(
        "explain_uptime.html",
        400 if wrong else 200,
        service=service,
        told=told,
        page=paged(visit, pieces[::-1], _SIZE),
        plain=len(told["pieces"]) - len(pieces),
        period=asked,
        periods=_PERIODS,
        rules=rules,
        wrong=wrong,
    )


def check(visit: Visit) -> Response:
    """A check at a moment (`at`; now where none is said), as `tocsin explain check` tells it."""
    service, rule, wrong = service_of(visit), visit.request.path_params["check"], ""
    text = visit.request.query_params.get("at", "")
    try:
        at = given(visit, text) if text else visit.now
        if at > visit.now:
            raise Refused("that is still to come")
    except Refused as error:
        at, wrong = visit.now, str(error)
    try:
        with visit.daemon.store() as store:
            told = _answer(visit, store, (service, rule), at)
    except NoStore:
        raise HTTPException(503, "nothing is stored yet") from None
    status = 400 if wrong else 200
    return visit.page("explain_check.html", status, service=service, told=told, at=text[:40], wrong=wrong)


def _answer(visit: Visit, store: Reader, asked: tuple[Service, str], at: int) -> dict[str, Any]:
    key = (asked[0].name, asked[1])
    if not known_rule(store, visit.daemon.config(), key):
        raise HTTPException(404, "there is no such check")
    found = explain_check(store, visit.daemon.config(), key, at, visit.now)
    return explained_check.as_document(found, lambda moment: local(moment, visit.zone))


def _period(visit: Visit, text: str) -> Period:
    """Raises ValueError."""
    found = parse_period(text, visit.daemon.config().agent.timezone, visit.now)
    if found.end - found.start > _LONGEST:
        raise ValueError("a period lasts at most five years here: name a shorter one")
    return found


ADDRESSES = (
    Address("/services/{service}/explain", "GET", Right.LOOK, uptime),
    Address("/services/{service}/explain/{check}", "GET", Right.LOOK, check),
)
