"""Services and their checks: state, since when, last reading, uptime of 30 days, and what holds them back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from agent.desk.document import moment as rfc3339
from agent.memory import World
from agent.store.reader import Reader
from agent.uptime import Alive, Ledger, accounted, ledgers_for
from agent.views.suppressed import suppressed
from alerting.calendars import Calendar, opens_at
from alerting.incidents.problem import Key, Problem
from alerting.incidents.suppression import Suppression
from alerting.slo.figures import percent
from alerting.slo.periods import Period, parse_period
from config.models import Check, Config, Service

Known = dict[tuple[str, str], dict[str, Any]]


def services(config: Config, store: Reader, now: int, names: Collection[str] | None = None) -> dict[str, Any]:
    """The contract's document of `status`, of all services or of those named.

    While no daemon runs, services are unknown.
    """
    agent, chosen = (
        config.agent,
        [each for each in config.services.values() if names is None or each.name in names],
    )
    alive, known, places = store.alive(), store.checks(), store.decisions().places()
    held, problems = store.holds(now), store.decisions().problems()
    period = parse_period("30d", agent.timezone, now)
    ledgers = ledgers_for(chosen, lambda name: store.ledger(name, since=period.start), now)
    listed = [_service(ledgers[each.name], known, each, (period, now)) for each in chosen]
    for service in listed:
        _place(service, places)
        _hold(service, config, problems, (held, now))
    if not alive.running:
        gone = {"state": "unknown", "since": rfc3339(alive.until or None)}
        listed = [{**service, **gone} for service in listed]
    return {"agent": _agent(agent.id, alive, now), "services": listed}


def agent_document(config: Config, store: Reader, now: int) -> dict[str, Any]:
    """Whether a daemon runs, and until when one was seen."""
    return _agent(config.agent.id, store.alive(), now)


def _agent(name: str, alive: Alive, now: int) -> dict[str, Any]:
    return {"id": name, "running": alive.running, "alive_until": rfc3339(alive.seen_until(now) or None)}


def _service(ledger: Ledger, known: Known, service: Service, asked: tuple[Period, int]) -> dict[str, Any]:
    period, now = asked
    account = accounted(service, ledger, period, now)
    checks = [
        {**_check(name, check.kind, known.get((service.name, name))), **_resting(check, now)}
        for name, check in service.checks.items()
    ]
    seen = [(each["status"], each["state"]) for each in checks]
    start, end, klass = ledger.spans[-1] if ledger.spans else (None, None, None)
    return {
        "service": service.name,
        "state": klass.value if klass is not None and end is None else overall(seen),
        "since": rfc3339(start),
        "uptime": {"30d": percent(account.uptime, 2)},
        "checks": checks,
        "disabled": dict(service.disabled),
    }


def _place(service: dict[str, Any], places: Mapping[Key, tuple[int, Key]]) -> None:
    """The incident that the trouble of each check belongs to, and whose that is where it is another's."""
    for check in service["checks"]:
        own = (service["service"], check["check"])
        number, owner = places.get(own, (None, own))
        check["incident"] = number
        check["folded_into"] = None if owner == own else ".".join(owner)


def _hold(
    service: dict[str, Any],
    config: Config,
    problems: Mapping[Key, Problem],
    in_force: tuple[tuple[Suppression, ...], int],
) -> None:
    """What holds back each check at a moment."""
    name = service["service"]
    for each in service["checks"]:
        check = config.services[name].checks[each["check"]]
        each["suppressed"] = suppressed(config, check, problems.get((name, check.name)), *in_force)


def state_of(world: World, service: Service) -> str:
    """The class that the service's time is in now; without checks that count for it, what its checks make of it."""
    if track := world.services.get(service.name, ()):
        return track[-1][1].value
    known = [world.checks.get((service.name, name)) for name in service.checks]
    return overall(
        (each.last.status.value, each.state.state) if each and each.last else (None, None) for each in known
    )


def overall(checks: Iterable[tuple[str | None, str | None]]) -> str:
    """The state of a service that no check counts for: its worst check, which can at most degrade it.

    Of each check the status of the last reading, and its confirmed state.
    """
    unseen = (None, "unknown")
    states = {None if status in unseen else state for status, state in checks}
    if states & {"down", "degraded"}:
        return "degraded"
    return "unknown" if not states or None in states else "up"


def _resting(check: Check, now: int) -> dict[str, Any]:
    """Whether the check is outside its calendars; `resting_until` is null while it is not, or when it ends never."""
    opens = opens_at([Calendar(each) for each in check.active], now)
    return {"resting": opens != now, "resting_until": None if opens == now else rfc3339(opens)}


def _check(name: str, kind: str, known: dict[str, Any] | None) -> dict[str, Any]:
    last = (known or {}).get("last") or {}
    return {
        "check": name,
        "kind": kind,
        "state": known["state"] if known else None,
        "unstable": bool(known and known["unstable"]),
        "flapping": bool(known and known["flapping"]),
        "status": last.get("status"),
        "at": rfc3339(last.get("at")),
        "values": last.get("values", {}),
        "message": last.get("message", "no reading yet"),
        "error_kind": last.get("error_kind"),
    }
