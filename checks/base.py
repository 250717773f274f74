"""What every kind of check shares: readings, declared values, the context of a run, the kind itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel, ConfigDict

from config.conditions import Leaf, Measure, measure

if TYPE_CHECKING:
    from checks.network import Network
    from checks.programs import Programs

Scalar: TypeAlias = float | int | str | bool | None


class Status(StrEnum):
    """What one look at a target said; the order of badness is `level`."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


LEVEL: Mapping[Status, int] = {Status.OK: 0, Status.DEGRADED: 1, Status.DOWN: 2}


class ErrorKind(StrEnum):
    """Why a look failed, in few words that fit a metric label."""

    DNS = "dns"
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROTOCOL = "protocol"
    STATUS = "status"
    CONTENT = "content"
    AUTH = "auth"
    QUOTA = "quota"
    POLICY = "policy"
    LOCAL = "local"
    ISOLATED = "isolated"


class Spec(BaseModel):
    """The options of one kind: frozen, unknown keys refused. Every field carries a description."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True, hide_input_in_errors=True
    )


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a kind declares. `unit` is a base unit (`seconds`, `bytes`, `ratio`), `days`, or empty.

    `least` and `most` are limits that it cannot pass; those of the base units need not be said. A `forecast` is the
    time left until something happens that nobody notices before; a `share` is that of the requests that fail.
    """

    name: str
    unit: str
    description: str
    text: bool = False
    least: float | None = None
    most: float | None = None
    whole: bool = False
    forecast: bool = False
    share: bool = False

    @property
    def measure(self) -> Measure:
        """What conditions must know of it."""
        return (
            Measure(text=True) if self.text else measure(self.unit, self.least, self.most, whole=self.whole)
        )


@dataclass(frozen=True, slots=True)
class Perfdata:
    """One measurement as a monitoring plugin printed it: numbers in its own unit, ranges as text, None = not said."""

    label: str
    value: float | None
    uom: str = ""
    warn: str | None = None
    crit: str | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate that a peer sent. Names are shown as RFC 4514 text, moments are seconds since 1970.

    `sha256` is the fingerprint, in hexadecimal; `key` is the sort and size of its key, such as `RSA 2048`.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: float
    ends: float
    serial: str
    sha256: str
    key: str


@dataclass(frozen=True, slots=True)
class Traces:
    """What only a person who looks closely wants to see: addresses of the name, and the peer's chain, leaf first.

    `answered` is the address that did. The headers of the answer need not be filled in by a probe.
    """

    addresses: tuple[str, ...] = ()
    chain: tuple[Certificate, ...] = ()
    answered: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests by the hour in which they were made (its begin in whole seconds since 1970): how many there were, and
    how many of them were answered well.

    They are new: no look before told of them. With `so_far` they are instead all that is known of the hour by now.
    """

    hours: Mapping[int, tuple[int, int]]
    so_far: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """What a probe saw, before any condition judges it.

    `failure` is set when the probe itself failed (the target is down), `blind` when we could not look
    (our fault, a local limit, a permission: unknown). At most one of them is set; both are one line.
    `headers` and `body` are None where the kind has none or they could not be read.
    `says` is the verdict of a program that judges by itself: conditions may make it worse, never better.
    `text` is its first line and becomes the message; it and `long_text` are None for kinds without output.
    `unread` names values that could not be read, each with the reason: to conditions they are unknown, not absent.
    `parts` are several things of one sort (mounts, disks), by name: each is judged by itself, the worst is the
    reading, and of this observation only `notes` and `memo` count.
    `traces` is gathered for a person who looks closely (`Context.closely`), and stored nowhere.
    `requests` are those that others made and that this look learnt of, whatever comes of it.
    What `waits` is unknown as it should be: there is nothing to be known yet, and nobody need be told.
    """

    values: Mapping[str, Scalar] = field(default_factory=dict)
    failure: str | None = None
    blind: str | None = None
    error_kind: ErrorKind | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] | None = None
    body: str | None = None
    whole: bool = True
    memo: Any = None
    notes: tuple[str, ...] = ()
    says: Status | None = None
    text: str | None = None
    long_text: str | None = None
    perfdata: tuple[Perfdata, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Observation] = field(default_factory=dict)
    traces: Traces | None = None
    requests: Requests | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition, the level it asserts, and what came of it; `must_hold` is its suffix, such as `5m`.

    `causes` are the places in `leaves` of those that decided it.
    """

    level: Status
    text: str
    verdict: bool | None
    must_hold: str | None
    leaves: tuple[Leaf, ...]
    causes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One run of a check, judged. `at` is microseconds UTC, `took` seconds.

    `firm` is the worst status that needs no holding time (`for 5m`, `3 of 5`); it equals `status`
    where no condition carries such a suffix. `traces`, and the readings of all `parts`, are there only for a
    person who looks closely. It is a `forecast` where it is degraded by nothing but what is foreseen; `share` is how
    much of the requests fails by the values that it was judged by, None where none tells. `versions` are the headers
    that tell of a version.
    """

    status: Status
    firm: Status
    at: int
    took: float
    message: str
    error_kind: ErrorKind | None = None
    values: Mapping[str, Scalar] = field(default_factory=dict)
    phases: Mapping[str, float] = field(default_factory=dict)
    conditions: tuple[Judged, ...] = ()
    excerpt: str = ""
    notes: tuple[str, ...] = ()
    memo: Any = None
    text: str | None = None
    long_text: str | None = None
    perfdata: tuple[Perfdata, ...] = ()
    traces: Traces | None = None
    parts: Mapping[str, Reading] = field(default_factory=dict)
    requests: Requests | None = None
    forecast: bool = False
    share: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a probe is given: how long it may take (seconds), what it remembered, and the way out.

    `now` is the wall clock in seconds since 1970, `keep_body` how many bytes of an answer's body the
    conditions want to see. `programs` runs them for a probe; without, it begins its own. `asked` names what the
    conditions ask for, so that values which cost extra are measured only then; `closely` asks for all of them
    and for `traces`. `itself` tells how a part of the daemon has done since it was last asked; only a daemon has it.
    """

    timeout: float
    network: Network
    now: float
    memo: Any = None
    keep_body: int = 0
    programs: Programs | None = None
    asked: frozenset[str] = frozenset()
    closely: bool = False
    itself: Callable[[str], Mapping[str, Scalar]] | None = None


Probe: TypeAlias = Callable[[Any, Context], Awaitable[Observation]]
BlockingProbe: TypeAlias = Callable[[Any, Context], Observation]
# (spec, memo, now, since when we listen): moments in seconds since 1970.
Judge: TypeAlias = Callable[[Any, Any, float, float], Observation]


@dataclass(frozen=True, slots=True)
class NamedGauge:
    """How the values that options name stand in /metrics: `tocsin_<kind>_<name>_<unit>{<label>="…"}`."""

    name: str
    label: str
    help: str
    units: tuple[str, ...] = ("",)


_MATCHES = NamedGauge("matches", "pattern", "Counted in the window, by the name of the pattern.")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of check: its options, its probe, the values it declares and its built-in conditions.

    A `blocking` probe is a plain function and runs on a bounded thread pool; any other is a coroutine.
    `down` and `degraded` are the built-in conditions, which the operator's own replace; `always_down`
    gives a condition that options ask for (such as `accept_status`): it stands beside the operator's own
    and replaces the built-in one. With `open_values` a look may bring values that are not declared, and
    conditions may ask for any name; `named` gives those that the options name, where they name all of them, or
    tells what a declared value is in.

    A kind with a `judge` is told instead of looking: what it was told stands in its memo, and it is judged in
    the transaction that the memo is stored in; `probe` is for commands that look once. `turn(spec, memo, now)` is
    the next moment at which time alone changes the verdict. Where `every` is an option of the kind itself, `beat`
    gives how often a check is judged, in seconds. `confirm` is the kind's own default for confirm and recover.
    With `looks_are_requests` each look is a request to the service: good unless it is down, none when unknown.
    """

    name: str
    summary: str
    spec: type[Spec]
    probe: Probe | BlockingProbe
    values: tuple[Value, ...]
    counts_for_uptime: bool
    example: str
    blocking: bool = False
    down: str | None = None
    degraded: str | None = None
    always_down: Callable[[Any], str | None] = lambda _spec: None
    judge: Judge | None = None
    turn: Callable[[Any, Any, float], float | None] = lambda _spec, _memo, _now: None
    beat: Callable[[Any], float] | None = None
    confirm: int | None = None
    looks_are_requests: bool = False
    open_values: bool = False
    named: Callable[[Any], Mapping[str, Measure]] | None = None
    named_gauge: NamedGauge = _MATCHES

    @property
    def value_names(self) -> frozenset[str]:
        return frozenset(value.name for value in self.values)

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {value.name: value.measure for value in self.values}
