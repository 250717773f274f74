"""The messages themselves: checksums that add up, and answers that are known by id, number and payload."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from checks.ping.packet import HEADER, Echo, Version, checksum

ECHOES = st.builds(
    Echo,
    st.sampled_from([4, 6]),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.binary(min_size=16, max_size=200),
)
ANSWERS: dict[Version, tuple[int, int]] = {4: (8, 0), 6: (128, 129)}


def answer(echo: Echo, request: bytes) -> bytes:
    return bytes([ANSWERS[echo.version][1]]) + request[1:]


@given(ECHOES, st.integers(0, 99))
def test_a_request_adds_up_and_its_answer_is_known(echo: Echo, number: int) -> None:
    request = echo.request(number)
    assert checksum(request) == 0
    assert request[0] == ANSWERS[echo.version][0]
    assert echo.answered(answer(echo, request)) == number
    assert echo.answered(request) is None  # our own request, seen on the way out
    assert echo.refused(request) == number


@given(ECHOES, st.integers(0, 99), st.data())
def test_one_changed_byte_makes_it_another_answer_or_none(
    echo: Echo, number: int, data: st.DataObject
) -> None:
    message = bytearray(answer(echo, echo.request(number)))
    place = data.draw(st.sampled_from([at for at in range(len(message)) if at not in (2, 3)]))
    message[place] ^= data.draw(st.integers(1, 255))
    assert echo.answered(bytes(message)) != number


@given(ECHOES, st.integers(0, 99), st.integers(0, 300))
def test_what_was_cut_off_counts_while_enough_is_left(echo: Echo, number: int, kept: int) -> None:
    request = echo.request(number)[:kept]
    enough = kept >= HEADER.size + 16
    assert echo.answered(answer(echo, request) if request else b"") == (number if enough else None)
    assert echo.refused(request) == (number if kept >= HEADER.size else None)


@given(st.binary(max_size=400), ECHOES)
def test_garbage_is_no_answer_and_breaks_nothing(garbage: bytes, echo: Echo) -> None:
    assert echo.answered(garbage) is None
    assert echo.refused(garbage[: HEADER.size - 1]) is None


@given(st.lists(st.integers(0, 65535), max_size=100))
def test_the_checksum_is_that_of_the_rfc(words: list[int]) -> None:
    """One's complement sum, as one would do it by hand: carry after carry."""
    total = 0
    for word in words:
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(struct.pack(f"!{len(words)}H", *words)) == ~total & 0xFFFF


def test_each_look_has_marks_of_its_own() -> None:
    looks = [Echo.new(4, 1, 16) for _ in range(50)]
    assert len({look.payload for look in looks}) == 50
    assert len({look.first for look in looks}) > 25
