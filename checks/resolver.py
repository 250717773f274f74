"""Names to addresses, by c-ares: however many name servers stay silent, no answered name waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Literal, TypeAlias

import pycares

from checks.text import visible
from config.units import show_duration

Family = Literal["auto", "4", "6"]
IPNetwork: TypeAlias = IPv4Network | IPv6Network
_FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}
# Where clouds keep what is not link-local: Amazon (two), Google, Scaleway, Oracle, Alibaba.
_METADATA = frozenset(
    ipaddress.ip_address(each)
    for each in (
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fd00:c1::a9fe:a9fe", "100.100.100.200"
    )
)  # fmt: skip
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

    def __init__(self, servers: list[str] | None = None, *, by_tcp: bool = False) -> None:
        self._servers = servers
        self._flags = pycares.ARES_FLAG_USEVC if by_tcp else None
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
                self._channel = pycares.Channel(servers=self._servers, flags=self._flags)
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


def check_policy(address: str, allowed: Iterable[IPNetwork] = ()) -> None:
    """Link-local and cloud metadata addresses are not looked at: whoever can name a target must not read them.

    Those in the networks `allowed` are, all the same. Raises AddressRefused.
    """
    if _is_forbidden(address) and not any(_plain(address) in network for network in allowed):
        remedy = "to look at it all the same, name it in agent.allow_link_local"
        raise AddressRefused(
            f"{address} is a link-local or metadata address, which is not looked at ({remedy})"
        )


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
    plain = _plain(address)
    return plain.is_link_local or plain in _METADATA


def _plain(address: str) -> IPv4Address | IPv6Address:
    """The address without its interface; the IPv4 address that is wrapped in an IPv6 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if not isinstance(parsed, IPv6Address):
        return parsed
    if parsed in _NAT64:
        return IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed.sixtofour or parsed


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
