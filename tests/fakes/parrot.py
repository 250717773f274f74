"""A server that gives back whatever it was sent, in every way that a vendor's error may: for what must not be shown.

`python -m tests.fakes.parrot [PORT]` runs it alone.
"""

from __future__ import annotations

import json
from itertools import cycle
from urllib.parse import quote, unquote

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_STATUSES = (200, 401, 400, 500, 201, 404, 403, 422, 429, 503, 302)


class Parrot(Vendor):
    """Answers with each status in turn, and tells all it heard: as JSON of many shapes, as text, as a page."""

    def __init__(self) -> None:
        super().__init__()
        self._statuses = cycle(_STATUSES)
        self._count = 0

    def answer(self, request: Request) -> Reply:
        self._count += 1
        heard = " ".join(
            (unquote(request.path), *request.headers.values(), request.raw.decode("utf-8", "replace"))
        )
        query = " ".join(value for values in request.query.values() for value in values)
        said = f"{heard} {query} {quote(heard)}"
        status = next(self._statuses)
        place = f"https://{quote(said[:60], safe='')}.example.org/{quote(said)}"
        headers = {"Location": place} if status == 302 else {}
        form = self._count % 4
        if form == 0:
            page = f"<html><title>{said}</title></html>".encode()
            return Reply(status, page, {**headers, "Content-Type": "text/html"})
        if form == 1:
            return Reply(status, said.encode(), {**headers, "Content-Type": "text/plain"})
        return Reply(
            status, json.dumps(_told(said)).encode(), {**headers, "Content-Type": "application/json"}
        )


def _told(said: str) -> dict[str, object]:
    """Every place in which vendors put what went wrong, and what a person or a ticket is called."""
    item = {"message": said, "description": said, "field": said, "code": said, "error": said, "name": said}
    one = {
        **item, "id": 7, "key": said, "url": said, "self": said, "web_url": said, "html_url": said, "state": said,
        "title": said, "subject": said, "summary": said, "login": said, "displayName": said, "emailAddress": said,
    }  # fmt: skip
    return {
        **one, "ok": False, "errors": [item], "errorMessages": [said], "error": said, "details": {"base": [item]},
        "result": one, "issue": one, "ticket": one, "tickets": [one], "issues": [one], "items": [one], "user": one,
        "fields": {"summary": said, "status": {"name": said}}, "warning": said, "detail": said,
    }  # fmt: skip


if __name__ == "__main__":
    run_alone(Parrot())
