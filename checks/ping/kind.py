"""Ping: does a host answer ICMP echo requests, how fast, and how many are lost?

One look sends `count` requests and waits for the answers. When none comes back, the target is down; when some do,
`loss` is the share that did not. The addresses of a name are tried in turn until one of them answers anything.
What routers say of requests that did not arrive (host unreachable, TTL exceeded, administratively prohibited)
becomes the reason.

No privilege is needed where the kernel lets the group of the service ping: the sysctl `net.ipv4.ping_group_range`,
for IPv6 too, which many distributions open to all. `systemd/tocsin.sysctl` opens it. Elsewhere `CAP_NET_RAW` is;
without either the check is unknown.
"""

from __future__ import annotations

import asyncio
import statistics

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Traces, Value
from checks.connection import Deadline, Fault, together
from checks.hosts import addresses_of
from checks.ping.door import opened
from checks.ping.exchange import Exchange, Plan, Tally
from checks.ping.spec import PingSpec
from checks.text import visible

_BUSY = "this host was too busy to send a request in time"


async def probe(spec: PingSpec, context: Context) -> Observation:
    """Ping each address until one answers."""
    deadline = Deadline.after(context.timeout)
    values: dict[str, Scalar] = dict.fromkeys(value.name for value in VALUES)
    addresses: tuple[str, ...] = ()
    phases: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    fault: Fault | None = None
    try:
        addresses = await addresses_of(spec.host, context, deadline, spec.ip)
        phases["resolve"] = round(context.timeout - deadline.left, 6)
        notes = await _in_turn(addresses, spec, deadline, values)
    except Fault as raised:
        fault = raised
    return Observation(
        values=values,
        failure=fault.message if fault and not fault.blind else None,
        blind=fault.message if fault and fault.blind else None,
        error_kind=fault.kind if fault else None,
        phases=phases,
        notes=notes,
        traces=Traces(addresses) if context.closely else None,
    )


async def _in_turn(
    addresses: tuple[str, ...], spec: PingSpec, deadline: Deadline, values: dict[str, Scalar]
) -> tuple[str, ...]:
    """The notes on the first address that answers; `values` are its own. Raises Fault when none does."""
    faults: list[Fault] = []
    for tried, address in enumerate(addresses):
        share = deadline.left / (len(addresses) - tried)
        if share == 0:
            break
        try:
            tally = await _pinged(address, spec, share)
        except Fault as fault:
            faults.append(fault)
            values.update(loss=None if fault.blind else 1.0, ip=address)
            continue
        values.update(_figures(tally), ip=address)
        if tally.times:
            return (*(fault.message for fault in faults), *_notes(tally))
        faults.append(_silence(tally, address))
    raise together(faults or [Fault(_BUSY, ErrorKind.LOCAL)])


async def _pinged(address: str, spec: PingSpec, seconds: float) -> Tally:
    """One address within so many seconds. Raises Fault when nothing can be sent there."""
    plan = _plan(spec, seconds)
    with opened(address, spec) as door:
        return await Exchange(door, int(spec.size), plan).run()


def _plan(spec: PingSpec, seconds: float) -> Plan:
    gaps = spec.count - 1
    interval = min(spec.interval, seconds / 2 / gaps) if gaps else 0.0
    return Plan(spec.count, interval, spec.wait, asyncio.get_running_loop().time() + seconds)


def _figures(tally: Tally) -> dict[str, Scalar]:
    times = [*tally.times.values()]
    figures: dict[str, Scalar] = {"loss": tally.unanswered / len(tally.sent) if tally.sent else None}
    if times:
        mean = statistics.fmean(times)
        shown = {
            "latency": mean,
            "min": min(times),
            "avg": mean,
            "max": max(times),
            "stddev": statistics.pstdev(times, mean),
        }
        figures |= {name: round(seconds, 6) for name, seconds in shown.items()} | {"ttl": tally.ttl}
    return figures


def _silence(tally: Tally, address: str) -> Fault:
    """Why nothing came back from an address."""
    if not tally.sent:
        kept = [Fault(told.text, told.kind) for told in tally.kept.values()]
        return kept[0] if kept else Fault(_BUSY, ErrorKind.LOCAL)
    if tally.reasons:
        texts = "; ".join(dict.fromkeys(refusal.text for refusal in tally.reasons[:3]))
        return Fault(f"no answer from {address}: {visible(texts)}", tally.reasons[0].kind)
    return Fault(f"no answer from {address} to {_counted(len(tally.sent))}", ErrorKind.TIMEOUT)


def _counted(requests: int) -> str:
    return f"{requests} request{'s' * (requests != 1)}"


def _notes(tally: Tally) -> tuple[str, ...]:
    """What the values do not say of a target that answered some requests."""
    notes = [f"no answer to some requests: {refusal.text}" for refusal in tally.reasons[:3]]
    notes += [f"not sent: {text}" for text in dict.fromkeys(refusal.text for refusal in tally.kept.values())]
    if tally.twice:
        notes.append(
            f"{tally.twice} more {'answers' if tally.twice > 1 else 'answer'} to requests answered already"
        )
    return tuple(map(visible, notes))


VALUES = (
    Value("loss", "ratio", "share of requests that got no answer"),
    Value("latency", "seconds", "time from request to answer, the mean"),
    Value("max", "seconds", "the longest time from request to answer"),
    Value("min", "seconds", "the shortest"),
    Value("avg", "seconds", "the mean, as `latency`"),
    Value("stddev", "seconds", "how far the times are spread: their standard deviation"),
    Value(
        "ttl", "", "TTL (IPv6: hop limit) that the last answer arrived with", least=0, most=255, whole=True
    ),
    Value("ip", "", "the address that was pinged", text=True),
)
KIND = Kind(
    name="ping",
    summary="pings a host and judges how many requests are lost and how fast answers come",
    spec=PingSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=True,
    degraded="loss > 20%",
    example="type: ping\nhost: gateway.example.org\ncount: 10\ndegraded: loss > 5% or latency > 80ms\n",
)
