"""Asking one NTP server for the time, over UDP: one question, and the first answer to it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time

from checks.time_sync.packet import SIZE, NotForUs, Sample, question, sample

# asm-generic/socket.h; Python has no name for it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ROOM = 256
# Whoever floods us with other answers than ours ends the look; it does not keep the loop busy.
_MOST_STRAY = 64


class Silent(Exception):
    """No answer to our question; the text is one line."""


async def ask(address: str, port: int, seconds: float) -> Sample:
    """One sample. Raises Silent, packet.Unusable, or OSError when we cannot send."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as connection:
        connection.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        connection.connect((address, port))  # answers of others do not reach us
        number = os.urandom(8)
        sent = _now()
        connection.send(question(number))
        try:
            async with asyncio.timeout(seconds):
                return await _answer(connection, number, sent)
        except TimeoutError:
            raise Silent("no answer") from None
        except ConnectionRefusedError:
            raise Silent("nothing listens there") from None


async def _answer(connection: socket.socket, number: bytes, sent: float) -> Sample:
    for _ in range(_MOST_STRAY):
        await _readable(connection)
        try:
            answer, received = _received(connection)
            return sample(answer, number, sent, received)
        except (NotForUs, BlockingIOError):
            continue
    raise Silent("only answers to other questions than ours came")


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(connection, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection)


def _received(connection: socket.socket) -> tuple[bytes, float]:
    """One packet, and when the kernel got it: the loop may have been busy since."""
    answer, told, _, _ = connection.recvmsg(SIZE, _ROOM)
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return answer, seconds + nanoseconds * 1e-9
    return answer, _now()


def _now() -> float:
    """The wall clock of this host: not to tell the time by, but as the thing that is measured."""
    return time.clock_gettime(time.CLOCK_REALTIME)
