"""DNS: what several servers told, put together into one observation: who failed, who differs, how far apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from checks.base import Observation, Scalar, Traces
from checks.connection import Fault, together
from checks.dns.asking import Told
from checks.text import visible

# Serials are a circle (RFC 1982).
WHOLE_CIRCLE = 2**32


def put_together(told: Sequence[Told], *, closely: bool) -> Observation:
    """One observation of all servers: down when none answered rightly."""
    right = [each for each in told if each.wrong is None]
    values, phases = _values_of(next(iter(right), None) or _best(told))
    values |= _compared(told)
    traces = _traces(told) if closely else None
    if not right:
        return _failed(told, values, phases, traces)
    unseen = [each for each in told if each.wrong is not None and each.wrong.blind]
    values["servers_failed"] = len(told) - len(right) - len(unseen)
    blind = f"not all servers could be asked: {_complaints(unseen)}" if unseen else ""
    return Observation(
        values=values,
        phases=phases,
        text=_trouble(told, values) or None,
        unread={"servers_failed": blind, "agree": blind} if unseen else {},
        traces=traces,
    )


def _traces(told: Sequence[Told]) -> Traces:
    heard = [each.heard for each in told if each.heard is not None]
    return Traces(
        addresses=tuple(dict.fromkeys(each for one in told for each in one.addresses)),
        chain=next((each.chain for each in heard if each.chain), ()),
    )


def _failed(
    told: Sequence[Told],
    values: dict[str, Scalar],
    phases: dict[str, float] | None = None,
    traces: Traces | None = None,
) -> Observation:
    fault = together([_named(each, among=told) for each in told if each.wrong is not None])
    return Observation(
        values={**values, "servers_failed": None if fault.blind else len(told)},
        failure=None if fault.blind else fault.message,
        blind=fault.message if fault.blind else None,
        error_kind=fault.kind,
        phases=phases or {},
        traces=traces,
    )


def _best(told: Sequence[Told]) -> Told:
    """A wrong answer tells more than none."""
    return next((each for each in told if each.heard is not None), told[0])


def _values_of(told: Told) -> tuple[dict[str, Scalar], dict[str, float]]:
    heard = told.heard
    if heard is None:
        return {"server": str(told.server)}, {}
    reply, phases = heard.reply, {name: round(seconds, 6) for name, seconds in heard.phases.items()}
    values: dict[str, Scalar] = {
        "rcode": reply.rcode,
        "answers": reply.text or None,
        "latency": round(sum(seconds for name, seconds in phases.items() if name != "resolve"), 6),
        "answer_count": len(reply.answer),
        "authority_count": len(reply.authority),
        "additional_count": len(reply.additional),
        "ttl": reply.ttl,
        "authenticated": reply.authenticated,
        "authoritative": reply.authoritative,
        "recursion_available": reply.recursion_available,
        "truncated": heard.truncated,
        "tries": heard.sent,
        "serial": reply.serial,
        "cert_days": heard.cert_days,
        "server": str(told.server),
        "ip": heard.address or None,
        "transport": heard.transport,
    }
    return values, phases


def _compared(told: Sequence[Told]) -> dict[str, Scalar]:
    """Do those who answered say the same? Nothing where fewer than two did."""
    replies = [each.heard.reply for each in told if each.heard is not None]
    serials = [reply.serial for reply in replies if reply.serial is not None]
    drift = max((min(_ahead(a, b), _ahead(b, a)) for a, b in permutations(serials, 2)), default=None)
    agree = len({reply.says for reply in replies}) == 1 if len(replies) > 1 else None
    return {"serial_drift": drift, "agree": agree}


def _ahead(serial: int, other: int) -> int:
    """How many steps lead from the other serial to this one."""
    return (serial - other) % WHOLE_CIRCLE


def _trouble(told: Sequence[Told], values: dict[str, Scalar]) -> str:
    """Who failed, and who says what where they disagree; empty when all is well."""
    said = [_complaints([each for each in told if each.wrong is not None])]
    if values["agree"] is False:
        heard = [each for each in told if each.heard is not None]
        said.append(", but ".join(f"{each.server} says {_says(each)}" for each in heard))
    return "; ".join(filter(None, said))


def _says(told: Told) -> str:
    assert told.heard is not None  # only of those that answered
    return visible(told.heard.reply.text or told.heard.reply.rcode, 60)


def _complaints(told: Sequence[Told]) -> str:
    return "; ".join(_named(each, among=told).message for each in told)


def _named(told: Told, *, among: Sequence[Told]) -> Fault:
    """The fault with its server's name, where that is not said in it."""
    assert told.wrong is not None  # only of those that failed
    plain = len(among) == 1 or str(told.server) in told.wrong.message
    return told.wrong if plain else Fault(f"{told.server}: {told.wrong.message}", told.wrong.kind)
