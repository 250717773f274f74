"""HTTP: access tokens by client credentials (RFC 6749, section 4.4): fetched, kept in memory, renewed in time.

A token is for all checks that ask for the same one in the same way; it is never written anywhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus
from weakref import WeakKeyDictionary

from checks.base import Context, ErrorKind, Observation
from checks.connection import Fault
from checks.http.address import target
from checks.http.auth import Auth, OAuth2
from checks.http.look import looked
from checks.http.spec import HttpSpec
from checks.network import Network
from checks.text import visible
from config.masks import forget, leave_plain
from config.secrets import Secret, SecretError

_MOST_TOKENS = 500
_LARGEST_ANSWER = 64 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_LASTS_UNSAID, _LONGEST_LIFE = 300.0, 10 * 365 * 86400
_EARLY, _EARLY_SHARE = 30.0, 0.1
_REFUSED, _REFUSALS = (400, 401), (400, 401, 403)


@dataclass(slots=True)
class _Place:
    """Where one token is kept: the token, until when it is good (seconds since 1970), how it was asked for."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: str = ""
    until: float = 0.0
    way: str = "basic"
    before: str = ""

    def put(self, token: str, until: float) -> None:
        """Keep a new one; the last but one is masked no more, or masks would pile up for years."""
        if token != self.token:
            if self.before and self.before != token:
                forget(self.before)
            self.before, self.token = self.token, token
        self.until = until


_places: WeakKeyDictionary[Network, dict[str, _Place]] = WeakKeyDictionary()


async def looked_with_token(spec: HttpSpec, context: Context) -> Observation:
    """One look with an access token; with a new one when the kept one is refused. Never raises."""
    began = time.perf_counter()
    try:
        place = _place(spec, context)
        token, fresh = await _good_token(place, spec, context, began)
        seen = await looked(spec, context, token, began)
        if fresh or seen.values.get("status") != 401:
            return seen
        if place.token == token:  # nobody else has renewed it meanwhile
            place.until = 0.0
        token, _ = await _good_token(place, spec, context, began)
        return await looked(spec, context, token, began)
    except SecretError as error:
        return Observation(blind=str(error), error_kind=ErrorKind.LOCAL)
    except Fault as fault:
        latency: dict[str, Any] = {"latency": round(time.perf_counter() - began, 6), "redirects": 0}
        if fault.blind:
            return Observation(values=latency, blind=fault.message, error_kind=fault.kind)
        return Observation(values=latency, failure=fault.message, error_kind=fault.kind)


def _place(spec: HttpSpec, context: Context) -> _Place:
    """The place for what these options ask for. Raises SecretError."""
    asks = _asks(spec)
    told = (asks.token_url, asks.client_id, asks.client_secret.reveal(), asks.scope, asks.audience)
    way = (asks.client_auth, spec.tls, spec.proxy, spec.ip, *_home(spec))
    key = hashlib.sha256(repr((told, way)).encode()).hexdigest()
    places = _places.setdefault(context.network, {})
    if key not in places:
        if len(places) >= _MOST_TOKENS:  # of options that were changed long ago
            places.pop(next(iter(places)))
        places[key] = _Place()
    return places[key]


async def _good_token(place: _Place, spec: HttpSpec, context: Context, began: float) -> tuple[str, bool]:
    """The token, and whether it was fetched just now. Raises Fault, SecretError."""
    if place.token and context.now < place.until:
        return place.token, False
    asked_when = place.until
    try:
        async with asyncio.timeout(max(0.001, began + context.timeout - time.perf_counter())):
            await place.lock.acquire()
    except TimeoutError:
        raise Fault("no access token: another check still asks for it", ErrorKind.TIMEOUT) from None
    try:
        if place.until == asked_when or context.now >= place.until:
            await _fetch(place, spec, context, began)
        return place.token, True
    finally:
        place.lock.release()


async def _fetch(place: _Place, spec: HttpSpec, context: Context, began: float) -> None:
    """Ask for a token, and keep it. Raises Fault, SecretError."""
    asks = _asks(spec)
    ways = (place.way, _other(place.way)) if asks.client_auth == "auto" else (asks.client_auth,)
    plain = replace(context, asked=frozenset(), closely=False, keep_body=_LARGEST_ANSWER)
    tried: dict[str, Observation] = {}
    for way in ways:
        tried[way] = await looked(_request_for(spec, way), plain, None, began)
        if tried[way].values.get("status") not in _REFUSED:
            place.way = way
            break
    # Where both are refused, the first says why: the other may be no more than a way it does not know.
    seen = tried.get(place.way) or tried[ways[0]]
    place.put(*_token_in(seen, target(asks.token_url).host, context.now))


def _request_for(spec: HttpSpec, way: str) -> HttpSpec:
    """The request for a token, on the same way as the request that it is for."""
    asks = _asks(spec)
    fields = {"grant_type": "client_credentials", "scope": asks.scope, "audience": asks.audience}
    form = {name: _plain(value) for name, value in fields.items() if value is not None}
    auth = None
    if way == "basic":
        password = Secret(quote_plus(asks.client_secret.reveal()))  # section 2.3.1
        auth = Auth(user=quote_plus(asks.client_id), password=password)
    else:
        form |= {"client_id": _plain(asks.client_id), "client_secret": asks.client_secret}
    at_home = _home(spec)
    return HttpSpec(
        url=asks.token_url,
        headers={"Accept": _plain("application/json")},
        form=form,
        auth=auth,
        follow_redirects=False,
        tls=spec.tls if at_home else spec.tls.model_copy(update={"server_name": None}),
        proxy=spec.proxy,
        ip=spec.ip,
        max_body=float(_LARGEST_ANSWER),
        resolve=spec.resolve if at_home else None,
        unix_socket=spec.unix_socket if at_home else None,
    )


def _token_in(seen: Observation, host: str, now: float) -> tuple[str, float]:
    """The token, and until when to use it (seconds since 1970). Raises Fault."""
    answer = _document(seen, host)
    token, sort = answer.get("access_token"), answer.get("token_type", "bearer")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _none_from(host, "the answer holds no access_token that could be sent")
    if not isinstance(sort, str) or sort.lower() != "bearer":
        raise _none_from(host, f'its token_type is "{visible(str(sort), 40)}", not bearer')
    lasts = _seconds(answer.get("expires_in"))
    return token, now + lasts - min(_EARLY, lasts * _EARLY_SHARE)


def _document(seen: Observation, host: str) -> dict[str, Any]:
    """The answer of who gives out tokens, if it is one."""
    if seen.blind is not None:
        raise Fault(f"no access token from {host}: {seen.blind}", seen.error_kind or ErrorKind.LOCAL)
    if seen.failure is not None:
        raise _none_from(host, seen.failure, seen.error_kind or ErrorKind.PROTOCOL)
    try:
        answer = json.loads(seen.body or "")
    except (ValueError, RecursionError):
        answer = None
    status = seen.values.get("status")
    if status != 200:
        kind = ErrorKind.AUTH if status in _REFUSALS else ErrorKind.STATUS
        raise _none_from(host, f"status {status}{_explained(answer)}", kind)
    if not isinstance(answer, dict):
        raise _none_from(host, "the answer is no JSON object")
    return answer


def _explained(answer: object) -> str:
    """`: invalid_client (unknown client)`, as section 5.2 has it."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        return ""
    described = answer.get("error_description")
    more = f" ({visible(described, 120)})" if isinstance(described, str) and described else ""
    return f": {visible(answer['error'], 60)}{more}"


def _none_from(host: str, why: str, kind: ErrorKind = ErrorKind.CONTENT) -> Fault:
    """Refused is ErrorKind.AUTH; a giver of tokens that is out of order is no fault of our credentials."""
    return Fault(f"no access token from {host}: {why}", kind)


def _seconds(said: object) -> float:
    """How long a token is good; some servers write the number as a text."""
    if isinstance(said, str) and re.fullmatch(r"[0-9]{1,9}", said):
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said <= _LONGEST_LIFE:
        return _LASTS_UNSAID
    return float(said)


def _asks(spec: HttpSpec) -> OAuth2:
    assert spec.auth is not None  # it is asked for no other
    assert spec.auth.oauth2 is not None
    return spec.auth.oauth2


def _home(spec: HttpSpec) -> tuple[str | None, ...]:
    """What `resolve` and `unix_socket` say, where tokens are given out by the host that they are for."""
    asked, giver = target(spec.url), target(_asks(spec).token_url)
    return (spec.resolve, spec.unix_socket, spec.tls.server_name) if asked.host == giver.host else ()


def _other(way: str) -> str:
    return "body" if way == "basic" else "basic"


def _plain(text: str) -> Secret:
    """What stands among secrets and is none."""
    leave_plain(text)
    return Secret(text)
