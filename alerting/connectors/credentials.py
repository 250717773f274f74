"""Who calls: our own Basic credentials, secret addresses, and the signature of a helpdesk's webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from config.masks import remember
from config.secrets import Secret, SecretError

_LONG_ENOUGH = 10  # shorter pieces of an address are words like "webhook"
_SIGNED = ("x-hub-signature-256", "x-hub-signature")


def basic(user: str, secret: Secret) -> str:
    """The value of `Authorization`, masked from now on as the secret in it is. Raises SecretError."""
    return _packed(f"{user}:{secret.reveal()}")


def basic_key(key: Secret) -> str:
    """The same for an API key that stands in the place of the user. Raises SecretError."""
    return _packed(f"{key.reveal()}:X")


def _packed(pair: str) -> str:
    packed = base64.b64encode(pair.encode()).decode()
    # As it may come back in an address, or without its padding, too.
    for form in (packed, packed.rstrip("="), quote(packed), quote(packed, safe="")):
        remember(form)
    return f"Basic {packed}"


def is_signed(secret: Secret | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the body bears the signature `sha256=…` of WebSub, as GitHub and Jira send it.

    Never without a secret, or with one that cannot be had.
    """
    try:
        key = secret.reveal().encode() if secret is not None else b""
    except SecretError:
        return False
    right = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}".encode()
    shown = next((headers[name] for name in _SIGNED if name in headers), "")
    return bool(key) and hmac.compare_digest(shown.encode(errors="replace"), right)


def is_known(secret: Secret | None, shown: str) -> bool:
    """Whether what a caller shows is the secret that we share with it, where it cannot sign.

    Never without a secret, or with one that cannot be had.
    """
    try:
        right = secret.reveal().encode() if secret is not None else b""
    except SecretError:
        return False
    return bool(right) and hmac.compare_digest(shown.encode(errors="replace"), right)


def address(secret: Secret) -> str:
    """An address that is a secret, as hooks have: its path and parameters are masked from now on, by themselves too.

    Raises SecretError.
    """
    whole = secret.reveal()
    try:
        parts = urlsplit(whole)
    except ValueError:
        return whole
    rest = whole.partition("://")[2].partition("/")[2]
    pieces = [rest, unquote(rest), *parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    for piece in pieces:
        if len(piece) >= _LONG_ENOUGH:
            remember(piece)
    return whole
