"""A TLS handshake of our own: what a peer shows, kept even where it is not believed, and why it is not.

Nothing is sent but the handshake itself. OpenSSL works on memory only; the bytes go through the link's own
streams, so that neither a slow peer nor a hostile one holds up the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from checks.base import Certificate, ErrorKind
from checks.certificates import Unreadable, ascii_name, in_order, names_keeper, read, speaks_for
from checks.connection import Deadline, Fault, Link
from checks.distrust import (
    ABOUT_LISTS,
    Distrust,
    Objection,
    Why,
    reasons,
    revoked_by_answer,
    told,
    wrong_name,
)
from checks.resolver import literal
from checks.revocation import Stapled, stapled
from checks.text import visible
from checks.tls_talk import Talk
from checks.tls_terms import Terms, ready
from checks.tls_witness import Noted

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

WANTS_PROOF = "it wants a client certificate (give it as `cert` and `key`)"


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of it. `chain` is what the peer sent, leaf first; `path` what was verified, up to the root.

    `fault`: the handshake itself did not end well. `distrust`: the peer's certificates are not to be believed,
    the weightiest reason first. `ocsp` is a stapled answer, `lists` what hinders the lists of revoked
    certificates, `asked_for_proof` whether the peer asked for a client certificate. `took` is in seconds.
    """

    version: str | None = None
    cipher: str | None = None
    bits: int | None = None
    chain: tuple[Certificate, ...] = ()
    path: tuple[Certificate, ...] = ()
    disordered: bool = False
    distrust: tuple[Distrust, ...] = ()
    ocsp: Stapled | None = None
    lists: tuple[str, ...] = ()
    asked_for_proof: bool = False
    fault: Fault | None = None
    took: float = 0.0

    def complaint(self, where: str) -> Fault | None:
        """Why a client would not go on: certificates first, for they are known even where the rest failed."""
        if self.distrust:
            return Fault(f"certificate of {where} not accepted: {told(self.distrust)}", ErrorKind.TLS)
        return self.fault


async def shaken(link: Link, terms: Terms, deadline: Deadline, now: float) -> Handshake:
    """Shake hands on an open plain connection, which is of no further use. `now` in seconds since 1970.

    What the peer does wrong is told in the Handshake; raises Fault only for files of ours.
    """
    noted = Noted()
    connection = _prepared(await ready(terms), terms, noted)
    talk, before = Talk(link, connection, noted), perf_counter()
    fault = await talk.to_the_end(deadline)
    took = perf_counter() - before
    if fault is None and noted.asked_for_proof:
        fault = await talk.afterthought(deadline)
    if fault is not None and noted.asked_for_proof and terms.cert is None:
        fault = Fault(f"TLS with {link.where} failed: {WANTS_PROOF}", ErrorKind.TLS)
    seen = Handshake(asked_for_proof=noted.asked_for_proof, fault=fault, took=took)
    seen = _with_parameters(seen, connection)
    # Beside the loop: a hundred certificates take their while.
    return await asyncio.to_thread(_with_certificates, seen, connection, noted, (terms, now))


def _prepared(context: SSL.Context, terms: Terms, noted: Noted) -> SSL.Connection:
    from OpenSSL import SSL

    connection = SSL.Connection(context, None)
    connection.set_app_data(noted)
    connection.request_ocsp()
    if literal(terms.name) is None:
        with suppress(ValueError):  # no name that could be asked for
            connection.set_tlsext_host_name(ascii_name(terms.name).encode())
    connection.set_connect_state()
    return connection


def _with_parameters(seen: Handshake, connection: SSL.Connection) -> Handshake:
    """Version and cipher, once they are agreed on."""
    cipher = connection.get_cipher_name()
    if cipher is None:
        return seen
    version = connection.get_protocol_version_name().replace("TLSv1", "TLS 1")
    version = "TLS 1.0" if version == "TLS 1" else version
    return replace(seen, version=version, cipher=visible(cipher, 80), bits=connection.get_cipher_bits())


def _with_certificates(
    seen: Handshake, connection: SSL.Connection, noted: Noted, asked: tuple[Terms, float]
) -> Handshake:
    """What the peer showed, and what is to be believed of it."""
    terms, now = asked
    try:
        sent = _ders(connection.get_peer_cert_chain())
        path = _ders(connection.get_verified_chain())
        ordered = in_order(sent)
        chain = tuple(map(read, ordered))
        found = list(reasons(_objections(noted), chain, now))
        if sent and not speaks_for(sent[0], terms.name):
            found.append(wrong_name(terms.name, chain[0]))
        answer = _stapled(noted, sent, path, now)
    except Unreadable as broken:
        return replace(seen, distrust=(Distrust(Why.UNREADABLE, str(broken)),))
    if answer is not None and answer.state == "revoked":
        found.insert(0, revoked_by_answer(answer.since))
    return replace(
        seen,
        chain=chain,
        path=tuple(map(read, path)) if path else (),
        disordered=ordered != sent,
        distrust=tuple(sorted(found, key=lambda each: list(Why).index(each.why))),
        ocsp=answer,
        lists=tuple(dict.fromkeys(ABOUT_LISTS[n] for n, _, _ in noted.objections if n in ABOUT_LISTS)),
    )


def _ders(certificates: Sequence[crypto.X509] | None) -> tuple[bytes, ...]:
    from OpenSSL import crypto

    found = (crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in certificates or ())
    return tuple(dict.fromkeys(found))


def _objections(noted: Noted) -> list[Objection]:
    return [Objection(number, depth, read(der), names_keeper(der)) for number, depth, der in noted.objections]


def _stapled(noted: Noted, sent: Sequence[bytes], path: Sequence[bytes], now: float) -> Stapled | None:
    if not noted.staple or not sent:
        return None
    issuer = next((chain[1] for chain in (path, sent) if len(chain) > 1), None)
    return stapled(noted.staple, sent[0], issuer, now)
