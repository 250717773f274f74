"""Time: is this host's clock kept, and does it agree with NTP servers?

Without `servers` only the kernel is asked: `synced` says whether some program (chrony, ntpd, systemd-timesyncd) keeps
the clock, `max_error` how far it can be off by what that program believes. With `servers` the clock is compared
with theirs: one question to each, their median decides, so that one wrong server among three does not matter.
`offset` has no sign; `ahead` is positive where this host's clock is ahead of them. Half of the way there and back
(`delay`) is what the comparison itself can be wrong by.

An answer must carry the random number of its question. Servers that are not synchronised, contradict themselves
or send us away are left out and named in the notes; those that send us away are not asked for an hour. If no
server is left, the check is unknown: nothing was seen of the clock.

A service that may not ask the kernel (`ProtectClock=yes` in its unit) has `synced` told by `timedatectl` and knows
nothing of `max_error` and `kernel_offset`; for these, a drop-in with `ProtectClock=no` and
`SystemCallFilter=adjtimex clock_adjtime` lets it ask, and still it cannot set the clock.
"""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.host_programs import NoAnswer, host_programs
from checks.memo_numbers import is_number
from checks.network import AddressRefused, LookupFailed
from checks.resolver import literal
from checks.text import visible
from checks.time_sync.kernel import kernel_clock
from checks.time_sync.packet import Sample, Unusable
from checks.time_sync.sntp import Silent, ask
from checks.time_sync.spec import TimeSyncSpec, taken_apart

_SENT_AWAY = 3600.0
_MOST_ADDRESSES = 3
_NOT_COMPARED = ("offset", "ahead", "spread", "delay", "stratum", "leap", "usable")
_LEAP = ("none", "insert", "delete")


async def probe(spec: TimeSyncSpec, context: Context) -> Observation:
    """Ask the kernel, and all servers at once."""
    away = _sent_away(context.memo, context.now)
    asked = asyncio.gather(*(_ask(server, context, away) for server in spec.servers))
    (values, notes), answers = await asyncio.gather(_of_kernel(context), asked)
    usable = [answer for answer in answers if isinstance(answer, Sample)]
    refused = [
        f"{visible(server, 80)}: {answer}"
        for server, answer in zip(spec.servers, answers, strict=True)
        if not isinstance(answer, Sample)
    ]
    values |= _compared(usable) if spec.servers else dict.fromkeys(_NOT_COMPARED)
    memo = {"away": away}
    if spec.servers and not usable:
        why = f"no NTP server gave a time: {'; '.join(refused)}"
        return Observation(values=values, blind=why, error_kind=ErrorKind.UNREACHABLE, memo=memo)
    if not spec.servers and values["synced"] is None:
        return Observation(blind=notes[0], error_kind=ErrorKind.LOCAL, memo=memo)
    return Observation(values=values, notes=(*notes, *refused), memo=memo)


async def _of_kernel(context: Context) -> tuple[dict[str, Scalar], list[str]]:
    """Its values, and why some are lacking."""
    try:
        clock = kernel_clock()
    except OSError as error:
        nothing: dict[str, Scalar] = dict.fromkeys(("synced", "max_error", "kernel_offset"))
        why = f"the kernel may not be asked about its clock: {(error.strerror or str(error)).lower()}"
        notes = [f"{why} (allow clock_adjtime in a drop-in of the unit, or set servers)"]
        return nothing | {"synced": await _by_systemd(context)}, notes
    off = clock.most_off if clock.kept else None
    return {"synced": clock.kept, "max_error": off, "kernel_offset": clock.offset}, []


async def _by_systemd(context: Context) -> bool | None:
    """What another process is told by the kernel, where this one may not ask."""
    with host_programs(context) as host:
        try:
            said = await host.ask(("timedatectl", "show", "--property=NTPSynchronized", "--value"))
        except NoAnswer:
            return None
    return {b"yes": True, b"no": False}.get(said.output.strip())


async def _ask(server: str, context: Context, away: dict[str, float]) -> Sample | str:
    """A sample, or why there is none. Whoever sends us away is noted."""
    if server in away:
        return "not asked, since it sent us away within the last hour"
    host, port = taken_apart(server)
    try:
        async with asyncio.timeout(context.timeout * 0.95):
            return await _first(await _addresses(host, context), port, context.timeout * 0.9)
    except Unusable as error:
        if error.kiss:
            away[server] = context.now
        return str(error)
    except (Silent, LookupFailed, AddressRefused) as error:
        return str(error)
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()


async def _addresses(host: str, context: Context) -> Sequence[str]:
    """An address that the operator wrote is asked even if it is link-local: some clouds keep their time there."""
    written = literal(host)
    return (written,) if written else await context.network.resolve(host, timeout=context.timeout / 2)


async def _first(addresses: Sequence[str], port: int, seconds: float) -> Sample:
    """From the first address that we have a way to."""
    for address in addresses[:_MOST_ADDRESSES]:
        try:
            return await ask(address, port, seconds)
        except TimeoutError:
            raise
        except OSError as error:
            unreachable = error
    raise unreachable


def _compared(samples: Sequence[Sample]) -> dict[str, Scalar]:
    if not samples:
        return dict.fromkeys(_NOT_COMPARED) | {"usable": 0}
    offsets = [sample.offset for sample in samples]
    middle = statistics.median(offsets)
    nearest = min(samples, key=lambda sample: abs(sample.offset - middle))
    return {
        "offset": round(abs(middle), 9),
        "ahead": round(-middle, 9),
        "spread": round(max(offsets) - min(offsets), 9),
        "delay": round(nearest.delay, 9),
        "stratum": min(sample.stratum for sample in samples),
        "leap": _LEAP[nearest.leap],
        "usable": len(samples),
    }


def _sent_away(memo: Any, now: float) -> dict[str, float]:
    """Who sent us away within the last hour, and when."""
    told = memo.get("away") if isinstance(memo, dict) else None
    if not isinstance(told, Mapping):
        return {}
    return {str(server): at for server, at in told.items() if is_number(at) and 0 <= now - at < _SENT_AWAY}


KIND = Kind(
    name="time_sync",
    summary="compares this host's clock with NTP servers and asks the kernel whether it is kept",
    spec=TimeSyncSpec,
    probe=probe,
    values=(
        Value("offset", "seconds", "how far the clock is from the servers' median, whichever way"),
        Value(
            "ahead", "seconds", "the same with its sign: positive when this host is ahead", least=-math.inf
        ),
        Value("synced", "", "whether the kernel says that its clock is kept by some program"),
        Value(
            "max_error", "seconds", "how far the clock can be off, by the kernel; absent when it is not kept"
        ),
        Value(
            "kernel_offset",
            "seconds",
            "what the kernel is still to make up for, with its sign",
            least=-math.inf,
        ),
        Value("spread", "seconds", "how far the servers are from each other"),
        Value("delay", "seconds", "time to the server in the middle and back"),
        Value("usable", "", "how many servers gave a time to go by", whole=True, least=0),
        Value("stratum", "", "the best of theirs: 1 has a clock of its own", whole=True, least=1, most=15),
        Value("leap", "", "leap second at the end of the day: `none`, `insert` or `delete`", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: time_sync\nservers: [0.pool.ntp.org, 1.pool.ntp.org, 2.pool.ntp.org]\nevery: 10m\n"
    "degraded: offset > 100ms or synced == false\ndown: offset > 2s\n",
    down="offset > 10s",
    degraded="offset > 500ms or synced == false for 15m",
)
