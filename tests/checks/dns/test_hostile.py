"""Name servers that lie, stammer and flood: each is told by its own reason, before the deadline is long past."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterator

import dns.flags
import dns.message
import dns.rrset
import pytest
from dns.message import Message
from hypothesis import given
from hypothesis import strategies as st

from checks.base import ErrorKind, Observation
from checks.connection import Fault
from checks.dns.question import Stray, question
from checks.dns.spec import DnsSpec
from tests.checks.dns.answering import Said, Says, against, answering, look, records, with_records
from tests.checks.listeners import black_hole, hangs_up, listening, says, stays_silent

GOOD = "example.com. 300 IN A 192.0.2.1"
_POINTER_TO_ITSELF = b"\xc0\x0c" + struct.pack("!HH", 1, 1)
_QUESTION = b"\7example\3com\0" + struct.pack("!HH", 1, 1)


def header(asked: Message, *, flags: int = 0x8180, questions: int = 1, answers: int = 0) -> bytes:
    return struct.pack("!HHHHHH", asked.id, flags, questions, answers, 0, 0)


def another_id(asked: Message) -> Message:
    answer = with_records(asked, [GOOD])
    answer.id ^= 1
    return answer


def another_question(asked: Message) -> Message:
    other = dns.message.make_query("example.net", "A", id=asked.id)
    return with_records(other, ["example.net. 300 IN A 203.0.113.1"])


def its_own_question(asked: Message) -> Message:
    return asked


def with_another_opcode(asked: Message) -> bytes:
    return header(asked, flags=0x8180 | 0x2000) + _QUESTION


def no_question(asked: Message) -> bytes:
    record = b"\7example\3com\0" + struct.pack("!HHIH", 1, 1, 300, 4) + bytes(4)
    return header(asked, questions=0, answers=1) + record


HOSTILE: dict[str, tuple[Says, ErrorKind, str]] = {
    "wrong id": (another_id, ErrorKind.PROTOCOL, "with a wrong id"),
    "wrong question": (another_question, ErrorKind.PROTOCOL, "to another question"),
    "no question": (no_question, ErrorKind.PROTOCOL, "to another question"),
    "echo": (its_own_question, ErrorKind.PROTOCOL, "that is a question itself"),
    "opcode": (with_another_opcode, ErrorKind.PROTOCOL, "to another sort of request"),
    "garbage": (lambda asked: header(asked, answers=3) + b"\xff" * 40, ErrorKind.PROTOCOL, "malformed"),
    "short": (lambda _asked: b"\0" * 5, ErrorKind.PROTOCOL, "5 bytes came, which is no DNS message"),
    "compression loop": (
        lambda asked: header(asked, answers=1) + _POINTER_TO_ITSELF,
        ErrorKind.PROTOCOL,
        "malformed",
    ),
    "too many records": (
        lambda asked: header(asked, answers=0xFFFF) + _QUESTION,
        ErrorKind.PROTOCOL,
        "an answer of 65535 records came",
    ),
    "fewer records than told": (
        lambda asked: header(asked, answers=9) + _QUESTION,
        ErrorKind.PROTOCOL,
        "malformed",
    ),
    "more bytes than told": (
        lambda asked: header(asked) + _QUESTION + b"more",
        ErrorKind.PROTOCOL,
        "malformed",
    ),
    "silence": (lambda _asked: None, ErrorKind.TIMEOUT, "no answer from 127.0.0.1:"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_each_hostile_datagram_has_its_own_reason(case: str) -> None:
    hostile, kind, reason = HOSTILE[case]
    seen = against(hostile, timeout=0.6)
    assert (seen.error_kind, seen.blind) == (kind, None)
    assert reason in (seen.failure or "")


@pytest.mark.parametrize("case", HOSTILE)
def test_each_hostile_message_over_tcp_has_its_own_reason(case: str) -> None:
    hostile, kind, reason = HOSTILE[case]
    seen = against(hostile, tcp=hostile, timeout=0.6, transport="tcp")
    expected = "no whole answer from" if kind is ErrorKind.TIMEOUT else reason
    assert (seen.error_kind, seen.blind) == (kind, None)
    assert expected in (seen.failure or "")


def test_silence_is_told_with_the_time_that_was_given() -> None:
    assert (against(lambda _asked: None, timeout=0.5).failure or "").endswith(" within 500ms")


def test_right_answer_after_strangers_is_taken() -> None:
    def says_all(asked: Message) -> Said:
        return [
            another_id(asked).to_wire(),
            another_question(asked).to_wire(),
            with_records(asked, [GOOD]).to_wire(),
        ]

    seen = against(says_all)
    assert (seen.failure, seen.values["answers"]) == (None, "192.0.2.1")


def test_flood_of_strangers_ends_the_look() -> None:
    def flood(asked: Message) -> Iterator[bytes]:
        return iter([another_id(asked).to_wire()] * 200)

    async def run() -> Observation:
        async with answering(flood) as server:
            return await look(server.port, timeout=1)

    seen = asyncio.run(run())
    assert seen.error_kind is ErrorKind.PROTOCOL
    assert "with a wrong id" in (seen.failure or "")


def test_lost_question_is_asked_again() -> None:
    async def run() -> tuple[Observation, list[str]]:
        def second_time(asked: Message) -> Said:
            return with_records(asked, [GOOD]) if len(server.asked) > 1 else None

        async with answering(second_time) as server:
            return await look(server.port, timeout=3), server.transports

    seen, asked = asyncio.run(run())
    assert (seen.failure, asked, seen.values["tries"]) == (None, ["udp", "udp"], 2)


def test_answer_of_somebody_else_does_not_reach_us() -> None:
    """A well-made answer with the right id, but from another socket than the one asked."""

    async def run() -> Observation:
        loop = asyncio.get_running_loop()
        stranger, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )

        def through_another(asked: Message) -> Said:
            stranger.sendto(with_records(asked, [GOOD]).to_wire(), server.senders[-1])
            return None

        async with answering(through_another) as server:
            try:
                return await look(server.port, timeout=0.6)
            finally:
                stranger.close()

    assert asyncio.run(run()).error_kind is ErrorKind.TIMEOUT


def cut(asked: Message) -> Message:
    answer = with_records(asked, [GOOD])
    answer.flags |= dns.flags.TC
    return answer


def test_truncated_answer_is_asked_for_again_by_tcp() -> None:
    whole = [f"example.com. 300 IN A 192.0.2.{number}" for number in range(1, 100)]
    seen = against(cut, tcp=records(*whole))
    values = seen.values
    assert (seen.failure, values["answer_count"], values["transport"], values["truncated"]) == (
        None,
        99,
        "tcp",
        True,
    )


def test_truncated_answer_without_tcp_says_so() -> None:
    def nothing(asked: Message) -> Said:
        return None

    seen = against(cut, tcp=nothing, timeout=0.6)
    assert "the answer by UDP was truncated, and by TCP: no whole answer" in (seen.failure or "")


def test_enormous_text_is_bounded_where_it_is_shown() -> None:
    def enormous(asked: Message) -> Message:
        answer = with_records(asked)
        text = " ".join(f'"{"x" * 250}"' for _ in range(240))
        answer.answer.append(dns.rrset.from_text("example.com.", 5, "IN", "TXT", text))
        return answer

    seen = against(cut, tcp=enormous, record="TXT", answer={"must_match": "y"})
    assert seen.error_kind is ErrorKind.CONTENT
    assert len(seen.failure or "") < 400
    assert len(str(seen.values["answers"])) == 60000


def test_steering_marks_in_a_reason_are_shown() -> None:
    hostile = records('example.com. 5 IN TXT "\\027[31mred\\010"')
    seen = against(hostile, record="TXT", answer={"lacks": "\x1b[31mred\n"})
    assert seen.error_kind is ErrorKind.CONTENT
    assert (seen.failure or "").isprintable()


def test_endless_stream_ends_with_the_one_answer() -> None:
    def endless(asked: Message) -> Said:
        wire = with_records(asked, [GOOD]).to_wire()
        return [wire, *[bytes(60000)] * 50]

    seen = against(endless, tcp=endless, transport="tcp")
    assert (seen.failure, seen.values["answers"]) == (None, "192.0.2.1")


async def hears_and_hangs_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1024)


@pytest.mark.parametrize(
    ("serve", "kind", "reason"),
    [
        (hears_and_hangs_up, ErrorKind.PROTOCOL, "closed the connection without an answer"),
        (hangs_up, ErrorKind.RESET, "connection reset by 127.0.0.1"),
        (says(b"\0\0"), ErrorKind.PROTOCOL, "0 bytes came, which is no DNS message"),
        (stays_silent, ErrorKind.TIMEOUT, "no whole answer"),
        (says(b"\xff\xffabc"), ErrorKind.TIMEOUT, "no whole answer"),
        (says(b"HTTP/1.1 400 Bad Request\r\n" * 3000), ErrorKind.PROTOCOL, "with a wrong id"),
    ],
    ids=["hangs up", "resets", "empty", "silent", "trickles", "http"],
)
def test_stream_that_is_no_dns_has_its_reason(
    serve: Callable[..., object], kind: ErrorKind, reason: str
) -> None:
    async def run() -> Observation:
        async with listening(serve) as port:  # type: ignore[arg-type]  # a parameter of two forms
            return await look(port, transport="tcp", timeout=0.5)

    seen = asyncio.run(run())
    assert seen.error_kind is kind
    assert reason in (seen.failure or "")


def test_closed_port_is_refused_at_once(free_port: Callable[[], int]) -> None:
    for transport in ("udp", "tcp", "dot"):
        seen = asyncio.run(look(free_port(), transport=transport, timeout=30))
        assert seen.error_kind is ErrorKind.REFUSED, transport
        assert "connection refused by 127.0.0.1" in (seen.failure or "")


def test_server_that_does_not_take_the_connection_is_a_timeout() -> None:
    async def run() -> Observation:
        async with black_hole() as port:
            return await look(port, transport="tcp", timeout=0.5)

    assert asyncio.run(run()).error_kind is ErrorKind.TIMEOUT


def test_hostile_names_do_not_keep_the_loop_busy() -> None:
    """1000 records, each with the longest of names: a beat on the loop goes on meanwhile."""

    def laborious(asked: Message) -> bytes:
        name, record = b"\1a" * 120 + b"\0", struct.pack("!HHIH", 1, 1, 1, 4) + bytes(4)
        first = 12 + len(_QUESTION)
        return (
            header(asked, answers=1000)
            + _QUESTION
            + name
            + record
            + (struct.pack("!H", 0xC000 | first) + record) * 999
        )

    async def run() -> tuple[Observation, int]:
        beats = 0

        async def beat() -> None:
            nonlocal beats
            while True:
                await asyncio.sleep(0.005)
                beats += 1

        async with answering(cut, tcp=laborious) as server:
            beating = asyncio.create_task(beat())
            seen = await look(server.port, transport="tcp", timeout=20)
            beating.cancel()
            return seen, beats

    seen, beats = asyncio.run(run())
    assert beats >= 3
    assert seen.values["answer_count"] == 1000


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(wire: bytes) -> None:
    asked = question(DnsSpec.model_validate({"name": "example.com"}), numbered=False)
    for start in (
        b"",
        struct.pack("!HH", 0, 0x8180),
        struct.pack("!HHHHHH", 0, 0x8180, 1, 9, 9, 9) + _QUESTION,
    ):
        try:
            found = asyncio.run(asked.read(start + wire, "here"))
        except (Fault, Stray) as refused:
            assert str(refused).isprintable()
        else:
            assert found.rcode
