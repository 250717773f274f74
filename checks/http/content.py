"""HTTP: what a request carries: a body as written, a form, or JSON, and the type it is sent as."""

from __future__ import annotations

import json
from urllib.parse import quote_plus, urlencode

from checks.http.spec import HttpSpec
from checks.masking import is_private
from config.masks import remember

Content = tuple[bytes | None, str | None]


def content_of(spec: HttpSpec) -> Content:
    """The body, and the Content-Type that it needs where the operator names none. Raises SecretError."""
    if spec.body is not None:
        return spec.body.reveal().encode(), None
    if spec.form is not None:
        return _form(spec), "application/x-www-form-urlencoded"
    if spec.json is not None:
        # Without letters beyond ASCII: halves of surrogate pairs have no UTF-8.
        return json.dumps(spec.json.reveal(), separators=(",", ":")).encode(), "application/json"
    return None, None


def holds_secrets(spec: HttpSpec) -> bool:
    """Whether what is sent is for the origin in the URL alone."""
    if spec.body is not None:
        return spec.body.refers
    if spec.json is not None:
        return spec.json.holds_secrets
    return any(value.refers or is_private(name) for name, value in (spec.form or {}).items())


def method_of(spec: HttpSpec) -> str:
    """The method asked for; POST for what is sent unless the operator names one."""
    sends = spec.form is not None or spec.json is not None
    return "POST" if sends and "method" not in spec.model_fields_set else spec.method.upper()


def _form(spec: HttpSpec) -> bytes:
    fields = {name: value.reveal() for name, value in (spec.form or {}).items()}
    for name, value in (spec.form or {}).items():
        if not value.in_clear:  # a server may send it back as it came
            remember(quote_plus(fields[name]))
    return urlencode(fields).encode()
