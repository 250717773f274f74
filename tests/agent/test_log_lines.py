"""Lines go out by a thread: who does not read stops nobody, what was lost is told, and the end waits for nobody."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable

import pytest

from agent.log_lines import Aside, Descriptor, Lines


def nothing(at_end: bool) -> Iterable[bytes]:
    return ()


def told(number: int) -> bytes:
    return b"lost %d\n" % number


class Away:
    """An outlet that refuses until it is back."""

    def __init__(self) -> None:
        self.back, self.asked, self.got = threading.Event(), threading.Event(), bytearray()

    def send(self, data: bytes) -> int:
        self.asked.set()
        if not self.back.is_set():
            raise ConnectionRefusedError
        self.got += data
        return len(data)


def test_lines_come_out_whole_and_in_order_through_a_pipe_that_is_read_slowly() -> None:
    reading, writing = os.pipe()
    lines = Lines(Descriptor(writing), nothing, told)
    sent = [json.dumps({"number": number, "text": "x" * 5000}).encode() + b"\n" for number in range(100)]
    for line in sent:
        lines.put(line)
    with os.fdopen(reading, "rb") as reader:
        assert [reader.readline() for _ in sent] == sent
    lines.close(30)
    os.close(writing)
    assert lines.lost == 0


def test_a_full_pipe_that_nobody_reads_keeps_nobody_and_the_loss_is_told_once_somebody_reads() -> None:
    reading, writing = os.pipe()
    lines = Lines(Descriptor(writing), nothing, told)
    line = b"x" * 999 + b"\n"
    for _ in range(2000):
        lines.put(line)
    assert 0 < lines.lost < 2000
    lost = lines.lost
    with os.fdopen(reading, "rb") as reader:
        seen = [reader.readline() for _ in range(2000 - lost + 1)]
    assert [each for each in seen if each != line] == [told(lost)]
    lines.close(30)
    os.close(writing)


def test_the_end_does_not_wait_for_a_reader_that_never_comes() -> None:
    reading, writing = os.pipe()
    lines = Lines(Descriptor(writing), nothing, told)
    for _ in range(500):
        lines.put(b"x" * 999 + b"\n")
    lines.close(0.1)
    assert any(thread.name == "log" for thread in threading.enumerate())
    os.close(reading)  # the write that hangs fails now
    lines.close(30)
    os.close(writing)


def test_what_is_said_while_the_outlet_is_away_arrives_once_it_is_back() -> None:
    away = Away()
    lines = Lines(away, nothing, told)
    lines.put(b"one\n")
    assert away.asked.wait(30)
    lines.put(b"two\n")
    away.back.set()
    lines.close(30)
    assert bytes(away.got) == b"one\ntwo\n"


@pytest.mark.parametrize("closed", ["reader", "descriptor"])
def test_an_end_that_is_gone_for_good_is_no_reason_to_stand_still(closed: str) -> None:
    reading, writing = os.pipe()
    lines = Lines(Descriptor(writing), nothing, told)
    os.close(reading)
    if closed == "descriptor":
        os.close(writing)
        lines = Lines(Descriptor(1_000_000), nothing, told)
    for _ in range(2000):
        lines.put(b"x" * 999 + b"\n")
    lines.close(30)
    assert lines.lost > 0
    if closed == "reader":
        os.close(writing)


def test_what_is_due_comes_out_at_the_end() -> None:
    away = Away()
    away.back.set()
    lines = Lines(away, lambda at_end: [b"due\n"] if at_end else [], told)
    lines.put(b"one\n")
    lines.close(30)
    assert bytes(away.got) == b"one\ndue\n"


def test_what_is_printed_goes_the_same_way_line_by_line() -> None:
    got: list[str] = []
    aside = Aside(got.append)
    print("one", "two", file=aside)
    aside.write("begun, ")
    assert got == ["one two"]
    print("ended\nand more", file=aside)
    assert got == ["one two", "begun, ended", "and more"]
