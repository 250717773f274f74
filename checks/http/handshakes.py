"""HTTP: what libcurl does not tell of TLS: version and cipher, and why a certificate was not accepted.

Both come of a handshake of our own with the address that answered, made only when a condition asks for it, a person
looks closely, or a certificate was refused.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from checks.base import ErrorKind
from checks.connection import Deadline, Fault, connected
from checks.http.address import Target
from checks.http.route import addresses_shown, tls_towards
from checks.http.spec import HttpSpec

if TYPE_CHECKING:
    from checks.handshake import Handshake

HANDSHAKE_VALUES = frozenset({"tls_version", "cipher"})


async def handshake(
    spec: HttpSpec, where: Target, addresses: tuple[str, ...], seconds: float, now: float
) -> Handshake | None:
    """What the server shows to us, in `seconds`; None where it cannot be had. `now` in seconds since 1970."""
    from checks.handshake import shaken
    from checks.tls_terms import Terms

    tls = tls_towards(where, spec)
    terms = Terms(tls.server_name or where.host, ca=tls.ca, cert=tls.cert, key=tls.key)
    with contextlib.suppress(Fault):
        deadline = Deadline.after(seconds)
        async with connected(addresses, where.port, deadline) as link:
            return await shaken(link, terms, deadline, now)
    return None


def refusal(seen: Handshake, address: str, port: int, *, verify: bool) -> Fault | None:
    """Why there is no TLS with it, in full; None where our handshake found no fault, or had no time to."""
    found = seen.complaint(addresses_shown((address,), port)) if verify else seen.fault
    return found if found is not None and found.kind is ErrorKind.TLS else None
