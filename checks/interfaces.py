"""Network: is the link up, how much goes through it, and how much of that is lost?

The rates are over the time since the check's last run; on the first one it looks twice, 0.2 s apart. With
`interface: all` every network card is judged by itself, and the reading is that of the worst. Bridges, bonds,
VLANs and tunnels are left out, since the cards below tell of them; where there is no card, as in a container,
every interface but `lo` is looked at. A card without a cable is no problem: only one whose link was up at an
earlier look is missed.

An interface named here that was there at an earlier look and has gone is down; one that was never there is a
mistake in the configuration, and unknown.

`drops` count packets that the host threw away, also those of protocols that it does not speak: a few on a
quiet line are normal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

import psutil
from pydantic import Field, model_validator

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.proc import unreadable
from checks.rates import Counters, Meter, Passed, known_before, passed_blocking
from checks.text import visible

ALL = "all"


class NetworkSpec(Spec):
    """Which interfaces."""

    interface: str = Field(
        ALL,
        description="an interface, as `ip link` shows it; or `all`: every network card",
        examples=["eth0"],
        min_length=1,
        max_length=15,
    )
    exclude: tuple[str, ...] = Field(
        (), description="with `all`: names to leave out, with `*`", examples=[["usb*"]]
    )

    @model_validator(mode="after")
    def _exclude_leaves_out_of_all(self) -> Self:
        if self.exclude and self.interface != ALL:
            raise ValueError("exclude: only interface: all can leave anything out")
        return self


def probe(spec: NetworkSpec, context: Context) -> Observation:
    """Compare with the counters of the last run, or look twice."""
    try:
        passed = passed_blocking(Meter(lambda: _counters(spec)), context)
        links = _links()
    except OSError as error:
        return unreadable(error, context.memo)
    if not passed.after.counters:
        return _nothing(spec, context)
    return observe(passed, links, _seen_up(context.memo), every=spec.interface == ALL)


@dataclass(frozen=True, slots=True)
class Link:
    """Whether packets can pass; bits per second in one direction, None where there is no such figure."""

    up: bool
    speed: int | None


def observe(passed: Passed, links: Mapping[str, Link], seen_up: Set[str], *, every: bool) -> Observation:
    """One part for each interface, those that are down first, then by the share of the line that is used.

    With `every`, one whose link was never seen up is left out, unless that is so of all.
    """
    now = {name: links.get(name, Link(up=False, speed=None)) for name in passed.after.counters}
    up = {name for name, link in now.items() if link.up or name in seen_up}
    watched = up if every and up else now
    seen = {name: _values(passed, name, link) for name, link in now.items() if name in watched}
    worst_first = sorted(seen.items(), key=lambda each: (bool(each[1]["up"]), -float(each[1]["util"] or 0)))
    return Observation(
        parts={visible(name): Observation(values=values) for name, values in worst_first},
        memo={**passed.memo, "up": sorted(up)},
        notes=passed.gone,
    )


def figures(passed: Passed, name: str) -> dict[str, float | None]:
    """Per second and as shares of the packets; None when the interface came only now, or began to count anew."""
    moved = passed.moved(name)
    if moved is None or passed.seconds <= 0:
        return dict.fromkeys(("rx_rate", "tx_rate", "errors", "error_share", "drops", "drop_share"))
    tried = moved["packets"] + moved["errors"] + moved["drops"]
    return {
        "rx_rate": moved["received"] / passed.seconds,
        "tx_rate": moved["sent"] / passed.seconds,
        "errors": moved["errors"] / passed.seconds,
        "error_share": moved["errors"] / tried if tried else 0.0,
        "drops": moved["drops"] / passed.seconds,
        "drop_share": moved["drops"] / tried if tried else 0.0,
    }


def _values(passed: Passed, name: str, link: Link) -> dict[str, Scalar]:
    seen = figures(passed, name)
    rates = [rate for rate in (seen["rx_rate"], seen["tx_rate"]) if rate is not None]
    util = min(1.0, max(rates) * 8 / link.speed) if rates and link.speed else None
    return {**seen, "util": util, "up": link.up, "speed": link.speed, "interface": visible(name)}


def _links() -> dict[str, Link]:
    every = psutil.net_if_stats()
    return {
        name: Link(each.isup, each.speed * 1_000_000 if each.speed > 0 else None)
        for name, each in every.items()
    }


def _counters(spec: NetworkSpec) -> Counters:
    """/proc/net/dev, both directions together but for the bytes."""
    every = psutil.net_io_counters(pernic=True, nowrap=False)
    wanted = [name for name in every if _wanted(spec, name)]
    watched = cards(wanted) if spec.interface == ALL else wanted
    return {
        name: {
            "received": each.bytes_recv,
            "sent": each.bytes_sent,
            "packets": each.packets_recv + each.packets_sent,
            "errors": each.errin + each.errout,
            "drops": each.dropin + each.dropout,
        }
        for name, each in every.items()
        if name in watched
    }


def _wanted(spec: NetworkSpec, name: str) -> bool:
    if spec.interface != ALL:
        return name == spec.interface
    return name != "lo" and not any(fnmatchcase(name, each) for each in spec.exclude)


def cards(names: Iterable[str], classes: Path = Path("/sys/class/net")) -> list[str]:
    """Those with a device behind them; all of them where none has one."""
    every = list(names)
    return [name for name in every if (classes / name / "device").exists()] or every


def _seen_up(memo: Any) -> frozenset[str]:
    names = memo.get("up") if isinstance(memo, dict) else None
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )


def _nothing(spec: NetworkSpec, context: Context) -> Observation:
    shown = visible(spec.interface)
    if spec.interface == ALL:
        told = "there is no interface to look at but lo" + (" (check `exclude`)" if spec.exclude else "")
    elif known_before(context.memo):
        why = f"{shown} has gone: it was there at an earlier look"
        return Observation(failure=why, error_kind=ErrorKind.UNREACHABLE, memo=context.memo)
    else:
        told = f"there is no interface {shown} on this host (see `ip link`)"
    return Observation(blind=told, error_kind=ErrorKind.LOCAL, memo=context.memo)


KIND = Kind(
    name="network",
    summary="measures what goes through the network cards of this host, what is lost, and whether the link is up",
    spec=NetworkSpec,
    probe=probe,
    values=(
        Value("rx_rate", "bytes", "bytes received per second"),
        Value("tx_rate", "bytes", "bytes sent per second"),
        Value(
            "util",
            "ratio",
            "share of the line's speed that the busier direction takes; absent without a speed",
        ),
        Value("up", "", "whether packets can pass: switched on, and with a link"),
        Value("errors", "", "damaged or failed packets per second"),
        Value("error_share", "ratio", "share of the packets that they are"),
        Value("drops", "", "packets per second that were thrown away"),
        Value("drop_share", "ratio", "share of the packets that they are"),
        Value("speed", "", "bits per second in one direction; absent where the interface has no such figure"),
        Value("interface", "", "the interface that these figures are of", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: network\ninterface: eth0\ndown: up == false\ndegraded: error_share > 1% or util > 90% for 10m\n",
    blocking=True,
    down="up == false",
    degraded="error_share > 1% and errors > 1 or drop_share > 5% and drops > 10 for 5m",
)
