"""Whom a TLS probe trusts, and how long a certificate still lasts."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from checks.base import ErrorKind
from checks.connection import Fault, Secure
from checks.text import visible

Stamp: TypeAlias = tuple[int | None, ...]

_DAY = 86400.0


def client_context(ca: str | None) -> ssl.SSLContext:
    """A context that verifies name and chain, by the system's CAs or by those in the file `ca` alone.

    It is made once and again when the CA files change, for reading them costs more than a handshake.
    Raises OSError (of which ssl.SSLError is one) when they cannot be read or there are none.
    """
    return _context(ca, _stamp(ca))


def securely(name: str, ca: str | None) -> Secure:
    """TLS with a peer that must prove to be `name`. Raises Fault when the CA file is of no use."""
    try:
        return Secure(client_context(ca), name)
    except ssl.SSLError:
        raise Fault(f"no certificate in the CA file {visible(ca or '')}", ErrorKind.LOCAL) from None
    except OSError as error:
        why = f"cannot read the CA file {ca}: {error.strerror}" if ca else str(error)
        raise Fault(visible(why), ErrorKind.LOCAL) from None


def days_left(ssl_object: ssl.SSLObject | None, at: float) -> float | None:
    """Days from `at` (Unix seconds) until the peer's certificate ends; None when it gave none."""
    certificate = ssl_object.getpeercert() if ssl_object is not None else None
    ends = certificate.get("notAfter") if certificate else None
    return round((ssl.cert_time_to_seconds(ends) - at) / _DAY, 3) if isinstance(ends, str) else None


@lru_cache(maxsize=32)
def _context(ca: str | None, _stamp: Stamp) -> ssl.SSLContext:
    if ca is None and not _has_system_cas():
        raise FileNotFoundError("this host has no CA certificates: install ca-certificates or set `ca`")
    context = ssl.create_default_context(cafile=ca)
    # Newer Pythons switch this on: a private CA would then pass or fail by the Python that looks at it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _stamp(ca: str | None) -> Stamp:
    if ca is not None:
        return (Path(ca).stat().st_mtime_ns,)
    paths = ssl.get_default_verify_paths()
    return tuple(_changed(path) for path in (paths.cafile, paths.capath))


def _changed(path: str | None) -> int | None:
    return Path(path).stat().st_mtime_ns if path and Path(path).exists() else None


def _has_system_cas() -> bool:
    paths = ssl.get_default_verify_paths()
    if paths.cafile and Path(paths.cafile).is_file():
        return True
    return bool(paths.capath and Path(paths.capath).is_dir() and os.listdir(paths.capath))  # noqa: PTH208 - one look is enough
