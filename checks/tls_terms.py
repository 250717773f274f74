"""What a TLS handshake of our own is made with: whom to trust, who we are, which versions; read from files once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from checks.base import ErrorKind
from checks.connection import Fault
from checks.text import visible
from checks.tls_witness import listen
from checks.trust import Stamp, changed_at, trusted_files

if TYPE_CHECKING:
    from OpenSSL import SSL, crypto

Version = Literal["1.0", "1.1", "1.2", "1.3"]
# Strong ones first, as clients offer them; then all that still prove who the server is, to see what it takes.
_CIPHERS = b"DEFAULT:ALL:!aNULL:!eNULL:@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class Terms:
    """Whom to expect (`name`, an address too), by whose word, and who we are. Files are PEM.

    `crl` is a file of lists of revoked certificates (PEM or DER); `least` the lowest version to speak.
    """

    name: str
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    crl: str | None = None
    least: Version = "1.0"


def context_of(terms: Terms) -> SSL.Context:
    """OpenSSL's context for these terms, made anew when a file of them changes. Raises Fault: our own files."""
    files = (*trusted_files(terms.ca), terms.cert, terms.key, terms.crl)
    stamps = tuple(_stamp(file) for file in files)
    return _context(terms.ca, (terms.cert, terms.key), terms.crl, terms.least, stamps)


async def ready(terms: Terms) -> SSL.Context:
    """The same, beside the loop: the library's first import and the files of many authorities take their time."""
    return await asyncio.to_thread(context_of, terms)


@lru_cache(maxsize=64)
def _context(
    ca: str | None, proof: tuple[str | None, str | None], crl: str | None, least: Version, _stamps: Stamp
) -> SSL.Context:
    from OpenSSL import SSL

    numbers = {"1.0": SSL.TLS1_VERSION, "1.1": SSL.TLS1_1_VERSION, "1.2": SSL.TLS1_2_VERSION}
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(numbers.get(least, SSL.TLS1_3_VERSION))
    context.set_cipher_list(_CIPHERS)
    listen(context)
    _trust(context, ca)
    if proof[0] is not None:
        _prove(context, proof[0], proof[1] or proof[0])
    if crl is not None:
        _revoke(context, crl)
    return context


def _trust(context: SSL.Context, ca: str | None) -> None:
    from OpenSSL import SSL, crypto

    file, directory = trusted_files(ca)
    if ca is not None:
        _content(ca)
    try:
        context.load_verify_locations(file, directory)
    except SSL.Error:
        raise _useless("no certificate in the CA file", ca or file or "") from None
    _store(context).set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)  # as libcurl does


def _store(context: SSL.Context) -> crypto.X509Store:
    store = context.get_cert_store()
    assert store is not None
    return store


def _prove(context: SSL.Context, cert: str, key: str) -> None:
    """Show a client certificate, with those above it that stand in its file."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates
    from OpenSSL import SSL

    try:
        leaf, *above = load_pem_x509_certificates(_content(cert))
        context.use_certificate(leaf)
        for each in above:
            context.add_extra_chain_cert(each)
    except (ValueError, SSL.Error):
        raise _useless("no client certificate in", cert) from None
    try:
        context.use_privatekey(load_pem_private_key(_content(key), None))  # type: ignore[arg-type]  # other sorts of keys are refused
        context.check_privatekey()
    except (ValueError, TypeError, UnsupportedAlgorithm, SSL.Error):
        raise _useless("no key that fits the client certificate, without a passphrase, in", key) from None


def _revoke(context: SSL.Context, crl: str) -> None:
    from OpenSSL import crypto

    from checks.revocation import lists_in

    store = _store(context)
    for each in lists_in(crl):
        store.add_crl(each)
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK)


def _content(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise _unread(file, error) from None


def _stamp(file: str | None) -> int | None:
    try:
        return changed_at(file) if file is not None else None
    except OSError as error:
        raise _unread(file or "", error) from None


def _unread(file: str, error: OSError) -> Fault:
    return Fault(visible(f"cannot read {file}: {error.strerror}"), ErrorKind.LOCAL)


def _useless(what: str, file: str) -> Fault:
    return Fault(visible(f"{what} {file}"), ErrorKind.LOCAL)
