"""What people ask of planned work, silences and pauses, and what becomes of it: the same with a daemon and without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import Connection

from agent.store.maintenance import NoSuchWork, PlannedWork, Work
from agent.store.suppressions import NoSuchSuppression, Pen, Record, Suppressions
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Match, Suppression, restore
from alerting.slo.figures import rfc3339
from checks.text import visible

LONGEST_TEXT = 500
_SECOND = 1_000_000
_YEAR = 366 * 86_400 * _SECOND
_ID = r"^[A-Z]-[0-9]{1,9}$"
_MOST_NAMES = 10_000
_LONGEST_FAULT = 200
Document = dict[str, Any]
Name = Annotated[str, StringConstraints(max_length=200)]
Names = Annotated[tuple[Name, ...], Field(max_length=_MOST_NAMES)]
_LAST = 253_402_300_799_000_000  # the end of the year 9999
Moment = Annotated[int, Field(ge=0, le=_LAST)]


class CannotPlan(Exception):
    """It cannot be done that way; the text is for the person who asked. `usage`: whatever is stored, it never could."""

    def __init__(self, text: str, *, usage: bool = True) -> None:
        super().__init__(text)
        self.usage = usage


class Asked(BaseModel):
    """A request as it comes through the socket. Moments are microseconds UTC, `lasts` seconds.

    `names` are services and checks, `match` is what else a silence is for, `id` is what is to be changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=_ID)] | None = None
    names: Names = ()
    match: Mapping[str, Names | Mapping[Name, Name]] = Field(default_factory=dict)
    start: Moment | None = None
    end: Moment | None = None
    lasts: Annotated[float, Field(gt=0, le=2 * 366 * 86_400)] | None = None
    reason: Annotated[str, StringConstraints(max_length=10_000)] = ""
    by: Annotated[str, StringConstraints(max_length=10_000)] = ""

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> Asked:
        """Raises CannotPlan."""
        try:
            return cls.model_validate(arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise CannotPlan(visible(f"{where}: {first['msg']}", _LONGEST_FAULT)) from None

    def times(self, now: int) -> tuple[int, int]:
        """When it begins and ends. Raises CannotPlan."""
        start = now if self.start is None else self.start
        if (self.end is None) == (self.lasts is None):
            raise CannotPlan("say when it ends: either at a moment or after a while")
        end = self.end if self.end is not None else start + int((self.lasts or 0) * _SECOND)
        if end <= now:
            raise CannotPlan("that is over already")
        if end <= start:
            raise CannotPlan("it must end after it begins")
        return start, min(end, _LAST)

    @property
    def number(self) -> int:
        """Of what is to be changed. Raises CannotPlan."""
        if self.id is None:
            raise CannotPlan("say which one")
        return int(self.id.partition("-")[2])

    @property
    def name(self) -> str:
        """The one service or check. Raises CannotPlan."""
        if len(self.names) != 1 or not self.names[0]:
            raise CannotPlan("name one service or check")
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, by whom it is asked, and when."""

    asked: Asked
    who: str
    now: int

    @property
    def by(self) -> str:
        """The name that was given, or else the login."""
        return visible(self.asked.by, LONGEST_TEXT) or self.who

    @property
    def reason(self) -> str:
        return visible(self.asked.reason, LONGEST_TEXT)


class Books:
    """Planned work, silences and pauses of one agent, within the transaction of the caller."""

    def __init__(self, connection: Connection, agent: str, pen: Pen | None = None) -> None:
        self.works = PlannedWork(connection, agent, pen)
        self.suppressions = Suppressions(connection, agent, pen)


def carry_out(command: str, request: Request, books: Books) -> Any:
    """Do what is asked; gives a document to print. Raises CannotPlan with the reason, KeyError for another command."""
    try:
        return COMMANDS[command](request, books)
    except (NoSuchWork, NoSuchSuppression) as error:
        raise CannotPlan(str(error), usage=False) from None


def _announce(request: Request, books: Books) -> Document:
    start, end = request.asked.times(request.now)
    planned = Work(0, request.asked.names, start, end, request.reason, request.who)
    return work_document(books.works.record(planned, request.now), request.now)


def _end_work(request: Request, books: Books) -> Document:
    at = request.now if request.asked.end is None else request.asked.end
    return work_document(books.works.end(request.asked.number, at, request.who, request.now), request.now)


def _cancel_work(request: Request, books: Books) -> Document:
    return work_document(books.works.cancel(request.asked.number, request.who, request.now), request.now)


def _add_silence(request: Request, books: Books) -> Document:
    match = restore({**request.asked.match, "names": request.asked.names})
    return record_document(
        books.suppressions.add(_new(Why.SILENCE, match, request), request.now), request.now
    )


def _end_silence(request: Request, books: Books) -> Document:
    record = books.suppressions.found(Why.SILENCE, request.asked.number)
    return record_document(books.suppressions.end(record, request.by, request.now), request.now)


def _pause(request: Request, books: Books) -> Document:
    """One that is paused already is paused anew, under the same id."""
    name = request.asked.name
    pause = _new(Why.PAUSE, Match(names=(name,)), request)
    before = [each for each in _pauses(request, books) if each.now.match.names == (name,)]
    if before:
        longer = replace(pause, start=before[-1].now.start)
        record = books.suppressions.change(before[-1], longer, request.now)
    else:
        record = books.suppressions.add(pause, request.now)
    return record_document(record, request.now)


def _resume(request: Request, books: Books) -> list[Document]:
    """A service is resumed with all of its checks that are paused by themselves."""
    name = request.asked.name
    running = _pauses(request, books)
    ends = [each for each in running if each.now.match.names[0].partition(".")[0] == name]
    ends = ends or [each for each in running if each.now.match.names == (name,)]
    service = name.partition(".")[0]
    wider = next((each.now for each in running if each.now.match.names == (service,)), None)
    if not ends and wider is not None:
        raise CannotPlan(f"{name} is paused with its service ({wider.id}): resume {service}", usage=False)
    if not ends:
        raise CannotPlan(f"{name} is not paused", usage=False)
    ended = [books.suppressions.end(each, request.by, request.now) for each in ends]
    return [record_document(each, request.now) for each in ended]


def _pauses(request: Request, books: Books) -> list[Record]:
    return [each for each in books.suppressions.all(Why.PAUSE) if each.now.holds_at(request.now)]


def _new(why: Why, match: Match, request: Request) -> Suppression:
    """Nothing is held back afterwards, nor for ever. Raises CannotPlan."""
    start, end = request.asked.times(request.now)
    if max(end - max(start, request.now), start - request.now) > _YEAR:
        raise CannotPlan("at most a year: what nobody wants to hear of at all is to be `disabled:`")
    if not request.reason.strip():
        raise CannotPlan("say why, with --reason")
    return Suppression("", why, max(start, request.now), end, request.reason, request.by, match)


COMMANDS: Mapping[str, Callable[[Request, Books], Any]] = {
    "maintenance.add": _announce,
    "maintenance.end": _end_work,
    "maintenance.cancel": _cancel_work,
    "silence.add": _add_silence,
    "silence.end": _end_silence,
    "pause": _pause,
    "resume": _resume,
}


def work_document(work: Work, now: int) -> Document:
    """Planned work as JSON; `services` is empty for all of them."""
    return {
        "id": work.id,
        "state": work.state(now),
        "services": list(work.services),
        "from": rfc3339(work.start),
        "to": rfc3339(work.end),
        "reason": work.reason,
        "by": work.by,
        "plan": work.plan,
        "announced_at": rfc3339(work.editions[0].at),
    }


def record_document(record: Record, now: int) -> Document:
    """A silence or pause as JSON; `by` is who made it, and `history` what everybody else made of it."""
    return {
        **_stood(record.now),
        "by": record.author,
        "state": record.now.state(now),
        "created_at": rfc3339(record.history[0][0]),
        "history": [{"at": rfc3339(at), **_stood(suppression)} for at, suppression in record.history],
    }


def _stood(suppression: Suppression) -> Document:
    return {
        "id": suppression.id,
        "match": match_document(suppression.match),
        "from": rfc3339(suppression.start),
        "until": rfc3339(suppression.end),
        "reason": suppression.reason,
        "by": suppression.by,
    }


def match_document(match: Match) -> Document:
    """What a suppression is for, in the words of the command."""
    return {
        "service": [name for name in match.names if "." not in name],
        "check": [name for name in match.names if "." in name],
        "team": list(match.team),
        "severity": list(match.severity),
        "criticality": list(match.criticality),
        "environment": list(match.environment),
        "labels": dict(match.labels),
    }
