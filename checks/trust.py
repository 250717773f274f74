"""Whom a TLS probe trusts, and how long a certificate still lasts."""

from __future__ import annotations

import errno
import os
import ssl
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from checks.base import Certificate, ErrorKind
from checks.certificates import Unreadable, ascii_name, days_until, in_order, read
from checks.connection import Fault, Secure
from checks.resolver import literal
from checks.text import visible

Stamp: TypeAlias = tuple[int | None, ...]

_DAY = 86400.0
_MOST_SENT = 20
_DER = 2  # the inner object's number for DER
_NOBODY = "this host has no CA certificates: install ca-certificates or set `ca`"


@dataclass(frozen=True, slots=True)
class Proof:
    """Our client certificate, and its key if that has a file of its own (PEM, without a passphrase)."""

    cert: str
    key: str | None = None


def client_context(ca: str | None, *, verify: bool = True, proof: Proof | None = None) -> ssl.SSLContext:
    """A context that verifies name and chain, by the system's CAs or by those in the file `ca` alone.

    It is made once and again when a file changes, for reading them costs more than a handshake.
    Raises OSError (of which ssl.SSLError is one) when the CAs cannot be read or there are none, Fault when our
    own certificate is of no use.
    """
    return _context(ca, verify, proof, _stamp(ca) if verify else (), _proof_stamp(proof))


def securely(name: str, ca: str | None, *, verify: bool = True, proof: Proof | None = None) -> Secure:
    """TLS with a peer that must prove to be `name`, unless told not to verify. Raises Fault for files of ours.

    The first time the files are read, which takes its while: call it beside the loop (`asyncio.to_thread`).
    """
    try:
        wanted = name if literal(name) is not None else ascii_name(name)
    except ValueError as error:
        raise Fault(str(error), ErrorKind.LOCAL) from None
    try:
        return Secure(client_context(ca, verify=verify, proof=proof), wanted)
    except ssl.SSLError:
        raise Fault(f"no certificate in the CA file {visible(ca or '')}", ErrorKind.LOCAL) from None
    except OSError as error:
        why = f"cannot read the CA file {ca}: {error.strerror}" if ca else str(error)
        raise Fault(visible(why), ErrorKind.LOCAL) from None


def trusted_files(ca: str | None) -> tuple[str | None, str | None]:
    """File and directory of those who are trusted: `ca` alone, or the system's. Raises Fault when there are none."""
    if ca is not None:
        return ca, None
    if not _has_system_cas():
        raise Fault(_NOBODY, ErrorKind.LOCAL)
    paths = ssl.get_default_verify_paths()
    return paths.cafile, paths.capath


def days_left(ssl_object: ssl.SSLObject | None, at: float) -> float | None:
    """Days from `at` (Unix seconds) until the peer's certificate ends; None when it gave none."""
    if ssl_object is None:
        return None
    ends = (ssl_object.getpeercert() or {}).get("notAfter")
    if isinstance(ends, str):
        return round((ssl.cert_time_to_seconds(ends) - at) / _DAY, 3)
    return _days_unverified(ssl_object.getpeercert(binary_form=True), at)


def sent_chain(ssl_object: ssl.SSLObject) -> tuple[Certificate, ...]:
    """The chain that the peer sent, leaf first and at most so many; nothing when it cannot be read.

    Python tells it from 3.13 on; before, its inner object does.
    """
    inner: Any = (
        ssl_object if hasattr(ssl_object, "get_unverified_chain") else getattr(ssl_object, "_sslobj", None)
    )
    sent = inner.get_unverified_chain() if inner is not None else None
    ders = tuple(
        each if isinstance(each, bytes) else bytes(each.public_bytes(_DER))
        for each in (sent or ())[:_MOST_SENT]
    )
    try:
        return tuple(map(read, in_order(ders)))
    except Unreadable:
        return ()


def _days_unverified(der: bytes | None, at: float) -> float | None:
    """The same of a certificate that nobody verified, which Python does not read."""
    try:
        return days_until(read(der).ends, at) if der else None
    except Unreadable:
        return None


@lru_cache(maxsize=64)
def _context(
    ca: str | None, verify: bool, proof: Proof | None, _stamp: Stamp, _proof_stamp: Stamp
) -> ssl.SSLContext:
    if verify and ca is None and not _has_system_cas():
        raise FileNotFoundError(_NOBODY)
    context = ssl.create_default_context(cafile=ca) if verify else _believing_anything()
    # Newer Pythons switch this on: a private CA would then pass or fail by the Python that looks at it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= (
        ssl.VERIFY_X509_PARTIAL_CHAIN
    )  # an intermediate in the file is enough, as for libcurl
    if proof is not None:
        _prove(context, proof)
    return context


def _believing_anything() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _prove(context: ssl.SSLContext, proof: Proof) -> None:
    file = proof.key or proof.cert
    try:
        context.load_cert_chain(proof.cert, proof.key, password="")  # else OpenSSL asks on the terminal
    except ssl.SSLError:
        text = (
            f"no client certificate in {proof.cert}, or no key that fits it, without a passphrase, in {file}"
        )
        raise Fault(visible(text, 300), ErrorKind.LOCAL) from None


def _stamp(ca: str | None) -> Stamp:
    if ca is not None:
        return (changed_at(ca),)
    paths = ssl.get_default_verify_paths()
    return tuple(_changed(path) for path in (paths.cafile, paths.capath))


def _proof_stamp(proof: Proof | None) -> Stamp:
    if proof is None:
        return ()
    try:
        return tuple(changed_at(file) for file in (proof.cert, proof.key) if file)
    except OSError as error:
        text = f"cannot read the client certificate {error.filename}: {error.strerror}"
        raise Fault(visible(text), ErrorKind.LOCAL) from None


def changed_at(file: str) -> int:
    """When it was changed, in nanoseconds. Raises OSError, also for pipes and devices: reading them may never end."""
    seen = Path(file).stat()
    if not (stat.S_ISREG(seen.st_mode) or stat.S_ISDIR(seen.st_mode)):
        raise OSError(errno.EINVAL, "it is no regular file", file)
    return seen.st_mtime_ns


def expect_files(*files: str | None) -> None:
    """Raises Fault when one of ours is not there, or is none that can be read to its end."""
    for file in filter(None, files):
        try:
            changed_at(file)
        except OSError as error:
            raise Fault(visible(f"cannot read {file}: {error.strerror}"), ErrorKind.LOCAL) from None


def _changed(path: str | None) -> int | None:
    return Path(path).stat().st_mtime_ns if path and Path(path).exists() else None


def _has_system_cas() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.cafile and Path(paths.cafile).is_file():
        return True
    return bool(paths.capath and Path(paths.capath).is_dir() and os.listdir(paths.capath))  # noqa: PTH208 - one look is enough
