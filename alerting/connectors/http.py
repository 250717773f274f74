"""HTTP for connectors: one client for each, one rule for how a call that failed is judged, nothing repeated here."""

from __future__ import annotations

import asyncio
import email.utils
import json
import logging
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from alerting.connectors.base import Finding, Outcome, Result
from alerting.connectors.options import HttpOptions
from config.masks import mask
from config.references import SecretError

# They log whole addresses, and some of these are secrets.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

MOST_BYTES = 4 * 1024 * 1024
_CONNECTING = 15.0
_LONGEST_REASON = 200
# Made anew for each call, so that a secret that was changed needs no restart.
Headers = Callable[[], Mapping[str, str]]


class Way(Enum):
    """What a request does, and so what it means when its answer is lost.

    `READ` looks; `AGAIN` sets what may be set again (a state, a priority, whatever is known by its key); `ONCE` adds
    something, which is there twice when it is sent twice.
    """

    READ = "read"
    AGAIN = "again"
    ONCE = "once"


class Ended(Exception):
    """A call that did not do what it should; `result` says how. `status` is 0 where there was no answer."""

    def __init__(self, result: Result, status: int = 0) -> None:
        super().__init__(result.reason)
        self.result, self.status = result, status


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names in small letters; `body` as it came, at most `MOST_BYTES`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    way: Way = Way.READ

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body read as JSON. Raises Ended: a page of a proxy or a login is no answer of the helpdesk."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "").partition(";")[0].strip() or "something else"
            reason = f"HTTP {self.status} with {kind[:60]} instead of JSON: is url: right, and no login page before it?"
            raise Ended(lost(self.way, reason, Outcome.BROKEN), self.status) from None

    def mapping(self) -> dict[str, Any]:
        """The same where it is to be an object. Raises Ended."""
        found = self.json()
        if not isinstance(found, dict):
            reason = f"HTTP {self.status} with a {type(found).__name__} where an object was expected"
            raise Ended(lost(self.way, reason, Outcome.BROKEN), self.status)
        return found


def lost(way: Way, reason: str, otherwise: Outcome = Outcome.RETRY) -> Result:
    """Nobody knows whether it was done: in doubt for what must not be sent twice, else `otherwise`."""
    return Result(Outcome.IN_DOUBT if way is Way.ONCE else otherwise, reason=reason)


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor's answers are read. `said`: its own words in an error body, empty for none.

    `after`: seconds it asks us to wait, by headers of its own; `Retry-After` is known here.
    """

    said: Callable[[Answer], str] = lambda _answer: ""
    after: Callable[[Answer], float | None] = lambda _answer: None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `path` begins with /; `body` is sent as JSON, bytes as they are (their type stands in `headers`).

    `also`: statuses beside 2xx that are answers, too.
    """

    way: Way
    method: str
    path: str
    body: Any = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    also: Collection[int] = ()


def look(path: str, params: Mapping[str, str] | None = None, also: Collection[int] = ()) -> Ask:
    """A request that only looks."""
    return Ask(Way.READ, "GET", path, params=params, also=also)


@dataclass(slots=True)
class Caller:
    """Sends a helpdesk's requests. `headers` says who we are; `base` is what paths are put behind."""

    base: str
    options: HttpOptions
    headers: Headers
    now: Callable[[], float]
    vendor: Vendor = field(default_factory=Vendor)
    _client: httpx.AsyncClient | None = None

    async def call(self, ask: Ask) -> Answer:
        """The answer, where its status is 2xx or one of `also`. Raises Ended for everything else."""
        client = self._client or await self._opened()
        plain = isinstance(ask.body, bytes) or ask.body is None
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "tocsin"}
        if not plain:
            sent["Content-Type"] = "application/json"
        headers = {**sent, **self._own_headers(), **ask.headers}
        content = ask.body if plain else json.dumps(ask.body).encode()
        address = f"{self.base}{ask.path}"
        try:
            request = client.build_request(
                ask.method, address, content=content, params=ask.params, headers=headers
            )
        except UnicodeError:  # its words would show the value, which may be a secret
            raise Ended(
                Result.broken("a secret or a header holds signs that cannot be sent: mend it")
            ) from None
        answer = await self._answered(client, request, ask.way)
        if 200 <= answer.status < 300 or answer.status in ask.also:
            return answer
        raise Ended(self._judged(answer), answer.status)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _own_headers(self) -> Mapping[str, str]:
        try:
            return self.headers()
        except SecretError as error:
            raise Ended(Result.broken(str(error))) from None

    async def _opened(self) -> httpx.AsyncClient:
        try:
            context = await asyncio.to_thread(_trusting, self.options.ca)
            client = httpx.AsyncClient(
                verify=context,
                proxy=self.options.proxy,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self.options.timeout, connect=min(_CONNECTING, self.options.timeout)),
            )
        except OSError as error:
            wrong = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            reason = f"ca: {self.options.ca}: {wrong}"
            raise Ended(Result.broken(reason)) from None
        except (ValueError, httpx.HTTPError) as error:
            raise Ended(Result.broken(f"proxy: {_short(error)}")) from None
        if self._client is None:
            self._client = client
        else:  # another call was quicker
            await client.aclose()
        return self._client

    async def _answered(self, client: httpx.AsyncClient, request: httpx.Request, way: Way) -> Answer:
        try:
            async with asyncio.timeout(self.options.timeout + _CONNECTING):
                response = await client.send(request, stream=True)
                try:
                    body = await _bounded(response, way)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise Ended(_unreached(error, request.url.host)) from None
        except (TimeoutError, httpx.TimeoutException):
            raise Ended(lost(way, f"no answer within {self.options.timeout:g}s")) from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise Ended(lost(way, f"the connection broke: {_short(error)}")) from None
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, way)

    def _judged(self, answer: Answer) -> Result:
        """What a status that is no success means."""
        status = answer.status
        said = self._said(answer)
        reason = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        after = self._after(answer)
        if status == 429 or (status == 503 and after is not None) or (status == 403 and after is not None):
            return Result.retry(reason, after if after is not None else 60.0)
        if status in (401, 403, 407):
            return Result.broken(reason)
        if 300 <= status < 400:
            return Result.broken(f"{reason}: it has moved to {_moved(answer)}; mend url:")
        if status in (408, 425, 409, 423) or status >= 500:
            return lost(answer.way, reason)
        return Result.permanent(reason)

    def _said(self, answer: Answer) -> str:
        try:
            return mask(" ".join(self.vendor.said(answer).split()))[:_LONGEST_REASON]
        except (Ended, AttributeError, IndexError, KeyError, TypeError):
            return ""  # a page, or an error in a form that nobody knows

    def _after(self, answer: Answer) -> float | None:
        """Seconds that it asks us to wait, in either form of Retry-After, or by the vendor's own headers."""
        asked = answer.headers.get("retry-after", "").strip()
        if asked.isascii() and asked.isdecimal():
            return float(asked[:9])
        try:
            moment = email.utils.parsedate_to_datetime(asked)
            return max(0.0, moment.timestamp() - self.now())
        except (ValueError, TypeError, OverflowError):
            return self.vendor.after(answer)


async def found(what: str, seen: Awaitable[str]) -> Finding:
    """What came of one look of a check-up; `seen` gives what is to be said where all is well, and may raise Ended."""
    try:
        return Finding(what, True, await seen)
    except Ended as ended:
        unsure = ended.result.outcome in (Outcome.RETRY, Outcome.IN_DOUBT)
        return Finding(what, None if unsure else False, ended.result.reason)


async def told(doing: Awaitable[Result]) -> Result:
    """How a call ended, where ending early is told by raising."""
    try:
        return await doing
    except Ended as ended:
        return ended.result


async def _bounded(response: httpx.Response, way: Way) -> bytes:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise Ended(lost(way, f"HTTP {response.status_code} with more than {MOST_BYTES >> 20} MiB"))
    return bytes(body)


def _trusting(ca: str | None) -> ssl.SSLContext:
    """Those of the system, or the file's alone; always verified. Raises OSError."""
    if ca is not None:
        Path(ca).stat()  # says by itself what is wrong; ssl does not
    return ssl.create_default_context(cafile=ca)


def _unreached(error: Exception, host: str) -> Result:
    """Nothing was sent: that may pass, unless it is not whom we trust."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Result.broken(f"certificate of {host}: {cause.verify_message}")
        cause = cause.__cause__ or cause.__context__
    return Result.retry(f"{host} cannot be reached: {_short(error)}")


def _moved(answer: Answer) -> str:
    """Another host, without what may be a secret in its path."""
    try:
        parts = urlsplit(answer.headers.get("location", ""))
        return f"{parts.scheme}://{parts.hostname}"[:100] if parts.hostname else "another path"
    except ValueError:
        return "somewhere else"


def _short(error: Exception) -> str:
    return mask(str(error))[:_LONGEST_REASON] or type(error).__name__
