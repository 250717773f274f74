"""Lists a page at a time, and answers that need not be sent twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from agent.web.api.problems import Problem

Thing = TypeVar("Thing")
MOST = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """How much of a list is asked for, and after which of its things."""

    request: Request
    response: Response
    limit: int
    after: str | None

    def of(self, things: Iterable[Thing], key: Callable[[Thing], str]) -> list[Thing]:
        """That part; where more follows, the header `Link` says where. `key` names a thing. Raises Problem."""
        listed = list(things)
        begin = 0 if self.after is None else self._place([key(each) for each in listed])
        found = listed[begin : begin + self.limit]
        if begin + self.limit < len(listed):
            kept = [
                (name, value) for name, value in self.request.query_params.multi_items() if name != "after"
            ]
            query = urlencode([*kept, ("after", key(found[-1]))])
            self.response.headers["Link"] = f'<{self.request.url.path}?{query}>; rel="next"'
        return found

    def _place(self, keys: list[str]) -> int:
        try:
            return keys.index(self.after or "") + 1
        except ValueError:
            raise Problem(422, "after: it is not in the list (any more): begin anew") from None


def _turn(
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=MOST, description="At most so many.")] = 50,
    after: Annotated[
        str | None, Query(max_length=200, description="Go on after this one: see the header `Link`.")
    ] = None,
) -> Turn:
    return Turn(request, response, limit, after)


Turns = Annotated[Turn, Depends(_turn)]


def tagged(request: Request, response: Response, document: Mapping[str, Any], tag: str | None = None) -> Any:
    """The document with its ETag, or 304 where the program has it; `tag` is its version, else its content is."""
    text = json.dumps(document, sort_keys=True, default=str)
    told = f'"{tag or hashlib.sha256(text.encode()).hexdigest()[:20]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if told in known or "*" in known:
        return Response(status_code=304, headers={"ETag": told})
    response.headers["ETag"] = told
    return document
