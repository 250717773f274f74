"""HTTP: one document fetched for another kind, under all the rules of the kind `http`."""

from __future__ import annotations

from dataclasses import replace

from checks.base import Context, Observation
from checks.http.kind import probe
from checks.http.spec import HttpSpec


async def fetch(url: str, context: Context, max_body: int) -> Observation:
    """What a GET of `url` gave, as the kind `http` observes it: redirects followed, addresses checked at each hop.

    The body is kept whole; one of more than `max_body` bytes is a failure. The status is among the values and
    is not judged. Never raises for anything the world does.
    """
    return await probe(HttpSpec(url=url, max_body=float(max_body)), replace(context, keep_body=max_body))
