"""The way out for probes: one resolver and one libcurl engine per event loop.

Names are resolved here and not in libcurl, whose pool of threads would let a few hanging names fail every
healthy one; the address policy is applied to the answer, and exactly that answer is connected to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pycares
import pycurl

from checks.text import visible

Family = Literal["auto", "4", "6"]
_FAMILIES = {"auto": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}
_METADATA_V6 = ipaddress.ip_address("fd00:ec2::254")
_SPARE_HANDLES = 64
# c-ares: the name exists nowhere, or has no address of that family; anything else is a fault on the way.
_NEGATIVE = {pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_ENODATA}
_LOCAL = {pycares.errno.ARES_ENOMEM, pycares.errno.ARES_EFILE}


class LookupFailed(Exception):
    """A name gave no usable address; the text is one line. `local` when the fault is ours."""

    def __init__(self, message: str, *, local: bool = False) -> None:
        super().__init__(message)
        self.local = local


class AddressRefused(Exception):
    """The address policy forbids connecting there; the text is one line."""


class Network:
    """Resolver and transfer engine; bound to the loop it is first used on. Close it with `aclose`."""

    def __init__(self, servers: list[str] | None = None) -> None:
        """`servers`: name servers to ask (`127.0.0.1:5353`) instead of the system's."""
        self._servers = servers
        self._channel: pycares.Channel | None = None
        self._multi: Any = None
        self._spare: list[pycurl.Curl] = []

    async def resolve(self, host: str, *, family: Family = "auto", timeout: float) -> tuple[str, ...]:
        """The addresses of `host` in the order to try them. Raises LookupFailed or AddressRefused."""
        literal = _literal(host)
        addresses = (literal,) if literal else await self._ask(host, family, timeout)
        for address in addresses:
            refuse(address)
        return addresses

    async def _ask(self, host: str, family: Family, timeout: float) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[str, ...]] = loop.create_future()

        def arrived(result: Any, error: int | None) -> None:
            """Runs on the resolver's own thread."""
            loop.call_soon_threadsafe(_settle, answer, host, result, error)

        if self._channel is None:
            self._channel = pycares.Channel(servers=self._servers)
        try:
            self._channel.getaddrinfo(
                host, None, family=_FAMILIES[family], type=socket.SOCK_STREAM, callback=arrived
            )
        except (UnicodeError, ValueError):
            raise LookupFailed(f"{visible(host, 80)} is no valid host name") from None
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise LookupFailed(
                f"no answer from the name server for {visible(host, 80)} within {timeout:.3g}s"
            ) from None

    @asynccontextmanager
    async def handle(self) -> AsyncIterator[pycurl.Curl]:
        """A clean libcurl handle; it is used again unless the transfer was interrupted."""
        curl = self._spare.pop() if self._spare else pycurl.Curl()
        try:
            yield curl
        except BaseException:
            asyncio.get_running_loop().call_soon(curl.close)  # the engine lets go of it within this tick
            raise
        curl.reset()
        if len(self._spare) < _SPARE_HANDLES:
            self._spare.append(curl)
        else:
            curl.close()

    async def perform(self, curl: pycurl.Curl) -> None:
        """Run one transfer; raises pycurl.error(code, text)."""
        if self._multi is None:
            self._multi = pycurl.AsyncCurlMulti()
        await self._multi.perform(curl)

    async def aclose(self) -> None:
        """End what runs and free sockets."""
        if self._multi is not None:
            await self._multi.aclose()
        for curl in self._spare:
            curl.close()
        self._spare.clear()
        if self._channel is not None:
            self._channel.close()


def refuse(address: str) -> None:
    """Link-local and cloud metadata addresses are not looked at: whoever can name a target must not read them."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    plain = mapped or parsed
    if plain.is_link_local or plain == _METADATA_V6:
        raise AddressRefused(f"{address} is a link-local or metadata address, which is not looked at")


def os_reason(number: int) -> str:
    """The operating system's own words for an error number, in lower case."""
    return os.strerror(number).lower()


def _literal(host: str) -> str | None:
    bare = host.strip("[]")
    try:
        ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return bare


def _settle(answer: asyncio.Future[tuple[str, ...]], host: str, result: Any, error: int | None) -> None:
    if answer.done():
        return
    if error is None or error == 0:
        found = tuple(dict.fromkeys(_address(node) for node in result.nodes))
        if found:
            answer.set_result(found)
            return
        error = pycares.errno.ARES_ENODATA
    name = visible(host, 80)
    if error in _NEGATIVE:
        answer.set_exception(LookupFailed(f"{name} has no address: {pycares.errno.strerror(error).lower()}"))
    else:
        words = pycares.errno.strerror(error).lower()
        answer.set_exception(LookupFailed(f"{name} could not be resolved: {words}", local=error in _LOCAL))


def _address(node: Any) -> str:
    host = node.addr[0]
    return host.decode("ascii") if isinstance(host, bytes) else str(host)
