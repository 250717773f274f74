"""The kind `ups` against a real socket that speaks as upsd does."""

from __future__ import annotations

import asyncio
import time

import pytest
import tocsin_ups

from checks.base import Context, Observation
from checks.network import Network

ANSWER = b"""BEGIN LIST VAR rack1
VAR rack1 battery.charge "87.5"
VAR rack1 battery.runtime "1260"
VAR rack1 device.model "Smart \\"UPS\\" 700"
VAR rack1 ups.load "023.4"
VAR rack1 ups.status "%s"
END LIST VAR rack1
"""


def look(answer: bytes, timeout: float = 5.0) -> tuple[Observation, bytes]:
    """One look at a server that says so, and what it was asked."""
    asked = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.extend(await reader.readline())
        writer.write(answer)
        if not answer.endswith(b"\n"):  # cut off in the middle, and no more comes
            await writer.drain()
            writer.close()
        await reader.read()
        writer.close()

    async def run() -> Observation:
        server, network = await asyncio.start_server(serve, "127.0.0.1", 0), Network()
        port = server.sockets[0].getsockname()[1]
        spec = tocsin_ups.UpsSpec(ups="rack1", host="127.0.0.1", port=port)
        try:
            return await tocsin_ups.probe(spec, Context(timeout=timeout, network=network, now=time.time()))
        finally:
            server.close()
            await network.aclose()

    return asyncio.run(run()), bytes(asked)


def test_a_ups_on_mains_is_read() -> None:
    seen, asked = look(ANSWER % b"OL CHRG")
    assert asked == b"LIST VAR rack1\n"
    assert (seen.failure, seen.blind) == (None, None)
    values = dict(seen.values)
    assert values.pop("latency") is not None
    assert values == {
        "on_battery": False,
        "low_battery": False,
        "replace_battery": False,
        "charge": 0.875,
        "runtime": 1260.0,
        "load": pytest.approx(0.234),
        "status": "OL CHRG",
    }


@pytest.mark.parametrize(
    ("status", "on_battery", "low", "replace"),
    [(b"OB DISCHRG", True, False, False), (b"OB LB", True, True, False), (b"OL RB", False, False, True)],
)
def test_its_flags_are_told_apart(status: bytes, on_battery: bool, low: bool, replace: bool) -> None:
    values = look(ANSWER % status)[0].values
    assert (values["on_battery"], values["low_battery"], values["replace_battery"]) == (
        on_battery,
        low,
        replace,
    )


def test_what_a_ups_does_not_measure_is_absent() -> None:
    seen, _ = look(b'BEGIN LIST VAR rack1\nVAR rack1 battery.charge "n/a"\nEND LIST VAR rack1\n')
    assert (seen.values["charge"], seen.values["on_battery"], seen.values["status"]) == (None, None, None)


@pytest.mark.parametrize("code", tocsin_ups._CANNOT_SAY)
def test_when_upsd_cannot_say_the_check_is_unknown_and_not_down(code: str) -> None:
    seen, _ = look(f"ERR {code}\n".encode())
    assert seen.failure is None
    assert seen.blind is not None
    assert "upsd" in seen.blind


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"ERR INVALID-ARGUMENT\n", "upsd answered: ERR INVALID-ARGUMENT"),
        (b"BEGIN LIST VAR rack1\nVAR", "broke off its answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n\nEND LIST VAR\n", "this is not upsd"),
        (b"A" * tocsin_ups.MOST_READ, "broke off its answer"),
    ],
    ids=["an error", "cut off", "another protocol", "endless"],
)
def test_what_is_no_answer_is_a_failure_with_a_reason(answer: bytes, reason: str) -> None:
    seen, _ = look(answer)
    assert seen.failure is not None
    assert reason in seen.failure


def test_silence_ends_with_the_deadline() -> None:
    seen, _ = look(b"\n", timeout=0.2)
    assert seen.failure is not None
    assert seen.failure.endswith("within 200ms")
