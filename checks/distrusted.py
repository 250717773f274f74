"""A certificate that was not believed, looked at again: all that is wrong with it, said so that it can be mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.base import Context, ErrorKind
from checks.connection import Deadline, Distrusted, Fault, connected

if TYPE_CHECKING:
    from checks.starttls import StartTls
    from checks.tls_options import Tls

# Addresses, port, and the protocol that TLS is asked for in.
Place = tuple[tuple[str, ...], int, "StartTls | None"]


async def explained(fault: Fault, place: Place, trust: Tls, context: Context, deadline: Deadline) -> Fault:
    """The same Fault, with every reason where it is about TLS and time is left to look at that."""
    if not isinstance(fault, Distrusted) or trust.server_name is None:
        return fault
    from checks.handshake import shaken
    from checks.starttls import ask
    from checks.tls_terms import Terms

    addresses, port, protocol = place
    terms = Terms(trust.server_name, trust.ca, trust.cert, trust.key)
    try:
        async with connected(addresses, port, deadline) as link:
            if protocol is not None:
                await ask(protocol, link, terms.name, deadline)
            seen = await shaken(link, terms, deadline, context.now)
            found = seen.complaint(link.where)
            fault = Distrusted(found.message, found.kind) if found and found.kind is ErrorKind.TLS else fault
            fault.chain = seen.chain
            return fault
    except Fault:  # of the second connection
        return fault
