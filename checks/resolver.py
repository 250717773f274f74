"""Names to addresses, by c-ares: however many name servers stay silent, no answered name waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from functools import lru_cache
from typing import Any, Literal

import pycares

from checks.text import visible
from config.units import show_duration

Family = Literal["auto", "4", "6"]
_FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}
_METADATA_V6 = ipaddress.ip_address("fd00:ec2::254")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# c-ares: the name exists nowhere, or has no address of that family; anything else is a fault on the way.
_NEGATIVE = {pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_ENODATA}
_LOCAL = {pycares.errno.ARES_ENOMEM, pycares.errno.ARES_EFILE}

Addresses = tuple[str, ...]


class LookupFailed(Exception):
    """A name gave no usable address; the text is one line. `local` when the fault is ours."""

    def __init__(self, message: str, *, local: bool = False) -> None:
        super().__init__(message)
        self.local = local


class AddressRefused(Exception):
    """The address policy forbids connecting there; the text is one line."""


class Resolver:
    """Asks the system's name servers, or those given. Positive answers are kept for their time to live."""

    def __init__(self, servers: list[str] | None = None) -> None:
        self._servers = servers
        self._channel: pycares.Channel | None = None

    async def addresses(self, host: str, family: Family, timeout: float) -> Addresses:
        """All addresses of a name, in the order to try them. Raises LookupFailed."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Addresses] = loop.create_future()

        def arrived(result: Any, error: int | None) -> None:
            """Runs on the resolver's own thread; the loop may be gone when it is late."""
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._arrived, answer, host, result, error)

        try:
            self._open().getaddrinfo(
                host, None, family=_FAMILIES[family], type=socket.SOCK_STREAM, callback=arrived
            )
        except (UnicodeError, ValueError):
            raise LookupFailed(f"{visible(host, 80)} is no valid host name") from None
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            patience = show_duration(round(timeout, 1) or timeout)
            reason = f"no answer from the name server for {visible(host, 80)} within {patience}"
            raise LookupFailed(reason) from None

    def close(self) -> None:
        """Forget what is asked; nothing waits for a silent name server."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _open(self) -> pycares.Channel:
        if self._channel is None:
            try:
                self._channel = pycares.Channel(servers=self._servers)
            except pycares.AresError as error:
                raise LookupFailed(f"the resolver cannot start: {visible(str(error))}", local=True) from None
        return self._channel

    def _arrived(self, answer: asyncio.Future[Addresses], host: str, result: Any, error: int | None) -> None:
        """On the loop. A failure is not remembered: the next look asks anew."""
        if error and self._channel is not None:
            with contextlib.suppress(pycares.AresError):
                self._channel.reinit()  # c-ares keeps negative answers as well; this makes it forget
        if not answer.done():
            _settle(answer, host, result, error)


def check_policy(address: str) -> None:
    """Link-local and cloud metadata addresses are not looked at: whoever can name a target must not read them.

    Raises AddressRefused.
    """
    if _is_forbidden(address):
        raise AddressRefused(f"{address} is a link-local or metadata address, which is not looked at")


@lru_cache(maxsize=4096)
def literal(host: str) -> str | None:
    """The address that a host is written as, without brackets; None for a name."""
    bare = host.strip("[]")
    try:
        ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return bare


@lru_cache(maxsize=4096)
def _is_forbidden(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        parsed = inner or parsed
    return parsed.is_link_local or parsed == _METADATA_V6


def _settle(answer: asyncio.Future[Addresses], host: str, result: Any, error: int | None) -> None:
    name = visible(host, 80)
    found = () if error else tuple(dict.fromkeys(_address(node) for node in result.nodes))
    if found:
        answer.set_result(found)
        return
    number = error or pycares.errno.ARES_ENODATA
    if number in _NEGATIVE:
        answer.set_exception(LookupFailed(f"{name} has no address: {_words(number)}"))
    elif _out_of_files():
        reason = "too many open files here: raise LimitNOFILE= of the service"
        answer.set_exception(LookupFailed(f"{name} could not be resolved: {reason}", local=True))
    else:
        reason = f"{name} could not be resolved: {_words(number)}"
        answer.set_exception(LookupFailed(reason, local=number in _LOCAL))


def _words(number: int) -> str:
    words = pycares.errno.strerror(number)
    return (words.decode("ascii", "replace") if isinstance(words, bytes) else words).lower()


def _out_of_files() -> bool:
    """Whether this process can open no more files: c-ares then says that no name server could be reached."""
    try:
        with socket.socket():
            return False
    except OSError:
        return True


def _address(node: Any) -> str:
    host = node.addr[0]
    return host.decode("ascii") if isinstance(host, bytes) else str(host)
