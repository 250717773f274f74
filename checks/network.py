"""The way out for probes: one resolver and one libcurl engine per event loop.

Names are resolved here and not in libcurl, whose pool of threads would let a few hanging names fail every
healthy one; the address policy is applied to the answer, and exactly that answer is connected to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pycurl

from checks.engine import Engine
from checks.resolver import AddressRefused, Family, IPNetwork, LookupFailed, Resolver, check_policy, literal

__all__ = ["AddressRefused", "Family", "LookupFailed", "Network"]

_SPARE_HANDLES = 64


class Network:
    """Resolver and transfer engine; bound to the loop it is first used on. Close it with `aclose`."""

    def __init__(
        self, servers: list[str] | None = None, *, by_tcp: bool = False, allowed: tuple[IPNetwork, ...] = ()
    ) -> None:
        """`servers`: name servers to ask (`127.0.0.1:5353`) instead of the system's, `by_tcp` if need be.

        `allowed`: link-local networks that may be looked at; it may be set anew at any time.
        """
        self.allowed = allowed
        self._resolver = Resolver(servers, by_tcp=by_tcp)
        self._engine: Engine | None = None
        self._spare: list[pycurl.Curl] = []

    async def resolve(self, host: str, *, family: Family = "auto", timeout: float) -> tuple[str, ...]:
        """The addresses of `host` in the order to try them. Raises LookupFailed or AddressRefused."""
        written = literal(host)
        if written is None:
            addresses = await self._resolver.addresses(host, family, timeout)
        elif family != "auto" and family != ("6" if ":" in written else "4"):
            raise LookupFailed(f"{written} is no IPv{family} address", local=True)
        else:
            addresses = (written,)
        for address in addresses:
            self.check(address)
        return addresses

    def check(self, address: str) -> None:
        """Raises AddressRefused for an address that must not be looked at."""
        check_policy(address, self.allowed)

    @contextmanager
    def handle(self) -> Iterator[pycurl.Curl]:
        """A clean libcurl handle; it is used again unless the transfer was interrupted."""
        curl = self._spare.pop() if self._spare else pycurl.Curl()
        try:
            yield curl
        except BaseException:
            curl.close()
            raise
        curl.reset()
        if len(self._spare) < _SPARE_HANDLES:
            self._spare.append(curl)
        else:
            curl.close()

    async def perform(self, curl: pycurl.Curl) -> None:
        """Run one transfer; raises pycurl.error(code, text)."""
        if self._engine is None:
            self._engine = Engine()
        await self._engine.perform(curl)

    async def aclose(self) -> None:
        """End what runs and free sockets."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        for curl in self._spare:
            curl.close()
        self._spare.clear()
        self._resolver.close()
