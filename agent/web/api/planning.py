"""What is planned, held back, told and looked at by hand: as the commands of these names do it."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from agent.web.api import bodies
from agent.web.api.doing import KEYED, REFUSALS, Administering, Hand, Planning
from agent.web.api.looking import one_service, stored
from agent.web.api.problems import Problem
from agent.web.daemon import Daemon
from agent.web.sight import sees_about
from alerting.incidents.problem import Why

router = APIRouter(tags=["planned"], responses=REFUSALS)


@router.post("/maintenance", status_code=201, dependencies=KEYED)
async def plan_work(hand: Planning, sent: bodies.NewWork) -> Any:
    """Announce planned work."""
    _sees(hand, sent.services)
    told = {"names": sent.services, "reason": sent.reason, **sent.times()}
    return await hand.once(lambda: hand.do("maintenance.add", **told))


@router.delete("/maintenance/{id}")
async def cancel_work(hand: Planning, id: str) -> Any:
    """Call it off; what runs is ended now."""
    state = await _planned(hand, None, id)
    return JSONResponse(
        await hand.do("maintenance.end" if state == "running" else "maintenance.cancel", id=id)
    )


@router.post("/silences", status_code=201, dependencies=KEYED)
async def add_silence(hand: Planning, sent: bodies.NewSilence) -> Any:
    """Look on, and tell nobody."""
    _sees(hand, sent.names)
    match: dict[str, Any] = {**sent.match, **({"labels": sent.labels} if sent.labels else {})}
    told = {"names": sent.names, "match": match, "reason": sent.reason, **sent.times()}
    return await hand.once(lambda: hand.do("silence.add", **told))


@router.delete("/silences/{id}")
async def end_silence(hand: Planning, id: str) -> Any:
    """End it now."""
    await _planned(hand, Why.SILENCE, id)
    return JSONResponse(await hand.do("silence.end", id=id))


@router.post("/pauses", status_code=201, dependencies=KEYED)
async def add_pause(hand: Planning, sent: bodies.NewPause) -> Any:
    """Do not look at a service or check for a while."""
    _sees(hand, [sent.name])
    told = {"names": [sent.name], "reason": sent.reason, **sent.times()}
    return await hand.once(lambda: hand.do("pause", **told))


@router.delete("/pauses/{name}")
async def resume(hand: Planning, name: str) -> Any:
    """Look at it again."""
    _sees(hand, [name])
    return JSONResponse(await hand.do("resume", names=[name]))


@router.post("/services/{service}/recheck")
async def recheck(hand: Planning, service: str) -> Any:
    """Look at all its checks now; what they have seen."""
    found = one_service(hand.daemon, hand.person, service)
    return JSONResponse(await hand.do("recheck", names=[each.address for each in found.checks.values()]))


@router.post("/outbox/{helpdesk}/{key}/retry")
async def retry_entry(hand: Planning, helpdesk: str, key: str) -> Any:
    """Try it again at once."""
    return await _follow(hand, helpdesk, key, None)


@router.post("/outbox/{helpdesk}/{key}/drop")
async def drop_entry(hand: Planning, helpdesk: str, key: str, sent: bodies.Drop) -> Any:
    """Send nothing more of it."""
    return await _follow(hand, helpdesk, key, sent.reason)


@router.post("/connectors/{name}/check")
async def check_connector(hand: Administering, name: str) -> Any:
    """Try whether the helpdesk takes what we send."""
    if name not in hand.daemon.config().helpdesks:
        raise Problem(404, "there is no such helpdesk")
    return JSONResponse(await hand.do("connectors.check", names=[name]))


@router.post("/events", status_code=201, dependencies=KEYED)
async def tell_of_change(hand: Planning, sent: bodies.NewEvent) -> Any:
    """A deploy, or another change: charts and incidents name it."""
    told = sent.arguments()
    _sees(hand, [*(told.get("services") or ()), *([told["service"]] if "service" in told else ())])
    return await hand.once(lambda: hand.do("changes.add", told=told))


@router.post("/changes", status_code=201, dependencies=KEYED)
async def tell_of_deploy(hand: Planning, sent: bodies.NewEvent) -> Any:
    """The same as /events."""
    return await tell_of_change(hand, sent)


@router.post("/reload")
async def reload(hand: Administering) -> Any:
    """Read the configuration anew, as `tocsin reload` does; what changed."""
    return JSONResponse(await hand.do("reload"))


async def _follow(hand: Hand, helpdesk: str, key: str, drop: str | None) -> Response:
    if hand.person.teams is not None:
        raise Problem(403, "the outbox is for those who see all teams")
    found = await hand.do("outbox", key=key, helpdesk=helpdesk, drop=drop)
    if not found["entries"]:
        raise Problem(404, "there is no such entry")
    return JSONResponse(found)


async def _planned(hand: Hand, why: Why | None, name: str) -> str:
    """The state of the planned work (`why` is None), silence or pause of that id. Raises Problem."""
    found = await to_thread.run_sync(_stored, hand.daemon, why, name)
    if found is None:
        raise Problem(404, "there is none of that id")
    state, names = found
    _sees(hand, names)
    return state


def _stored(daemon: Daemon, why: Why | None, name: str) -> tuple[str, list[str]] | None:
    """Its state, and the services and checks that it names."""
    now = daemon.clock.now()
    with stored(daemon) as store:
        if why is None:
            works = (each for each in store.planned_work() if each.id == name)
            return next(((each.state(now), list(each.services)) for each in works), None)
        records = (each.now for each in store.suppressions().all(why) if each.now.id == name)
        return next(((each.state(now), list(each.match.names)) for each in records), None)


def _sees(hand: Hand, names: list[str]) -> None:
    """Whoever sees some teams alone names services of theirs. Raises Problem."""
    config, person = hand.daemon.config(), hand.person
    if person.teams is None:
        return
    if not names:
        raise Problem(403, "name services: all of them is for those who see all teams")
    for name in names:
        if not sees_about(config, person, name.partition(".")[0]):
            raise Problem(404, "there is no such service")
