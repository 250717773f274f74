"""`tocsin status`: each service and check as the store, or a daemon elsewhere, knows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.cli.afar import also_afar
from agent.cli.output import print_json, print_table, told
from agent.cli.setting import ConfigOption, JsonOption
from agent.cli.source import source

_FRESH = 30.0  # seconds: the sign of life is stored every five
_HELD = {"pause": "paused", "silence": "silenced", "maintenance": "planned work"}


@also_afar
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each service and check: state, since when, last reading, uptime of 30 days.

    While no daemon runs, services are unknown; their checks show what was last seen. A check outside its
    active: calendar rests: it is not looked at, and its state stays what it was. Of a check that is paused, silenced or
    in planned work it is said by what, and until when. A check is unstable while its last readings disagree with its
    state, which is the confirmed one, and flapping while they change too often.

    Example: tocsin status
    """
    asked = source(config)
    document = asked.status()
    if as_json:
        print_json(document)
        return
    agent, zone = document["agent"], asked.zone
    print(f"{agent['id']}: {_alive(agent, zone, asked.now())}")
    columns = ["service", "state", "since", "uptime 30d", "last reading"]
    print_table(columns, _rows(document, zone), empty="no services configured")


def _alive(agent: dict[str, Any], zone: str, now: int) -> str:
    """Whether it runs; and where it stores nothing, that all this is old."""
    seen = _local(agent["alive_until"], zone)
    if not agent["running"]:
        return f"not running, last alive {seen or 'never'}"
    if agent["alive_until"] is None:
        return "running"
    behind = now / 1_000_000 - datetime.fromisoformat(agent["alive_until"]).timestamp()
    return (
        "running"
        if behind < _FRESH
        else f"running, but nothing was stored since {seen}, and this is as of then"
    )


def _rows(document: dict[str, Any], zone: str) -> list[list[object]]:
    rows: list[list[object]] = []
    for service in document["services"]:
        shown = service["uptime"]["30d"]
        since = _local(service["since"], zone)
        rows.append([service["service"], service["state"], since, f"{shown} %" if shown else "", ""])
        for each in service["checks"]:
            told = _rest(each, zone) or _doubts(each) + _folded(each) + each["message"]
            rows.append([f"  {each['check']}", each["state"] or "unknown", "", "", told])
            if held := _held(each, zone):
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


def _held(check: dict[str, Any], zone: str) -> str:
    """For people: what holds it back, why, and until when; empty when nothing does."""
    held = check["suppressed"]
    if held is None:
        return ""
    return f"{_HELD[held['why']]} until {told(held['until'], zone)} ({held['id']}: {held['reason']})"
