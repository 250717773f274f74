"""Tickets are opened and worked on: every verb that people have as a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from agent.web.api import bodies
from agent.web.api.doing import KEYED, REFUSALS, SEEN, Hand, Working
from agent.web.api.problems import Problem
from agent.web.sight import sees_about

router = APIRouter(tags=["tickets"], responses=REFUSALS)
# The verb in the address: what is sent for it, and what it does.
VERBS: Mapping[str, tuple[type[bodies.Sent], str]] = {
    "ack": (bodies.Note, "Acknowledge it."),
    "take": (bodies.Nothing, "It is yours, and acknowledged."),
    "assign": (bodies.Assign, "Give it to somebody, to a team, or to whoever has least to do."),
    "start": (bodies.Note, "Begin to work on it."),
    "pend": (bodies.Pend, "It waits for the reporter or a vendor: its clocks stand still."),
    "resolve": (bodies.Move, "It is mended; the note says what was done."),
    "close": (bodies.Move, "It is over."),
    "reopen": (bodies.Note, "It goes on."),
    "note": (bodies.Write, "A note among us."),
    "message": (bodies.Message, "A message: the reporter is told."),
    "attach": (bodies.Attach, "Add files."),
    "stamp": (bodies.Stamp, "Say when a stage was reached."),
    "set": (bodies.Set, "Change fields."),
    "escalate": (bodies.Escalate, "Up a tier, or to the manager."),
    "de-escalate": (bodies.DeEscalate, "Down a tier."),
    "link": (bodies.Link, "Tie it to another one."),
    "unlink": (bodies.Other, "Tie them no more."),
    "merge": (bodies.Merge, "It is closed and goes on in another."),
    "split": (bodies.Split, "A new one for a part of it."),
    "watch": (bodies.Watch, "Somebody hears of its turns."),
    "unwatch": (bodies.Watch, "They hear no more of it."),
    "task": (bodies.Task, "Add a sub-task, or tick one off."),
    "rca": (bodies.RootCause, "Record the root cause."),
    "vendor": (bodies.Vendor, "Hand it to a vendor, or say how it stands with them."),
    "confirm": (bodies.Confirm, "What the reporter has said: whether it is mended."),
    "survey": (bodies.Survey, "How the reporter rates it."),
    "follow_up": (bodies.FollowUp, "Look at it again then, or say that it was done."),
    "delay": (bodies.Delay, "It takes longer: the reporter and the manager are told."),
    "verify": (bodies.Nothing, "Look at its checks now."),
}


@router.post("/tickets", status_code=201, dependencies=KEYED)
async def open_ticket(hand: Working, sent: bodies.NewTicket) -> Any:
    """Open one. With an Idempotency-Key the same request opens one ticket, however often it comes."""
    config = hand.daemon.config()
    if sent.service is not None and not sees_about(config, hand.person, sent.service):
        raise Problem(422, "service: there is no such service")
    if hand.person.teams is not None and sent.team is not None and not hand.person.sees(sent.team):
        raise Problem(422, "team: there is no such team")
    if hand.person.teams is not None and sent.service is None and sent.team is None:
        raise Problem(422, "team: name one of yours, or a service")
    told = {"channel": "api", **sent.arguments()}
    if hand.key is not None:
        told["origin"] = f"api:{hand.person.way}:{hand.person.name}:{hand.key}"
    found = await hand.do("desk", verb="tickets.open", arguments=told)
    again = {"Idempotency-Replayed": "true"} if found.pop("replayed", False) else {}
    return JSONResponse(found, 201, {"Cache-Control": "no-store", **again})


@router.post("/tickets/bulk")
async def many_tickets(hand: Working, sent: bodies.Many) -> Any:
    """The same for many: of each whether it was done, and why not."""
    body, _ = VERBS[sent.verb]
    try:
        one = body.model_validate(sent.with_)
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, f"arguments.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    outcomes = []
    for ticket in dict.fromkeys(sent.tickets):
        try:
            await _do(hand, sent.verb, ticket, one)
            outcomes.append({"id": ticket, "done": True, "reason": None})
        except Problem as problem:
            outcomes.append({"id": ticket, "done": False, "reason": problem.detail})
    return JSONResponse(outcomes)


def _verb(verb: str, body: type[bodies.Sent], words: str) -> None:
    """An address for each, so that the description has the body of each."""

    async def done(hand: Working, ticket: str, sent: Any) -> Response:
        return await _done(hand, verb, ticket, sent)

    done.__annotations__ = {
        **done.__annotations__,
        "hand": Working,
        "ticket": str,
        "sent": body,
        "return": Any,
    }
    name = verb.replace("-", "_")
    router.add_api_route(
        f"/tickets/{{ticket}}/{verb}", done, methods=["POST"], name=f"{name}_ticket", description=words,
        summary=words, response_model=None, dependencies=SEEN,
    )  # fmt: skip


async def _done(hand: Hand, verb: str, ticket: str, sent: bodies.Sent) -> Response:
    found = await _do(hand, verb, ticket, sent)
    version = found.get("version") if isinstance(found, dict) else None
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return JSONResponse(found, headers={"Cache-Control": "no-store", **headers})


async def _do(hand: Hand, verb: str, ticket: str, sent: bodies.Sent) -> Any:
    told = sent.arguments()
    for name in ("other", "into"):
        if name in told:
            told["other"] = (await hand.ticket(told.pop(name))).number
    if verb == "verify":
        found = await hand.ticket(ticket)
        if hand.version not in (None, found.version):
            raise Problem(412, f"{found.id} was changed meanwhile: it is at version {found.version}")
        return await hand.do("tickets.verify", ticket=found.number)
    return await hand.desk(f"tickets.{verb}", ticket, **told)


Make = Callable[..., Any]
for _name, (_body, _words) in VERBS.items():
    _verb(_name, _body, _words)
