"""The certificate and the key that are served: whether they can be read, and fit."""

from __future__ import annotations

import ssl
from pathlib import Path

from config.web import TlsOptions


class CannotServe(Exception):
    """They cannot be read, or do not fit; the text says which and why."""


def load_pair(options: TlsOptions, context: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """What TLS is spoken with. A context that is given takes the files as they are now, for new connections.

    Raises CannotServe; then a context that was given is as before.
    """
    fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    fresh.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(options, fresh)
    if context is not None:
        _load(options, context)
    return context or fresh


def _load(options: TlsOptions, context: ssl.SSLContext) -> None:
    for path in (options.cert, options.key):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise CannotServe(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        # Without an answer of ours the library would ask the terminal for a password.
        context.load_cert_chain(options.cert, options.key, password=lambda: "")
    except ssl.SSLError as error:
        reason = (error.reason or "neither is PEM").replace("_", " ").lower()
        raise CannotServe(f"{options.cert} and {options.key} do not fit: {reason}") from None
    except (OSError, ValueError) as error:
        raise CannotServe(f"{options.cert} and {options.key} cannot be used: {error}") from None
