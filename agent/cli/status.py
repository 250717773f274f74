"""`tocsin status`: each service and check as the store knows them, read-only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from agent.cli.output import print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.suppressed import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.uptime import Alive, Ledger
    from alerting.incidents.problem import Key, Problem
    from alerting.incidents.suppression import Suppression
    from alerting.slo.periods import Period
    from config.models import Check, Config, Service

Known = dict[tuple[str, str], dict[str, Any]]


def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each service and check: state, since when, last reading, uptime of 30 days.

    While no daemon runs, services are unknown; their checks show what was last seen. A check outside its
    active: calendar rests: it is not looked at, and its state stays what it was. Of a check that is paused, silenced or
    in planned work it is said by what, and until when. A check is unstable while its last readings disagree with its
    state, which is the confirmed one, and flapping while they change too often.

    Example: tocsin status
    """
    configuration = loaded(config)
    document = _status(configuration)
    if as_json:
        print_json(document)
        return
    agent, zone = document["agent"], configuration.agent.timezone
    alive = (
        "running"
        if agent["running"]
        else f"not running, last alive {_local(agent['alive_until'], zone) or 'never'}"
    )
    print(f"{agent['id']}: {alive}")
    columns = ["service", "state", "since", "uptime 30d", "last reading"]
    print_table(columns, _rows(document, zone), empty="no services configured")


def _rows(document: dict[str, Any], zone: str) -> list[list[object]]:
    rows: list[list[object]] = []
    for service in document["services"]:
        shown = service["uptime"]["30d"]
        since = _local(service["since"], zone)
        rows.append([service["service"], service["state"], since, f"{shown} %" if shown else "", ""])
        for each in service["checks"]:
            told = _rest(each, zone) or _doubts(each) + _folded(each) + each["message"]
            rows.append([f"  {each['check']}", each["state"] or "unknown", "", "", told])
            if held := in_words(each, zone):
                rows.append(["", "", "", "", held])
        rows += [[f"  {name}", "disabled", "", "", why] for name, why in service["disabled"].items()]
    return rows


def _doubts(check: dict[str, Any]) -> str:
    """That the confirmed state is not all that is to be said, in front of the last reading."""
    words = [word for word in ("flapping", "unstable") if check[word]]
    return f"{', '.join(words)}: " if words else ""


def _rest(check: dict[str, Any], zone: str) -> str:
    """That a check is not looked at now, and until when; nothing while it is."""
    until = _local(check["resting_until"], zone)
    return f"rests until {until}" if until else "rests" if check["resting"] else ""


def _folded(check: dict[str, Any]) -> str:
    """That its trouble is another's incident; nothing while it is not."""
    return f"(incident {check['incident']}, {check['folded_into']}) " if check["folded_into"] else ""


def _local(at: str | None, zone: str) -> str:
    """A moment of the document for people, in the configured zone."""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}" if at else ""


def _status(config: Config) -> dict[str, Any]:
    from agent.clock import SystemClock
    from agent.store.reader import NoStore, reading
    from agent.uptime import ledgers_for
    from alerting.slo.periods import parse_period

    now, agent = SystemClock().now(), config.agent
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            alive, known, places = store.alive(), store.checks(), store.decisions().places()
            held, problems = store.holds(now), store.decisions().problems()
            services, period = config.services.values(), parse_period("30d", agent.timezone, now)
            ledgers = ledgers_for(services, lambda name: store.ledger(name, since=period.start), now)
            listed = [_service(ledgers[each.name], known, each, (period, now)) for each in services]
            for service in listed:
                _place(service, places)
                _hold(service, config, problems, (held, now))
    except NoStore as error:
        fail(str(error), 1)
    if not alive.running:
        listed = [
            {**service, "state": "unknown", "since": rfc3339(alive.until or None)} for service in listed
        ]
    return {"agent": _agent(agent.id, alive, now), "services": listed}


def _agent(name: str, alive: Alive, now: int) -> dict[str, Any]:
    return {"id": name, "running": alive.running, "alive_until": rfc3339(alive.seen_until(now) or None)}


def _service(ledger: Ledger, known: Known, service: Service, asked: tuple[Period, int]) -> dict[str, Any]:
    from agent.uptime import accounted
    from alerting.slo.figures import percent

    period, now = asked
    account = accounted(service, ledger, period, now)
    checks = [
        {**_check(name, check.kind, known.get((service.name, name))), **_resting(check, now)}
        for name, check in service.checks.items()
    ]
    start, end, klass = ledger.spans[-1] if ledger.spans else (None, None, None)
    return {
        "service": service.name,
        "state": klass.value if klass is not None and end is None else _overall(checks),
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
    from agent.cli.suppressed import suppressed

    name = service["service"]
    for each in service["checks"]:
        check = config.services[name].checks[each["check"]]
        each["suppressed"] = suppressed(config, check, problems.get((name, check.name)), *in_force)


def _overall(checks: list[dict[str, Any]]) -> str:
    """The state of a service that no check counts for: its worst check, which can at most degrade it."""
    unseen = (None, "unknown")
    states = {None if check["status"] in unseen else check["state"] for check in checks}
    if states & {"down", "degraded"}:
        return "degraded"
    return "unknown" if not states or None in states else "up"


def _resting(check: Check, now: int) -> dict[str, Any]:
    """Whether the check is outside its calendars; `resting_until` is null while it is not, or when it ends never."""
    from alerting.calendars import Calendar, opens_at

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
