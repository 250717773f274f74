"""The contract of connectors: what delivery asks of a helpdesk, and the ways in which it may answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from alerting.messages import Can, Desired, Known, Observed

__all__ = [
    "Can",
    "Connector",
    "ConnectorType",
    "Finding",
    "Hook",
    "Letter",
    "Limits",
    "Lister",
    "Messenger",
    "Options",
    "Outcome",
    "Poke",
    "Result",
    "Setting",
    "Told",
    "TwinEnder",
]

LONGEST_REMARK = 4000  # characters of what a person wrote over there that are taken in


class Options(BaseModel):
    """Base of a type's own options: frozen; unknown keys are mistakes.

    `tells_people`: its connectors are Messengers.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )
    tells_people: ClassVar[bool] = False

    @property
    def takes_tickets(self) -> bool:
        """Whether a route may lead here."""
        return True

    @property
    def unwise(self) -> str:
        """What the operator is warned of; empty for nothing."""
        return ""


class Outcome(StrEnum):
    """How a call ended, and so what becomes of it.

    `OK`: done, as far as the helpdesk says. `RETRY`: nothing was done for a reason that passes. `PERMANENT`: this
    ticket will never be taken as it is. `IN_DOUBT`: it may or may not have been done. `BROKEN`: the helpdesk takes
    nothing at all (credentials, project, an answer that makes no sense): nothing was done, and no ticket is to blame.
    """

    OK = "ok"
    RETRY = "retry"
    PERMANENT = "permanent"
    IN_DOUBT = "in_doubt"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Result:
    """How a call ended. `observed` is what was seen of the ticket, also where only a part was done.

    Of a `read` that ended OK, None says that there is no such ticket. `after`: seconds that the helpdesk asks us to
    wait. `reason` is for people, without secrets.
    """

    outcome: Outcome
    observed: Observed | None = None
    reason: str = ""
    after: float | None = None

    @classmethod
    def ok(cls, observed: Observed | None = None) -> Result:
        return cls(Outcome.OK, observed)

    @classmethod
    def retry(cls, reason: str, after: float | None = None) -> Result:
        return cls(Outcome.RETRY, reason=reason, after=after)

    @classmethod
    def permanent(cls, reason: str) -> Result:
        return cls(Outcome.PERMANENT, reason=reason)

    @classmethod
    def in_doubt(cls, reason: str) -> Result:
        return cls(Outcome.IN_DOUBT, reason=reason)

    @classmethod
    def broken(cls, reason: str) -> Result:
        return cls(Outcome.BROKEN, reason=reason)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check-up looked at: `what` it is (`login`, `project OPS`, `key field`), and how it stands.

    `ok` None: it could not be made out. `text` says what was seen, or what is wrong and what mends it; no secrets.
    """

    what: str
    ok: bool | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the helpdesk takes. Texts in bytes after encoding; `deadline` is of one call, in seconds.

    `per_minute` calls at most, `burst` of them at once; `at_once` calls run together; between two calls for one ticket
    `per_ticket` seconds pass. `refresh`: an open ticket is applied again this often, or it ends there by itself.
    """

    title: int = 250
    description: int = 30_000
    comment: int = 30_000
    per_minute: float = 120.0
    burst: int = 10
    at_once: int = 4
    per_ticket: float = 0.0
    deadline: float = 60.0
    refresh: float | None = None


class Connector(Protocol):
    """One configured helpdesk. Calls are coroutines that never block the loop; several run at once.

    `visibility_lag`: seconds until what was created is found by its key. Every call may raise: that is IN_DOUBT. A call
    that is cut off at its deadline is too.
    """

    @property
    def capabilities(self) -> frozenset[Can]: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def visibility_lag(self) -> float: ...

    async def check(self) -> Sequence[Finding]:
        """Whether tickets could be delivered: who we are, the project, required fields, the field of the key, states.

        In the order in which they were looked at, nothing left out that a first ticket would run into; it may end at
        the first that makes the others pointless. Changes nothing there. It does not raise for what the helpdesk does.
        """
        ...

    async def apply(self, desired: Desired, known: Known) -> Result:
        """Do what `alerting.messages.todo` says is lacking, and tell what is seen then. Safe to repeat.

        With nothing observed it creates, carrying `desired.key`: delivery has made sure that there is none.
        """
        ...

    async def read(self, known: Known) -> Result:
        """How the ticket stands: by its id where one is known, else by its key.

        A ticket that was found by key counts only when the key was read from it, and is equal. "There is none" is only
        to be said by a session that has just passed as ours: nobody else sees nothing, too.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Lister(Protocol):
    """A connector that can also say which open tickets over there are ours, for the reconciler."""

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        """Open tickets that carry a key of this agent's making, each with its key; at most `most`, the newest first.

        How the asking ended is the Result; the sequence counts only where that is OK.
        """
        ...


@runtime_checkable
class TwinEnder(Protocol):
    """A connector whose helpdesk may hold two tickets of one key, where an answer was lost and the search lagged."""

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        """Every ticket there that carries `known.key` and was written by us, the oldest first, ended ones too."""
        ...

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        """Note on `twin` (internally, where there is such a thing) that `kept` goes on, and end it. Safe to repeat."""
        ...


@dataclass(frozen=True, slots=True)
class Poke:
    """What a webhook of the helpdesk told: look at these tickets now. Nothing else of it is believed.

    `ids` are remote ids, `keys` ours; `answer` is a body to send back, for vendors that want to be greeted.
    """

    ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    answer: bytes = b""


@runtime_checkable
class Hook(Protocol):
    """A connector whose helpdesk calls us when a ticket changed."""

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        """What a call told; None where it does not prove that it comes from there (signature, secret, age).

        Header names in small letters. Pure and quick; raises ValueError where a proven call cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """Something told to one person. `key` is its own for ever: sent again, it is the same letter.

    `first` is the key of the letter that this one goes on from, None where there was none; `at`: microseconds UTC.
    """

    key: str
    to: str
    name: str
    subject: str
    text: str
    at: int
    first: str | None = None


# How sending a letter ended.
Told = Callable[[Letter, Result], Awaitable[None]]


class Messenger(Connector, Protocol):
    """A connector that also tells people something, each at an address of theirs."""

    async def tell(self, letters: Sequence[Letter], told: Told) -> None:
        """Send each, on one connection where that is possible, and say at once how each ended.

        Nobody sees whom else anything was sent to. What `told` never heard of was not begun.
        """
        ...


Below = Callable[[str, str], str]


def nothing_below(_ticket: str, _to: str) -> str:
    """For those whom nobody told of links."""
    return ""


@dataclass(frozen=True, slots=True)
class Setting:
    """Whom a connector is made for: the name of the helpdesk in the configuration, and the agent's id.

    `now` gives seconds since 1970, for vendors that are told moments. `below` gives what stands at the end of a mail
    about a ticket (T-12) to an address: its links are for that address alone, and kept nowhere.
    """

    helpdesk: str
    agent: str
    now: Callable[[], float]
    below: Below = nothing_below


@dataclass(frozen=True, slots=True)
class ConnectorType:
    """A type of helpdesk or channel: its name in `type:`, its own options, and how a connector is made of them.

    `connect` opens no connection and loads what is heavy only now.
    """

    name: str
    summary: str
    options: type[Options]
    connect: Callable[[Any, Setting], Connector]
