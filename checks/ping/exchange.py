"""Requests to one address and the answers to them: sent at their moments, told apart, timed by the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from checks.connection import reason
from checks.ping.door import SO_TIMESTAMPNS, Door
from checks.ping.packet import Echo, without_ip_header
from checks.ping.refusals import Ancillary, Refusal, refusal, too_big

# Datagrams read at one waking, so that a flood of them leaves the loop to others, and in one exchange.
_AT_ONCE, _AT_MOST = 64, 10_000
_ANCILLARY = 512
_LARGEST = 65_535
_IP_RECEIVED_TTL = {(socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)}
_TIMESPEC = struct.Struct("@ll")


# Seconds, and the share of the time, by which a clock that is not set may differ from another.
_SLEWED = 0.001


def _kernels_clock() -> float:
    """Seconds on the clock by which the kernel stamps what arrives: for a length of time, not for the time of day."""
    return time.clock_gettime(time.CLOCK_REALTIME)


@dataclass(slots=True)
class Tally:
    """What came of the requests so far; times are seconds, by the number of the request.

    `kept` are those that this host did not let out, which says nothing of the target.
    """

    sent: set[int] = field(default_factory=set)
    times: dict[int, float] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)
    kept: dict[int, Refusal] = field(default_factory=dict)
    twice: int = 0
    ttl: int | None = None

    @property
    def unanswered(self) -> int:
        return len(self.sent) - len(self.times)

    @property
    def reasons(self) -> list[Refusal]:
        """Why requests were not answered, the most frequent first."""
        told = [refusal for number, refusal in self.refused.items() if number not in self.times]
        return [refusal for refusal, _ in Counter(told).most_common()]


@dataclass(frozen=True, slots=True)
class Plan:
    """So many requests so many seconds apart, and so long a wait for answers after the last of them.

    The end comes at `until` on the loop's clock, at the latest.
    """

    count: int
    interval: float
    wait: float
    until: float


class Exchange:
    """One run through an open door."""

    def __init__(self, door: Door, size: int, plan: Plan) -> None:
        self._door, self._plan = door, plan
        self._echo = Echo.new(door.version, door.ident, size)
        self._left: dict[int, tuple[float, float]] = {}
        self._settled = asyncio.Event()
        self._read = 0
        self.tally = Tally()

    async def run(self) -> Tally:
        """Send all, then wait until each is answered or refused, or the time is over."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with self._heard(loop), contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._plan.until) as end:
                for number in range(self._plan.count):
                    await asyncio.sleep(begun + number * self._plan.interval - loop.time())
                    self._send(number)
                # On a busy machine the last one goes out later than planned.
                end.reschedule(min(self._plan.until, loop.time() + self._plan.wait))
                self._settle()
                await self._settled.wait()
        return self.tally

    @contextlib.contextmanager
    def _heard(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Watch the socket through an epoll of its own: uvloop stops watching one that has errors to tell."""
        with select.epoll() as epoll:
            epoll.register(self._door.sock, select.EPOLLIN)
            loop.add_reader(epoll.fileno(), self._ready)
            try:
                yield
                self._ready()  # a loop that was held up may end the wait before it reads what came in time
            finally:
                loop.remove_reader(epoll.fileno())

    def _send(self, number: int) -> None:
        message = self._echo.request(number)
        for _ in range(2):
            # An error of an earlier request would be told as one of this.
            self._read_refusals()
            self._door.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._left[number] = time.perf_counter(), _kernels_clock()
            try:
                self._door.sock.send(message)
            except OSError as error:
                self._not_sent(number, error, len(message))
            else:
                self.tally.sent.add(number)
                self.tally.kept.pop(number, None)
                self.tally.refused.pop(number, None)
                return

    def _not_sent(self, number: int, error: OSError, size: int) -> None:
        if error.errno == errno.EMSGSIZE:
            whole = size + (48 - 8 if self._door.version == 6 else 28 - 8)
            told, blind = too_big(whole, self._door.mtu), False
        else:
            fault = reason(error, self._door.peer)
            told, blind = Refusal(fault.message, fault.kind), fault.blind
        if blind:
            self.tally.kept[number] = told
        else:
            self.tally.sent.add(number)
            self.tally.refused[number] = told

    def _ready(self) -> None:
        self._read_refusals()
        for _ in range(_AT_ONCE):
            try:
                packet, ancillary, _, (host, *_) = self._door.sock.recvmsg(_LARGEST, _ANCILLARY)
            except BlockingIOError:
                break
            except OSError:
                continue  # what the error queue tells in full
            self._read += 1
            if host == self._door.peer:
                self._take(packet, ancillary)
        if self._read >= _AT_MOST:
            self._settled.set()
        self._settle()

    def _read_refusals(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                quoted, ancillary, _, _ = self._door.sock.recvmsg(_LARGEST, _ANCILLARY, socket.MSG_ERRQUEUE)
            except OSError:
                return
            self._read += 1
            number = self._echo.refused(quoted)
            told = refusal(ancillary, self._door.version, self._door.here)
            if number in self.tally.sent and told is not None:
                self.tally.refused.setdefault(number, told)

    def _take(self, packet: bytes, ancillary: Ancillary) -> None:
        message = without_ip_header(packet) if self._door.raw and self._door.version == 4 else packet
        number = self._echo.answered(message)
        if number is None or number not in self.tally.sent:
            return
        if number in self.tally.times:
            self.tally.twice += 1
            return
        self.tally.times[number] = self._passed(number, ancillary)
        for level, kind, data in ancillary:
            if (level, kind) in _IP_RECEIVED_TTL and len(data) >= 4:
                self.tally.ttl = int(struct.unpack_from("@i", data)[0])

    def _passed(self, number: int, ancillary: Ancillary) -> float:
        """From sending to the kernel's own moment of arrival, however late the loop came to read.

        Its clock may have been set in between: then our own, longer measure stands.
        """
        sent, sent_by_kernel = self._left[number]
        whole = time.perf_counter() - sent
        if abs(_kernels_clock() - sent_by_kernel - whole) > _SLEWED * (1 + whole):
            return whole
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(data)
                passed: float = (seconds - sent_by_kernel) + nanoseconds / 1e9
                if 0 <= passed <= whole:
                    return passed
        return whole

    def _settle(self) -> None:
        """End early when nothing more can come."""
        told = len(self.tally.times.keys() | self.tally.refused.keys() | self.tally.kept.keys())
        if told == self._plan.count:
            self._settled.set()
