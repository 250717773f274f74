"""Pages of one-time links: small, whole in themselves, without a script, and remembered by nobody."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, Response

from agent.clock import Clock
from agent.door import Bucket

FORM = "application/x-www-form-urlencoded"
MOST_SENT = 16 * 1024
_MOST_FIELDS = 10
_BURST, _PER_SECOND = 60.0, 2.0
_STYLE = (
    "body{font:1.1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff;"
    "overflow-wrap:anywhere}"
    "fieldset{border:1px solid #bbb;margin:1rem 0;padding:.5rem 1rem}label{display:inline-block;margin-right:1.2rem}"
    "textarea{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.4rem 1.2rem}"
    ".press{width:100%;padding:1rem;font-size:1.25rem;font-weight:600}h1{font-size:1.4rem}"
    "a{color:#0b5394}@media(prefers-color-scheme:dark){body{color:#ddd;background:#1a1a1a}a{color:#8ab4f8}}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def bucket(clock: Clock) -> Bucket:
    """How often pages of one kind are given: guesses are slow."""
    return Bucket(clock, _BURST, _PER_SECOND)


def small_page(heading: str, body: str, status: int = 200) -> Response:
    """`body` is HTML; the heading is text."""
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(heading)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )
    return HTMLResponse(html, status, _HEADERS | ({"Retry-After": "60"} if status in (429, 503) else {}))


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def fields(body: bytes) -> dict[str, str]:
    """The fields of a form, the first of each name; nothing when it is none."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return {}
    return dict(reversed(pairs))
