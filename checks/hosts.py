"""Names of hosts: how an operator writes them, and the addresses that stand behind them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

from checks.base import Context, ErrorKind
from checks.connection import Deadline, Fault
from checks.network import AddressRefused, Family, LookupFailed, Network
from checks.text import visible


def _host(text: str) -> str:
    host = text.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    wrong = f'expected a host name or address, got "{visible(text, 60)}"'
    if "/" in host or "@" in host or (":" in host and not _is_address(host)):
        raise ValueError(wrong + _taken_apart(host))
    if not host or re.search(r"[\s\x00-\x1f\x7f]", host):
        raise ValueError(wrong)
    return host


def _taken_apart(text: str) -> str:
    """`tcp://db:5432/x` as the options it would be."""
    found = re.fullmatch(r"(?:\w+://)?([\w.-]+)(?::([0-9]{1,5}))?(?:/.*)?", text)
    if found is None:
        return " (write the name alone)"
    return f" (write host: {found[1]}{f' and port: {found[2]}' if found[2] else ''})"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


Host = Annotated[str, AfterValidator(_host)]


async def addresses_of(
    host: str,
    context: Context,
    deadline: Deadline,
    family: Family = "auto",
    *,
    resolver: str | None = None,
) -> tuple[str, ...]:
    """The addresses of `host` in the order to try them, in what is left of the time. Raises Fault.

    `resolver`: a name server to ask instead of the system's, `192.0.2.53:53` or `tcp://192.0.2.53`.
    """
    try:
        if resolver is None:
            return await context.network.resolve(host, family=family, timeout=deadline.left)
        servers, by_tcp = [resolver.partition("://")[2] or resolver], resolver.startswith("tcp://")
        network = Network(servers, by_tcp=by_tcp, allowed=context.network.allowed)
        try:
            return await network.resolve(host, family=family, timeout=deadline.left)
        finally:
            await network.aclose()
    except LookupFailed as failed:
        raise Fault(str(failed), ErrorKind.LOCAL if failed.local else ErrorKind.DNS) from None
    except AddressRefused as refused:
        raise Fault(str(refused), ErrorKind.POLICY) from None
