"""UDP: does the right answer come to what is sent?

UDP has no connections, so a check can learn three things only: an answer came; the host says that nothing listens on
the port (ICMP port unreachable: down, refused); or nothing at all came, and then the question, the answer or the
service may be what is missing. With `expect` silence is down (timeout): a service that always answers what you send
should be asked in its own language. Without `expect` any answer is ok, and silence is unknown, for many services
answer nothing that they do not understand, and a firewall drops without a word.

`expect` finds a byte that is no text by its number, such as `\\xff`. Datagrams get lost without any fault: `send` is
repeated `retries` times, evenly over the check's `timeout`. All addresses of the host are tried in turn.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Traces, Value
from checks.connection import Deadline, Fault, place, reason, together
from checks.hosts import Host, addresses_of
from checks.spoken_text import Searchable, Words, encoded, excerpt, heard_in
from checks.text import visible
from checks.tls_options import FamilyOption, Port, ResolverAddress
from config.secrets import SecretError

_MOST_ANSWERS = 64
_LARGEST = 65507


class UdpSpec(Spec):
    """What to ask, and what must be answered."""

    host: Host = Field(description="name or address to send to", examples=["ntp.example.org"])
    port: Port = Field(description="port to send to", examples=[123])
    send: Words | None = Field(
        None,
        description="what to send, with `\\r`, `\\n`, `\\t`, `\\xHH`, `\\\\`; it may refer to secrets; "
        "default: an empty datagram",
        examples=["ping\\n"],
    )
    expect: Searchable | None = Field(
        None, description="RE2 pattern that must be found in an answer; without it silence is unknown",
        examples=["^pong"],
    )  # fmt: skip
    retries: int = Field(2, ge=0, le=20, description="how many times it is sent again when nothing comes")
    ip: FamilyOption = Field("auto", description="IP version to use")
    resolver: ResolverAddress | None = Field(
        None, description="name server to ask instead of the system's", examples=["192.0.2.53"]
    )


class _Silence(Fault):
    """Nothing came, which proves something only where an answer was expected."""


@dataclass(slots=True)
class _Look:
    """One look, filled in as it goes."""

    spec: UdpSpec
    context: Context
    deadline: Deadline
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()

    def observation(self, fault: Fault | None = None) -> Observation:
        proves_nothing = isinstance(fault, _Silence) and self.spec.expect is None
        blind = fault is not None and (fault.blind or proves_nothing)
        answered = str(self.values.get("ip") or "")
        return Observation(
            values=self.values,
            failure=fault.message if fault is not None and not blind else None,
            blind=fault.message if fault is not None and blind else None,
            error_kind=fault.kind if fault is not None else None,
            phases={name: round(seconds, 6) for name, seconds in self.phases.items()},
            traces=Traces(self.addresses, answered=answered) if self.context.closely else None,
        )


async def probe(spec: UdpSpec, context: Context) -> Observation:
    """Send, wait for the answer, send again."""
    look = _Look(spec, context, Deadline.after(context.timeout))
    try:
        words, before = _words(spec), perf_counter()
        look.addresses = await addresses_of(
            spec.host, context, look.deadline, spec.ip, resolver=spec.resolver
        )
        look.phases["resolve"] = perf_counter() - before
        await _ask_in_turn(look, words)
    except Fault as fault:
        return look.observation(fault)
    return look.observation()


def _words(spec: UdpSpec) -> bytes:
    try:
        words = encoded(spec.send.words()) if spec.send is not None else b""
    except SecretError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None
    if len(words) > _LARGEST:
        raise Fault(f"`send` is larger than a datagram can be ({_LARGEST:,} bytes)", ErrorKind.LOCAL)
    return words


async def _ask_in_turn(look: _Look, words: bytes) -> None:
    """Each address gets its share of the time. Raises the Fault of all of them when none answers."""
    faults: list[Fault] = []
    for tried, address in enumerate(look.addresses):
        share = Deadline.after(look.deadline.left / (len(look.addresses) - tried))
        try:
            await _ask(look, address, words, share)
            return
        except Fault as fault:
            faults.append(fault)
    silent = [fault for fault in faults if isinstance(fault, _Silence)]
    if silent and (look.spec.expect is None or len(silent) == len(faults)):
        raise silent[-1]  # where nobody need answer, the silent address may well be the one that is served
    raise together([fault for fault in faults if not isinstance(fault, _Silence)])


@contextmanager
def _ear(address: str, port: int) -> Iterator[tuple[socket.socket, asyncio.Queue[bytes | OSError]]]:
    """A socket that hears this one peer alone, and what comes on it: answers, or what the network says instead.

    The loops' own datagrams leave out empty ones.
    """
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bytes | OSError](_MOST_ANSWERS)
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)

    def ready() -> None:
        if heard.full():
            loop.remove_reader(sock)
            return
        try:
            heard.put_nowait(sock.recv(_LARGEST))
        except BlockingIOError:
            return
        except OSError as error:
            heard.put_nowait(error)

    try:
        sock.setblocking(False)
        sock.connect((address, port))
        loop.add_reader(sock, ready)
        yield sock, heard
    finally:
        loop.remove_reader(sock)
        sock.close()


async def _ask(look: _Look, address: str, words: bytes, share: Deadline) -> None:
    port, attempts, last = look.spec.port, look.spec.retries + 1, None
    where = place(address, port)
    try:
        with _ear(address, port) as (sock, heard):
            for attempt in range(attempts):
                begun = perf_counter()
                sock.send(words)
                answer = await _answer(look, heard, share.left / (attempts - attempt))
                if answer is None:
                    continue
                last = answer
                look.values |= {
                    "answer": visible(answer.decode("utf-8", "replace").strip()),
                    "size": len(answer),
                    "ip": address,
                }
                look.values["tries"] = attempt + 1
                if _fits(look.spec, answer):
                    look.values["latency"] = look.phases["answer"] = round(perf_counter() - begun, 6)
                    return
    except OSError as error:
        raise _refused(error, where) from None
    raise _without_answer(look, where, last)


async def _answer(look: _Look, ear: asyncio.Queue[bytes | OSError], wait: float) -> bytes | None:
    """The answer that fits, or the last that came; None when none came in so many seconds. Raises OSError."""
    last = None
    try:
        async with asyncio.timeout(wait):
            for _ in range(_MOST_ANSWERS):
                heard = await ear.get()
                if isinstance(heard, OSError):
                    raise heard
                last = heard
                if _fits(look.spec, heard):
                    break
    except TimeoutError as ended:
        if ended.errno is not None:
            raise  # the network's own, not our deadline's
    return last


def _fits(spec: UdpSpec, answer: bytes) -> bool:
    return spec.expect is None or heard_in(answer, spec.expect)


def _refused(error: OSError, where: str) -> Fault:
    if error.errno == errno.ECONNREFUSED:
        return Fault(f"nothing listens on UDP {where} (ICMP port unreachable)", ErrorKind.REFUSED)
    return reason(error, where)


def _without_answer(look: _Look, where: str, last: bytes | None) -> Fault:
    waited, times = look.deadline, look.spec.retries + 1
    if last is not None:
        return Fault(f"`expect` not found within {waited}, got: {excerpt(last)}", ErrorKind.CONTENT)
    sent = f"sent {times} times" if times > 1 else "sent once"
    text = f"no answer from UDP {where} within {waited}, {sent}"
    if look.spec.expect is None:
        text += "; over UDP that proves nothing (give `expect` and a `send` that is always answered)"
    return _Silence(text, ErrorKind.TIMEOUT)


KIND = Kind(
    name="udp",
    summary="sends a datagram and judges the answer, or the lack of one",
    spec=UdpSpec,
    probe=probe,
    values=(
        Value("latency", "seconds", "time from the last sending to the answer"),
        Value("answer", "", "what came back, as one line of at most 200 characters", text=True),
        Value("size", "bytes", "size of the answer"),
        Value("tries", "", "how many times it was sent until the answer came", least=1, whole=True),
        Value("ip", "", "address that answered", text=True),
    ),
    counts_for_uptime=True,
    example="type: udp\nhost: voice.example.org\nport: 9987\nsend: ping\\n\nexpect: ^pong\n",
)
