"""HTTP: one document fetched for another kind, under all the rules of the kind `http`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from checks.base import Context, Observation
from checks.http.kind import probe
from checks.http.spec import HttpSpec


async def fetch(
    url: str, context: Context, max_body: int, options: Mapping[str, Any] | None = None
) -> Observation:
    """What a GET of `url` gave, as the kind `http` observes it: redirects followed, addresses checked at each hop.

    The body is kept whole; one of more than `max_body` bytes is a failure. The status is among the values and
    is not judged. `options` are further ones of the kind. Never raises for anything the world does; ValidationError
    where an option is of no use.
    """
    spec = HttpSpec.model_validate({**(options or {}), "url": url, "max_body": float(max_body)})
    return await probe(spec, replace(context, keep_body=max_body))
