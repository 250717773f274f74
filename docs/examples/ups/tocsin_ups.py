"""UPS: does mains power come in, how full are the batteries, and for how long will they last?

The `upsd` of Network UPS Tools is asked for the variables of one UPS, in the protocol of RFC 9271.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Value
from checks.connection import Deadline, Fault, connected, reason
from checks.hosts import Host, addresses_of
from checks.text import visible

PORT = 3493
MOST_READ = 64 * 1024
# `VAR name variable "value"`; a quotation mark or backslash in a value has a backslash before it.
_LINE = re.compile(r'VAR \S+ (\S+) "((?:[^"\\]|\\.)*)"')
# What upsd answers when it cannot say anything of the UPS: that tells nothing of the UPS itself.
_CANNOT_SAY = {
    "UNKNOWN-UPS": "upsd knows no UPS called {ups} (upsc -l lists them)",
    "ACCESS-DENIED": "upsd does not talk to this host (see LISTEN and the firewall there)",
    "DRIVER-NOT-CONNECTED": "upsd has lost the driver of {ups} (upsdrvctl start)",
    "DATA-STALE": "the driver of {ups} has told upsd nothing for a while",
}


class UpsSpec(Spec):
    """Which UPS, and where its upsd listens."""

    ups: str = Field(
        pattern=r"^[\w.-]{1,64}$", description="name of the UPS, as in ups.conf", examples=["rack1"]
    )
    host: Host = Field("localhost", description="where upsd runs", examples=["ups.example.org"])
    port: int = Field(PORT, ge=1, le=65535, description="port of upsd")


async def probe(spec: UpsSpec, context: Context) -> Observation:
    """One list of variables, within the check's timeout."""
    deadline = Deadline.after(context.timeout)
    try:
        addresses = await addresses_of(spec.host, context, deadline)
        answer = await _asked(spec, addresses, deadline)
        variables = dict(_variables(answer, spec.ups))
    except Fault as fault:
        return Observation(
            failure=None if fault.blind else fault.message,
            blind=fault.message if fault.blind else None,
            error_kind=fault.kind,
        )
    latency = round(context.timeout - deadline.left, 6)
    return Observation(values={**_values(variables), "latency": latency})


async def _asked(spec: UpsSpec, addresses: tuple[str, ...], deadline: Deadline) -> str:
    """All that upsd says, to the end of the list or to an error. Raises Fault."""
    async with connected(addresses, spec.port, deadline) as link:
        heard = bytearray()
        try:
            async with asyncio.timeout(deadline.left):
                link.writer.write(f"LIST VAR {spec.ups}\n".encode())
                await link.writer.drain()
                while len(heard) < MOST_READ and not _is_whole(heard):
                    chunk = await link.reader.read(MOST_READ - len(heard))
                    if not chunk:
                        break
                    heard += chunk
        except TimeoutError:
            raise Fault(f"no answer from {link.where} within {deadline}", ErrorKind.TIMEOUT) from None
        except OSError as error:
            raise reason(error, link.where) from None
        if not _is_whole(heard):
            raise Fault(f"{link.where} broke off its answer", ErrorKind.PROTOCOL)
        return heard.decode("utf-8", "replace")


def _is_whole(heard: bytearray) -> bool:
    return heard.endswith(b"\n") and (b"\nEND LIST VAR" in heard or heard.startswith(b"ERR "))


def _variables(answer: str, ups: str) -> Iterator[tuple[str, str]]:
    """Names and values. Raises Fault when upsd has none to give, or this is no answer of upsd at all."""
    first, *rest = answer.splitlines()
    if first.startswith("ERR "):
        code = first[4:].split(" ")[0]
        if code in _CANNOT_SAY:
            raise Fault(_CANNOT_SAY[code].format(ups=ups), ErrorKind.LOCAL)
        raise Fault(f"upsd answered: {visible(first, 80)}", ErrorKind.PROTOCOL)
    if not first.startswith("BEGIN LIST VAR"):
        raise Fault(f"this is not upsd, it says: {visible(first, 80)}", ErrorKind.PROTOCOL)
    for line in rest:
        found = _LINE.fullmatch(line)
        if found:
            yield found[1], re.sub(r"\\(.)", r"\1", found[2])


def _values(variables: Mapping[str, str]) -> dict[str, Scalar]:
    """In base units: seconds and ratios. What a UPS does not measure is absent."""
    status = variables.get("ups.status")
    flags = frozenset((status or "").split())
    known = status is not None
    return {
        "on_battery": "OB" in flags if known else None,
        "low_battery": "LB" in flags if known else None,
        "replace_battery": "RB" in flags if known else None,
        "charge": _number(variables, "battery.charge", 0.01),
        "runtime": _number(variables, "battery.runtime"),
        "load": _number(variables, "ups.load", 0.01),
        "status": visible(status, 60) if status is not None else None,
    }


def _number(variables: Mapping[str, str], name: str, factor: float = 1.0) -> float | None:
    text = variables.get(name, "")
    return round(float(text) * factor, 6) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else None


KIND = Kind(
    name="ups",
    summary="asks Network UPS Tools whether a UPS runs on battery, and for how long it can",
    spec=UpsSpec,
    probe=probe,
    values=(
        Value("on_battery", "", "whether mains power has failed"),
        Value("low_battery", "", "whether the UPS says that it will switch off soon"),
        Value("charge", "ratio", "how full the batteries are"),
        Value("runtime", "seconds", "how long they will last at this load"),
        Value("load", "ratio", "share of the UPS's power that is drawn", most=10),
        Value("replace_battery", "", "whether the UPS asks for new batteries"),
        Value("status", "", "its flags as they are, such as OL CHRG", text=True),
        Value("latency", "seconds", "time until the answer was there"),
    ),
    counts_for_uptime=False,
    down="low_battery == true or runtime < 5m",
    degraded="on_battery == true or replace_battery == true or load > 90%",
    example="type: ups\nups: rack1\nhost: ups.example.org\ndown: low_battery == true or runtime < 15m\n",
)
