"""An act on a ticket as a form asks for it: fields become arguments, and the verbs of the desk are asked in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agent.control import Refused
from agent.store.reader import NoStore
from agent.web.acts import Act, Field
from agent.web.moments import given
from agent.web.visit import Visit
from alerting.desk.ticket import Ticket, parse_id

_MOST_LINES = 50
_SAYS = {"yes": True, "no": False}


def seen_ticket(visit: Visit, number: int | None) -> Ticket | None:
    """The ticket of that number; None where it is not there, or not theirs. To be used on a thread."""
    if number is None:
        return None
    found = visit.daemon.world().tickets.get(number)
    try:
        if found is None:
            with visit.daemon.store() as store:
                found = store.ticket(number)
    except NoStore:
        return None
    return found if found is not None and visit.sees_ticket(found) else None


def arguments(visit: Visit, act: Act) -> dict[str, Any]:
    """What the fields say; what is empty is left out. Raises Refused. To be used on a thread."""
    found = {each.name: _read(visit, each) for each in act.fields}
    return {**act.fixed, **{name: value for name, value in found.items() if value is not None}}


def kept(visit: Visit, act: Act) -> dict[str, str]:
    """The fields as they were filled in, to be filled in again."""
    return {each.name: visit.form.get(each.name, "")[: each.longest] for each in act.fields}


async def do(visit: Visit, number: int, act: Act, told: dict[str, Any]) -> None:
    """Raises Refused, in the words for the person; what came before that stays done."""
    version = visit.form.get("version", "")
    versioned = act.versioned and version.isascii() and version.isdigit()
    at: int | None = int(version[:9]) if versioned else None
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
