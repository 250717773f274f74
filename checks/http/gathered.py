"""HTTP: what one look gathers over all its hops, and how it is told at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from checks.base import Certificate, Context, Observation, Scalar, Traces
from checks.connection import Fault
from checks.http.answer import Answer
from checks.http.cookies import Jar
from checks.http.handshakes import HANDSHAKE_VALUES
from checks.http.security import HEADER_VALUES
from checks.http.spec import HttpSpec

CERTIFICATE_VALUES = frozenset({"cert_issuer", "cert_names"})
EXTRAS = CERTIFICATE_VALUES | HANDSHAKE_VALUES | HEADER_VALUES | {"body_hash"}


@dataclass(slots=True)
class Look:
    """One look: what is asked for, and what has been gathered so far.

    `began` is when the time given began to run, `started` when this look did (both on the performance counter):
    a token may have been fetched in between. `ended` is when the last transfer did: what is found out afterwards,
    as by a handshake of our own, is no part of the answer's time. `home` is the host of the URL; `wants` names the
    values that cost extra and are asked for.
    """

    spec: HttpSpec
    context: Context
    began: float = field(default_factory=time.perf_counter)
    started: float = field(default_factory=time.perf_counter)
    home: str = ""
    wants: frozenset[str] = frozenset()
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    redirects: int = 0
    ended: float | None = None
    cookies: Jar = ()
    addresses: tuple[str, ...] = ()
    chain: tuple[Certificate, ...] = ()
    unread: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wants = EXTRAS if self.context.closely else EXTRAS & self.context.asked

    @property
    def left(self) -> float:
        """Seconds to the deadline, never quite none."""
        return max(0.001, self.began + self.context.timeout - time.perf_counter())

    def add(self, phases: dict[str, float]) -> None:
        """Count the phases of one hop."""
        for name, seconds in phases.items():
            self.phases[name] = self.phases.get(name, 0.0) + seconds

    def failed(self, error: Fault, answer: Answer | None = None) -> Observation:
        """The end of a look that got no whole answer."""
        if error.blind:
            return self.observation(blind=error.message, error_kind=error.kind)
        headers = answer.headers() if answer and answer.begun else None
        return self.observation(failure=error.message, error_kind=error.kind, headers=headers)

    def observation(self, **found: object) -> Observation:
        """The end of the look: measured values, and what else was found."""
        rounded = {name: round(seconds, 6) for name, seconds in self.phases.items()}
        latency = round((self.ended or time.perf_counter()) - self.started, 6)
        values = {**rounded, "latency": latency, "redirects": self.redirects, **self.values}
        if self.context.closely:
            found["traces"] = Traces(self.addresses, self.chain, answered=str(self.values.get("ip") or ""))
        return Observation(values=values, phases=rounded, unread=self.unread, **found)  # type: ignore[arg-type]  # keywords are checked by callers
