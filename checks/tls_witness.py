"""What OpenSSL tells during a handshake, noted: objections to certificates, alerts, the stapled answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

_ASKS_FOR_PROOF = b"certificate request"


@dataclass(slots=True)
class Noted:
    """All that was told of one connection, whose application data it is.

    `objections` are number, distance from the leaf, and the certificate's bytes (DER). `alert` is the peer's last
    one; `asked_for_proof`: it asked for a client certificate; `staple` is its OCSP answer as it came.
    """

    objections: list[tuple[int, int, bytes]] = field(default_factory=list)
    alert: int | None = None
    asked_for_proof: bool = False
    staple: bytes = b""


def listen(context: SSL.Context) -> None:
    """Have all connections of this context note what they are told."""
    from OpenSSL import SSL

    context.set_verify(SSL.VERIFY_PEER, _object)
    context.set_info_callback(_inform)
    context.set_ocsp_client_callback(_staple)


def _object(
    connection: SSL.Connection, certificate: crypto.X509, number: int, depth: int, _well: int
) -> bool:
    """The verifier objects to a certificate. It goes on all the same: everything is to be seen."""
    from OpenSSL import crypto

    if number:
        der = crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
        _noted(connection).objections.append((number, depth, der))
    return True


def _inform(connection: SSL.Connection, where: int, value: int) -> None:
    from OpenSSL import SSL

    if where & SSL.SSL_CB_READ_ALERT == SSL.SSL_CB_READ_ALERT:
        _noted(connection).alert = value & 0xFF
    elif where & SSL.SSL_CB_LOOP and _ASKS_FOR_PROOF in connection.get_state_string():
        _noted(connection).asked_for_proof = True


def _staple(connection: SSL.Connection, answer: bytes, _data: object) -> bool:
    _noted(connection).staple = answer
    return True


def _noted(connection: SSL.Connection) -> Noted:
    noted = connection.get_app_data()
    assert isinstance(noted, Noted)
    return noted
