"""Errors as RFC 9457 has them: application/problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = structlog.get_logger()
_MOST_SHOWN = 10


class Problem(Exception):
    """What is answered instead; `detail` is for the person behind the program."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    found = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    told = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(found, status, told, media_type="application/problem+json")


def handle(app: FastAPI) -> None:
    """All errors of the app take this form."""

    @app.exception_handler(Problem)
    async def ours(_request: Request, error: Problem) -> Response:
        return problem(error.status, error.detail, error.headers)

    @app.exception_handler(HTTPException)
    async def of_the_way(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def of_the_request(_request: Request, error: RequestValidationError) -> Response:
        # What was sent is not repeated: it may be a secret in the wrong place.
        said = [
            f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors()[:_MOST_SHOWN]
        ]
        return problem(422, "; ".join(said))

    @app.exception_handler(Exception)
    async def our_own(request: Request, error: Exception) -> Response:
        log.error("api.failed", path=request.url.path, method=request.method, exc_info=error)
        return problem(500, "our own fault: the log of the daemon says more")
