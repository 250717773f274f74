"""Services, their checks, how long these took, and uptime."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from agent.views import uptime as uptime_view
from agent.views.latency import latency
from agent.views.services import services as services_view
from agent.views.services import state_of
from agent.web.api.asking import Looker, ThisDaemon
from agent.web.api.listing import Turns, tagged
from agent.web.api.looking import one_service, stored
from agent.web.api.models import LatencyStep, ServiceState, Uptime
from agent.web.api.problems import Problem
from agent.web.sight import seen_services, sees_about
from alerting.slo.figures import rfc3339
from alerting.slo.periods import Period, explicit, midnights, moment, parse_period
from alerting.slo.strip import DAYS
from config.field_types import is_zone

router = APIRouter(tags=["services"])
_DAY = 86_400 * 1_000_000
_LONGEST = 3 * 366 * _DAY
Moment = Annotated[str | None, Field(max_length=40, description="2026-11-21 or 2026-11-21T14:00:00Z")]


def moment_of(text: str, zone: str) -> int:
    """Microseconds UTC. Raises Problem."""
    try:
        return moment(text, zone)
    except ValueError as error:
        raise Problem(422, str(error)) from None


class ServiceFilter(BaseModel):
    state: Literal["up", "degraded", "down", "unknown", "maintenance"] | None = None
    team: Annotated[str | None, Field(max_length=63)] = None
    search: Annotated[str, Field(max_length=100)] = ""


class Between(BaseModel):
    """From `start`, or a day before, to `end`, or now."""

    start: Moment = None
    end: Moment = None

    def moments(self, zone: str, now: int) -> tuple[int, int]:
        """Microseconds UTC. Raises Problem."""
        until = now if self.end is None else moment_of(self.end, zone)
        since = until - _DAY if self.start is None else moment_of(self.start, zone)
        if not since < until <= since + _LONGEST:
            raise Problem(422, "end: it must be after start, by three years at most")
        return since, until


class Span(BaseModel):
    """Of one service or all of them: a period by its name, or from `start` to `end`, as it stood at a moment."""

    service: Annotated[str | None, Field(max_length=63)] = None
    period: Annotated[str | None, Field(max_length=40, description="2026, 2026-Q4, 2026-11, today, 30d")] = (
        None
    )
    start: Moment = None
    end: Moment = None
    zone: Annotated[
        str | None, Field(max_length=63, description="whose midnights count; default: the agent's")
    ] = None
    as_of: Moment = None
    days: Annotated[bool, Field(description="with the last ninety days of the period, each by itself")] = (
        False
    )

    def whole(self, zone: str, now: int) -> Period:
        """Raises Problem."""
        try:
            if self.start is None and self.end is None:
                return parse_period(self.period or "30d", zone, now)
            if self.period is not None or self.start is None or self.end is None:
                raise ValueError("give either period, or start and end")
            found = explicit(self.start, self.end, zone)
        except ValueError as error:
            raise Problem(422, str(error)) from None
        if found.end - found.start > 100 * _LONGEST:
            raise Problem(422, "a period lasts at most 300 years: name a shorter one")
        return found


@router.get("/services")
def services(
    person: Looker, daemon: ThisDaemon, turn: Turns, wanted: Annotated[ServiceFilter, Query()]
) -> list[ServiceState]:
    """The services that you see, as `tocsin status --json` has them."""
    config, world, word = daemon.config(), daemon.world(), wanted.search.casefold()
    chosen = [
        each
        for each in seen_services(config, person)
        if wanted.state in (None, state_of(world, each))
        and wanted.team in (None, each.team)
        and word in f"{each.name} {each.title}".casefold()
    ]
    names = [each.name for each in turn.of(chosen, lambda each: each.name)]
    with stored(daemon) as store:
        found = services_view(config, store, daemon.clock.now(), names)["services"]
    return [ServiceState.model_validate(each) for each in found]


@router.get("/services/{service}", response_model=ServiceState)
def service(service: str, person: Looker, daemon: ThisDaemon, request: Request, response: Response) -> Any:
    """One of them."""
    name = one_service(daemon, person, service).name
    with stored(daemon) as store:
        (found,) = services_view(daemon.config(), store, daemon.clock.now(), [name])["services"]
    return tagged(request, response, found)


@router.get("/services/{service}/checks/{check}/latency")
def latency_of(
    service: str, check: str, person: Looker, daemon: ThisDaemon, span: Annotated[Between, Query()]
) -> list[LatencyStep]:
    """Percentiles in seconds by hour, or by day where they are older; the last day where nothing is said."""
    found = one_service(daemon, person, service)
    if check not in found.checks:
        raise Problem(404, "there is no such check")
    since, until = span.moments(daemon.config().agent.timezone, daemon.clock.now())
    with stored(daemon) as store:
        steps = latency(store, service, check, since, until)
    return [
        LatencyStep(at=rfc3339(each.at), seconds=each.width / 1_000_000, count=each.count, **each.shares)
        for each in steps
    ]


@router.get("/uptime", response_model_exclude_unset=True)
def uptime(person: Looker, daemon: ThisDaemon, turn: Turns, span: Annotated[Span, Query()]) -> list[Uptime]:
    """Each service's time in a period against its target, as `tocsin uptime --json` has it; 30 days by default."""
    config, service = daemon.config(), span.service
    zone = span.zone or config.agent.timezone
    if not is_zone(zone):
        raise Problem(422, "zone: there is no such time zone")
    now = daemon.clock.now() if span.as_of is None else moment_of(span.as_of, zone)
    if service is not None and not sees_about(config, person, service):
        raise Problem(404, "there is no such service")
    seen = {each.name for each in seen_services(config, person)}
    try:
        with stored(daemon) as store:
            period = span.whole(zone, now)
            bounds = midnights(min(now, period.end), zone, DAYS) if span.days else ()
            found = uptime_view.figures(config, store, service, (period, bounds), now)
    except uptime_view.NoSuchService:
        raise Problem(404, "there is no such service") from None
    listed = [
        {**each.figure, **({"days": each.days_document()} if span.days else {})}
        for each in found
        if service is not None or each.figure["service"] in seen
    ]
    return [Uptime.model_validate(each) for each in turn.of(listed, lambda each: str(each["service"]))]
