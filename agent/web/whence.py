"""Where a request comes from, and over what."""

from __future__ import annotations

from starlette.requests import Request


def whence(request: Request) -> str:
    """The address of whoever asks."""
    return request.client.host if request.client else ""


def is_secure(request: Request) -> bool:
    """Whether it came over TLS."""
    return request.url.scheme == "https"
