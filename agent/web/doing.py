"""An act on a ticket as a form asks for it: fields become arguments, and the verbs of the desk are asked in turn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from typing import Any

from agent.control import Refused
from agent.desk.life import STAGES
from agent.store.reader import NoStore
from agent.web.acts import Act, Field
from agent.web.moments import given
from agent.web.visit import Visit
from alerting.desk.fields import CAUSES
from alerting.desk.ticket import Ticket, parse_id
from config.policies import PRIORITIES

_MOST_LINES = 50
_SAYS = {"yes": True, "no": False}


def seen_tickets(visit: Visit, numbers: Collection[int]) -> dict[int, Ticket]:
    """Those of these numbers that are there, and that the person sees. To be used on a thread."""
    world = visit.daemon.world()
    found = {number: each for number in numbers if (each := world.tickets.get(number)) is not None}
    if others := set(numbers) - found.keys():
        with contextlib.suppress(NoStore), visit.daemon.store() as store:
            found |= store.tickets_numbered(others)
    return {number: each for number, each in found.items() if visit.sees_ticket(each)}


def seen_ticket(visit: Visit, number: int | None) -> Ticket | None:
    """The ticket of that number; None where it is not there, or not theirs. To be used on a thread."""
    return None if number is None else seen_tickets(visit, [number]).get(number)


def arguments(visit: Visit, act: Act) -> dict[str, Any]:
    """What the fields say; what is empty is left out. Raises Refused. To be used on a thread."""
    found = {each.name: _read(visit, each) for each in act.fields}
    return {**act.fixed, **{name: value for name, value in found.items() if value is not None}}


def choices(
    visit: Visit, own: str | None = None, stamps: Container[str] = ()
) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The lists that forms choose from; what is of the `own` team comes first, without the stages of `stamps`."""
    config = visit.daemon.config()
    teams = sorted(config.teams.items(), key=lambda each: (each[0] != own, each[0]))
    people = dict.fromkeys(member.name for _, team in teams for member in team.members)
    return {
        "people": [(name, name) for name in people],
        "teams": [(name, team.title or name) for name, team in teams],
        "priorities": [(each, each) for each in PRIORITIES],
        "causes": [(each, each.replace("_", " ")) for each in CAUSES],
        "waits": [("reporter", "the reporter"), ("vendor", "a vendor")],
        "relations": [
            ("related", "related to"),
            ("child_of", "a part of"),
            ("duplicate_of", "a duplicate of"),
        ],
        "vendors": [(name, name) for name in config.vendors],
        "stages": [(each, each) for each in STAGES if each not in stamps],
    }


def kept(visit: Visit, act: Act) -> dict[str, str]:
    """The fields as they were filled in, to be filled in again."""
    return {each.name: visit.form.get(each.name, "")[: each.longest] for each in act.fields}


def version(text: str) -> int | None:
    """As forms carry it."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


async def do(visit: Visit, number: int, act: Act, told: dict[str, Any], at: int | None) -> None:
    """On version `at` of the ticket. Raises Refused, in the words for the person; what came before stays done."""
    at = at if act.versioned else None
    for verb, asked in _steps(act, told):
        with_version = {**asked, "version": at} if at is not None else asked
        if verb == "verify":
            answer = await visit.do("tickets.verify", ticket=number)
        else:
            answer = await visit.desk(f"tickets.{verb}", ticket=number, **with_version)
        at = answer.get("version") if at is not None and isinstance(answer, Mapping) else None


def _steps(act: Act, told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Most are one verb; a few say in one form what the desk takes one after the other."""
    told = dict(told)
    until = told.pop("until", None) if act.name == "pend" else None
    if act.name == "resolve" and (cause := _without(told, "cause", "cause_text")):
        yield "set", {"changes": cause}
    if act.name == "priority":
        told = {"changes": told}
    if act.name == "split" and "lines" in told:
        told["lines"] = _numbers(told["lines"])
    yield act.verb, told
    if until is not None:
        yield "follow_up", {"at": until, "reason": told.get("note", "")}


def _without(told: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those of the names that are there, taken out."""
    return {name: told.pop(name) for name in names if name in told}


def _read(visit: Visit, field: Field) -> Any:
    text = visit.form.get(field.name, "").strip()
    if not text:
        if field.needed:
            raise Refused(f"{field.label}: is missing")
        return None
    if len(text) > field.longest:
        raise Refused(f"{field.label}: at most {field.longest} characters, got {len(text)}")
    return _READERS.get(field.kind, _as_it_is)(visit, field, text)


def _as_it_is(_visit: Visit, _field: Field, text: str) -> str:
    return text


def _ticket(visit: Visit, _field: Field, text: str) -> int:
    """Its number, where the person sees it."""
    found = seen_ticket(visit, parse_id(text))
    if found is None:
        raise Refused(f"there is no ticket {text[:20]}")
    return found.number


def _number(_visit: Visit, field: Field, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(f"{field.label}: expected a number")
    return int(text)


def _numbers(text: str) -> list[int]:
    words = text.replace(",", " ").split()
    if not all(each.isascii() and each.isdigit() and len(each) < 7 for each in words):
        raise Refused("lines: expected numbers, such as 2, 5")
    return [int(each) for each in words]


def _lines(_visit: Visit, field: Field, text: str) -> list[str]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > _MOST_LINES:
        raise Refused(f"{field.label}: at most {_MOST_LINES} lines")
    return lines


def _said(_visit: Visit, field: Field, text: str) -> bool:
    if text not in _SAYS:
        raise Refused(f"{field.label}: say yes or no")
    return _SAYS[text]


_READERS: Mapping[str, Callable[[Visit, Field, str], Any]] = {
    "ticket": _ticket,
    "number": _number,
    "lines": _lines,
    "said": _said,
    "tick": lambda _visit, _field, _text: True,
    "moment": lambda visit, _field, text: given(visit, text),
}
