"""A stranger's file on its way to somebody: to be saved, and to no program of ours or of the browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from agent.store.files import content_of
from alerting.desk.attachment import Attachment


def sent_file(found: Attachment, state: Path) -> Response:
    """The bytes as they came, under their own name. Raises Lost. To be used on a thread."""
    content = content_of(state, found.sha256)
    plain = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in found.name
    )
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name, safe='')}"
    headers = {
        "Content-Disposition": named,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, media_type="application/octet-stream")
