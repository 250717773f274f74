"""HTTP: values that cost extra, for those who ask for them; and a certificate's refusal in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.base import Scalar
from checks.connection import Fault
from checks.http.answer import Answer
from checks.http.faults import CertificateRefused
from checks.http.gathered import CERTIFICATE_VALUES, Look
from checks.http.handshakes import HANDSHAKE_VALUES, handshake, refusal
from checks.http.request import Request
from checks.http.route import Route
from checks.http.security import header_values
from checks.text import visible

if TYPE_CHECKING:
    from checks.handshake import Handshake

_NAMES_LENGTH = 500


async def extra_values(request: Request, look: Look, route: Route, answer: Answer) -> dict[str, Scalar]:
    """What `look.wants` names of the answer that ended it."""
    found: dict[str, Scalar] = {"body_hash": answer.sha256}
    secure = request.target.scheme == "https"
    found |= header_values(answer.headers(), secure=secure)
    if secure and look.chain:
        leaf = look.chain[0]
        found["cert_issuer"] = leaf.issuer
        found["cert_names"] = visible(", ".join(leaf.names), _NAMES_LENGTH)
    if secure and look.wants & HANDSHAKE_VALUES:
        found |= await _of_handshake(request, look, route)
    return {name: value for name, value in found.items() if name in look.wants}


async def after_refusal(refused: CertificateRefused, request: Request, look: Look, route: Route) -> Fault:
    """Why the certificate was not accepted, as a handshake of our own tells it: libcurl shows none that it refused."""
    address = str(look.values.get("ip") or "")
    if not address or route.proxy is not None:
        return refused
    seen = await _own_handshake(request, look, address)
    if seen is None:
        return refused
    look.chain = seen.chain
    from checks.certificates import chain_days, leaf_days

    look.values["cert_days"] = leaf_days(seen.chain, look.context.now)
    look.values["chain_days"] = chain_days(seen.chain, look.context.now)
    if look.wants & CERTIFICATE_VALUES and seen.chain:
        look.values["cert_issuer"] = seen.chain[0].issuer
        look.values["cert_names"] = visible(", ".join(seen.chain[0].names), _NAMES_LENGTH)
    return refusal(seen, address, request.target.port, verify=look.spec.tls.verify) or refused


async def _own_handshake(request: Request, look: Look, address: str) -> Handshake | None:
    return await handshake(look.spec, request.target, (address,), look.left, look.context.now)


async def _of_handshake(request: Request, look: Look, route: Route) -> dict[str, Scalar]:
    """Version and cipher that the server agrees to with us."""
    if look.values.get("http_version") == "3":
        look.unread["cipher"] = "is not known of QUIC"
        return {"tls_version": "TLS 1.3"}
    address = str(look.values.get("ip") or "")
    if route.proxy is not None or route.socket is not None or not address:
        reason = "through a proxy" if route.proxy is not None else "through a socket"
        look.unread |= dict.fromkeys(HANDSHAKE_VALUES, f"cannot be told {reason}")
        return {}
    seen = await _own_handshake(request, look, address)
    if seen is None or seen.version is None:
        why = seen.fault.message if seen is not None and seen.fault is not None else "no second connection"
        look.unread |= dict.fromkeys(HANDSHAKE_VALUES, f"no handshake of our own: {why}")
        return {}
    return {"tls_version": seen.version, "cipher": seen.cipher}
