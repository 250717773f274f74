"""`tocsin tickets test`: a ticket marked as a test goes the way of a route, there and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import must_be_here
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, fail, loaded

if TYPE_CHECKING:
    from alerting.outgoing import Outgoing
    from config.models import Config, Route

_USAGE = 64
_POLL = 0.2


def test(
    route: Annotated[
        int | None,
        typer.Option("--route", metavar="N", help="Only the N-th route of the configuration, from 1."),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Only the route that this service's tickets take."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait", metavar="SECONDS", help="How long each helpdesk has to answer.", min=1, max=600
        ),
    ] = 30.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a ticket that is plainly marked as a test along each route, see it arrive, and resolve it.

    The running daemon sends it, by the configuration that it runs. Where no route leads anywhere, the ticket lives
    in the built-in desk. It never counts as an incident. Exit code: 0 when all arrived and ended, else 1.

    Example: tocsin tickets test --route 1
    """
    if route is not None and service is not None:
        fail("say --route or --service, not both", _USAGE)
    configuration = loaded(config)
    asked = _asked(configuration, route, service)
    tests = []
    for words in asked:
        told = _told(configuration, words, wait)
        tests.append(told)
        if not as_json:
            _print(told, configuration.routes)
    if as_json:
        print_json(tests)
    raise Ended(0 if all(told["ok"] for told in tests) else 1)


def _asked(config: Config, route: int | None, service: str | None) -> list[dict[str, Any]]:
    """What to ask the daemon for, once for each ticket."""
    if route is not None:
        return [{"route": route}]
    if service is not None:
        return [{"service": service}]
    return [{"route": number} for number, _ in enumerate(config.routes, 1)] or [{}]


def _told(config: Config, words: dict[str, Any], wait: float) -> dict[str, Any]:
    """A ticket's whole life: opened, seen over there, resolved, seen to have ended there."""
    opened = _ask(config, "tickets.test", **words)
    number = int(str(opened["ticket"]).removeprefix("T-"))
    try:
        arrived = _until(config, number, _is_there, wait)
    finally:
        _ask(config, "tickets.move", number=number, move="resolve", note="the test is over")
    ended = _until(config, number, _has_ended, wait) if arrived else []
    deliveries = [_delivery(each, ended) for each in arrived]
    ok = all(each["arrived"] and each["ended"] for each in deliveries)
    return {**opened, "state": "resolved", "deliveries": deliveries, "ok": ok}


def _until(
    config: Config, number: int, enough: Callable[[Outgoing], bool], seconds: float
) -> Sequence[Outgoing]:
    """What the outbox holds of the ticket, once there is enough to be said of each, or the time is up."""
    from agent.clock import SystemClock

    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while True:
        found = _outgoing(config, number)
        if all(map(enough, found)) or clock.monotonic() > deadline:
            return found
        time.sleep(_POLL)


def _outgoing(config: Config, number: int) -> list[Outgoing]:
    from agent.store.reader import reading

    with reading(Path(config.agent.state_dir), config.agent.id) as store:
        return [entry for entry in store.outbox() if entry.ticket == number]


def _is_there(entry: Outgoing) -> bool:
    return not entry.unsent or _is_given_up(entry)


def _has_ended(entry: Outgoing) -> bool:
    return (not entry.unsent and entry.desired.state == "resolved") or _is_given_up(entry)


def _is_given_up(entry: Outgoing) -> bool:
    """Whether only a person brings it further."""
    return entry.unsent and entry.next_at is None and entry.lease_until is None


def _delivery(first: Outgoing, ended: Sequence[Outgoing]) -> dict[str, Any]:
    last = next((each for each in ended if each.helpdesk == first.helpdesk), first)
    seen = last.observed
    return {
        "helpdesk": first.helpdesk,
        "arrived": not first.unsent,
        "ended": _has_ended(last) and not last.unsent,
        "id": seen.id if seen else None,
        "url": seen.url if seen else None,
        "state": seen.state.value if seen else None,
        "error": last.last_error,
    }


def _ask(config: Config, command: str, **words: Any) -> dict[str, Any]:
    from agent.control import NotRunning, Refused, ask

    must_be_here()

    try:
        answer: dict[str, Any] = ask(Path(config.agent.state_dir), command, **words)
    except NotRunning:
        fail("no daemon runs: it is what sends tickets (start it with tocsin run)", 1)
    except Refused as error:
        fail(str(error), _USAGE if error.usage else 1)
    return answer


def _print(told: dict[str, Any], routes: Sequence[Route]) -> None:
    number = told["route"]
    way = f"route {number}" if number is not None else "no route"
    leads = ", ".join(told["send_to"]) or "the built-in desk alone"
    print(f"{way} ({_words(routes, number)}) leads to {leads}")
    print(f"  {told['ticket']}  opened and resolved in the built-in desk, for {told['service']}")
    for each in told["deliveries"]:
        print(f"  {each['helpdesk']}: {_came_of(each)}")


def _words(routes: Sequence[Route], number: int | None) -> str:
    """What a route is for."""
    from alerting.desk.routing import words

    if number is None or number > len(routes):
        return "nothing leads further" if number is None else "not in this file yet"
    return words(routes[number - 1].match)


def _came_of(each: dict[str, Any]) -> str:
    if not each["arrived"]:
        return f"did not arrive: {each['error'] or 'no answer yet'}"
    there = " ".join(filter(None, (each["id"], each["url"])))
    if not each["ended"]:
        return f"arrived as {there}, and did not end there: {each['error'] or 'no answer yet'}"
    return f"arrived as {there}, and is {each['state']} there"
