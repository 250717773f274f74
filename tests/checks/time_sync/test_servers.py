"""Comparing with NTP servers: good ones, wrong ones, and such as want to deceive."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.base import ErrorKind
from checks.time_sync.kind import KIND
from checks.time_sync.packet import NotForUs, Sample, Unusable, question, sample
from checks.time_sync.spec import TimeSyncSpec, taken_apart
from tests.checks.time_sync.ntp_servers import answer, look, look_at, serving, stamp

# What two processes of one host may differ by on a busy machine.
_NEAR = 0.5


def good(question: bytes) -> list[bytes]:
    return [answer(question)]


def ahead(seconds: float) -> Callable[[bytes], list[bytes]]:
    return lambda question: [answer(question, ahead=seconds)]


def wrong(**fields: Any) -> Callable[[bytes], list[bytes]]:
    return lambda question: [answer(question, **fields)]


def silent(_question: bytes) -> list[bytes]:
    return []


def test_clock_that_agrees_is_seen_to_agree() -> None:
    seen = look_at(good)
    assert (seen.blind, seen.failure) == (None, None)
    assert set(seen.values) == KIND.value_names - {"took"}
    assert seen.values["offset"] == pytest.approx(0, abs=_NEAR)
    assert (seen.values["usable"], seen.values["stratum"], seen.values["leap"]) == (1, 2, "none")


@pytest.mark.parametrize("seconds", [100.0, -100.0, 86400.0 * 365 * 30])
def test_servers_ahead_mean_that_this_host_is_behind(seconds: float) -> None:
    values = look_at(ahead(seconds)).values
    assert values["ahead"] == pytest.approx(-seconds, abs=_NEAR)
    assert values["offset"] == pytest.approx(abs(seconds), abs=_NEAR)


def test_one_wrong_server_of_three_does_not_matter() -> None:
    values = look_at(good, ahead(3600), good).values
    assert values["offset"] == pytest.approx(0, abs=_NEAR)
    assert values["spread"] == pytest.approx(3600, abs=_NEAR)
    assert values["usable"] == 3


def test_question_tells_nothing_of_our_clock_and_is_never_the_same() -> None:
    async def run() -> list[bytes]:
        async with serving(good) as (address, server):
            await look(address)
            await look(address)
            return server.asked

    first, second = asyncio.run(run())
    assert first[:40] == second[:40] == b"\x23" + bytes(39)
    assert first[40:48] != second[40:48]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (silent, "no answer"),
        (wrong(leap=3), "its own clock is not synchronised"),
        (wrong(stratum=16), "its own clock is not synchronised"),
        (wrong(stratum=0, name=b"DENY"), "it sent us away: DENY (it does not serve us)"),
        (wrong(stratum=0, name=b"RATE"), "it sent us away: RATE (we ask too often)"),
        (wrong(stratum=0, name=b"\x1b[2J"), "it sent us away: no reason"),
        (wrong(left=0), "it does not say what time it is"),
        (wrong(left=stamp(time.time() - 900)), "its times contradict themselves"),
        (wrong(arrived=stamp(time.time() - 900)), "its times contradict themselves"),
        (wrong(root=20.0), "it may itself be 10.0s off"),
        (wrong(spread=5.0), "it may itself be 5.0s off"),
    ],
)
def test_server_without_a_time_to_go_by_is_left_out(answers: Any, why: str) -> None:
    alone = look_at(answers, timeout=0.6)
    assert alone.failure is None
    assert alone.blind is not None
    assert alone.blind.startswith("no NTP server gave a time: 127.0.0.1:")
    assert alone.blind.endswith(why)
    assert alone.error_kind is ErrorKind.UNREACHABLE
    beside = look_at(answers, good, timeout=0.6)
    assert (beside.blind, beside.values["usable"]) == (None, 1)
    assert any(note.endswith(why) for note in beside.notes)


@pytest.mark.parametrize(
    "forged",
    [
        lambda question: answer(question, ahead=999.0, origin=bytes(8)),
        lambda question: answer(question, ahead=999.0, origin=os.urandom(8)),
        lambda question: answer(question, ahead=999.0, mode=3),
        lambda question: answer(question, ahead=999.0)[:47],
        lambda question: b"",
        lambda question: question,
    ],
    ids=["no origin", "guessed origin", "mode", "short", "empty", "echo"],
)
def test_forged_answer_before_the_true_one_is_ignored(forged: Callable[[bytes], bytes]) -> None:
    seen = look_at(lambda question: [forged(question), answer(question), forged(question)])
    assert seen.values["offset"] == pytest.approx(0, abs=_NEAR)


def test_flood_of_forged_answers_ends_the_question() -> None:
    seen = look_at(lambda question: [answer(question, origin=os.urandom(8))] * 100)
    assert str(seen.blind).endswith("only answers to other questions than ours came")


def test_answer_from_another_address_does_not_count() -> None:
    async def run() -> Any:
        loop = asyncio.get_running_loop()
        async with serving(silent) as (address, server):
            forger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
            looking = asyncio.create_task(look(address, timeout=1.0))
            while not server.callers:
                await asyncio.sleep(0.01)
            forger.sendto(answer(server.asked[0], ahead=999.0), server.callers[0])
            forger.close()
            return await looking

    assert str(asyncio.run(run()).blind).endswith("no answer")


def test_server_that_sent_us_away_is_left_alone_for_an_hour() -> None:
    async def run() -> None:
        async with serving(wrong(stratum=0, name=b"RATE")) as (address, server), serving(good) as (other, _):
            first = await look(address, other)
            memo = json.loads(json.dumps(first.memo))
            assert list(memo["away"]) == [address]
            second = await look(address, other, memo=memo)
            assert second.notes[-1].endswith("not asked, since it sent us away within the last hour")
            assert len(server.asked) == 1
            await look(address, other, memo=second.memo, now=time.time() + 3601)
            assert len(server.asked) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    "memo", [None, [], {"away": []}, {"away": {"x": "y", "z": None, "u": 1e999}}], ids=repr
)
def test_no_memo_breaks_a_look(memo: Any) -> None:
    assert look_at(good, memo=memo).memo == {"away": {}}


def test_port_where_nothing_listens_is_said(free_port: Callable[[], int]) -> None:
    seen = asyncio.run(look(f"127.0.0.1:{free_port()}"))
    assert str(seen.blind).endswith("nothing listens there")


def test_name_without_an_address_is_said() -> None:
    seen = asyncio.run(look("no-such-host.invalid", timeout=3))
    assert "no-such-host.invalid: no" in str(seen.blind)


@pytest.mark.parametrize("stratum", [10, 1])
def test_chronyd_agrees_with_its_own_host(
    stratum: int, tmp_path: Path, free_port: Callable[[], int], program: Callable[[str, str], Path]
) -> None:
    port = free_port()
    config = tmp_path / "chrony.conf"
    config.write_text(
        f"local stratum {stratum}\nport {port}\ncmdport 0\nallow 127.0.0.0/8\nbindaddress 127.0.0.1\n"
        f"pidfile {tmp_path}/pid\ndriftfile {tmp_path}/drift\nbindcmdaddress /\n"
    )
    command: list[str | Path] = [program("chronyd", "chrony"), "-x", "-d", "-u", "root", "-f", config]
    if os.geteuid() != 0:
        command[2:2] = ["-U"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            values = _once_it_answers(f"127.0.0.1:{port}", server)
        finally:
            server.terminate()
    assert values["offset"] == pytest.approx(0, abs=_NEAR)
    assert values["offset"] <= values["delay"] + 0.01
    assert (values["stratum"], values["usable"], values["leap"]) == (stratum, 1, "none")


def _once_it_answers(server: str, process: subprocess.Popen[bytes]) -> Any:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "chronyd ended"
        seen = asyncio.run(look(server, timeout=1.0))
        if seen.blind is None:
            return seen.values
        time.sleep(0.1)
    raise AssertionError(f"chronyd never answered: {seen.blind}")


NUMBER = b"12345678"


def _answered(at: float) -> Sample:
    return sample(answer(question(NUMBER), arrived=stamp(at), left=stamp(at)), NUMBER, at, at)


@given(st.floats(min_value=0, max_value=2**34))
def test_eras_of_ntp_make_no_difference(at: float) -> None:
    assert _answered(at).offset == pytest.approx(0, abs=1e-3)


@given(st.floats(-1000, 1000), st.floats(0, 10), st.floats(0, 10))
def test_offset_and_delay_are_those_of_the_standard(offset: float, there: float, back: float) -> None:
    at = 1_800_000_000.0
    arrived = at + there + offset
    packet = answer(question(NUMBER), arrived=stamp(arrived), left=stamp(arrived + 1))
    seen = sample(packet, NUMBER, at, at + there + 1 + back)
    assert seen.delay == pytest.approx(there + back, abs=1e-3)
    assert abs(seen.offset - offset) <= seen.delay / 2 + 1e-3


@given(st.binary(min_size=0, max_size=120))
def test_no_packet_breaks_the_reader(packet: bytes) -> None:
    data = packet[:24] + NUMBER + packet[24:]
    try:
        seen = sample(data, NUMBER, 1_800_000_000.0, 1_800_000_001.0)
    except (NotForUs, Unusable) as error:
        assert str(error).isprintable()
    else:
        assert 1 <= seen.stratum <= 15
        assert struct.calcsize("!48x") <= len(data)


@pytest.mark.parametrize(
    ("server", "parts"),
    [
        ("ntp.example.org", ("ntp.example.org", 123)),
        ("192.0.2.1:1123", ("192.0.2.1", 1123)),
        ("2001:db8::1", ("2001:db8::1", 123)),
        ("[2001:db8::1]:1123", ("2001:db8::1", 1123)),
        ("[fe80::1%eth0]", ("fe80::1%eth0", 123)),
    ],
)
def test_server_is_a_host_and_perhaps_a_port(server: str, parts: tuple[str, int]) -> None:
    assert taken_apart(TimeSyncSpec(servers=server).servers[0]) == parts


@pytest.mark.parametrize(
    "server",
    ["", "ntp://x", "a b", "x:0", "x:70000", "x:y", "user@x", ":", "1:2:3", "[::1]:0", "[x]", "a\x1bb"],
)
def test_what_is_no_server_is_named(server: str) -> None:
    with pytest.raises(ValidationError, match="expected a server"):
        TimeSyncSpec(servers=(server,))
