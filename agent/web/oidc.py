"""Signing in at an OpenID provider: to it, and back with a code that is good once, in the browser that asked."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.access.accounts import User
from agent.access.oidc import Claims, NotBelieved, NotLetIn, Unreachable, Vouched, claims_of, vouched
from agent.access.passwords import digest, secret
from agent.admitting import NAME
from agent.changes import same
from agent.clock import Clock
from agent.reception import Reception
from agent.web.whence import is_secure, whence
from config.oidc import OidcOptions

if TYPE_CHECKING:
    from agent.access.provider import Provider

log = structlog.get_logger()
PATH, BACK = "/sign-in/oidc", "/sign-in/oidc/back"
_LASTS = 600
_MOST = 1000
_LONGEST = 4096
_SECOND = 1_000_000
_OVER = "This sign-in is over, or began in another browser. Please begin again."
_FAILED = "The provider could not say who you are. Please try again, or ask an admin to look at the log."


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sign-in that has begun: what must come back, and where it leads. `ends_at` in microseconds."""

    browser: str
    nonce: str
    verifier: str
    onward: str
    back: str
    ends_at: int


class Oidc:
    """`options` are those in force now; `refuse` makes the page that says why not, `let_in` the one with a session."""

    def __init__(
        self,
        reception: Reception,
        clock: Clock,
        options: Callable[[], OidcOptions | None],
        refuse: Callable[[str, int], Response],
        let_in: Callable[[Request, User, str], Awaitable[Response]],
    ) -> None:
        self._reception, self._clock, self._options = reception, clock, options
        self._refuse, self._let_in = refuse, let_in
        self._begun: OrderedDict[str, _Begun] = OrderedDict()
        self._provider: Provider | None = None
        self._current()

    def routes(self, local: Callable[[str], str]) -> list[Route]:
        """`local` makes a path of ours of anything."""

        async def begin(request: Request) -> Response:
            return await self._begin(request, local(request.query_params.get("next", "/")))

        return [Route(PATH, begin), Route(BACK, self._back)]

    async def _begin(self, request: Request, onward: str) -> Response:
        provider = self._current()
        if provider is None:
            return self._refuse("There is no provider to sign in at.", 404)
        state, browser, verifier = secret(), secret(), secret()
        back = f"{request.url.scheme}://{request.headers.get('host', '')}{BACK}"
        ends_at = self._clock.now() + _LASTS * _SECOND
        begun = _Begun(digest(browser), secret(), verifier, onward, back, ends_at)
        asked = {
            "response_type": "code", "client_id": provider.options.client_id, "redirect_uri": back,
            "scope": provider.options.scope, "state": state, "nonce": begun.nonce,
            "code_challenge": _challenge(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        try:
            answer = RedirectResponse(await provider.way_there(asked), 303)
        except Unreachable as error:
            log.warning("oidc.unreachable", reason=str(error))
            return self._refuse(_FAILED, 502)
        self._begun[digest(state)] = begun
        while len(self._begun) > _MOST:
            self._begun.popitem(last=False)
        answer.set_cookie(
            _cookie(request), browser, max_age=_LASTS, path=_path(request), secure=is_secure(request),
            httponly=True, samesite="lax",
        )  # fmt: skip
        return answer

    async def _back(self, request: Request) -> Response:
        provider, asked = self._current(), request.query_params
        begun = self._begun.pop(digest(asked.get("state", "")[:_LONGEST]), None)
        browser = digest(request.cookies.get(_cookie(request), "")[:_LONGEST])
        known = begun is not None and hmac.compare_digest(begun.browser, browser)
        if provider is None or begun is None or not known or self._clock.now() >= begun.ends_at:
            return self._refuse(_OVER, 400)
        try:
            if asked.get("iss", provider.options.issuer) != provider.options.issuer:
                raise NotBelieved("another issuer sent them back")
            code = asked.get("code", "")[:_LONGEST]
            if not code:
                raise NotBelieved(f"no code came back: {asked.get('error', '')[:100]}")
            token = await provider.token(code, begun.verifier, begun.back)
            user = self._user(vouched(await self._claims(provider, token, begun.nonce), provider.options))
        except (NotBelieved, Unreachable) as error:
            log.warning("oidc.refused", reason=str(error), whence=whence(request))
            return self._refuse(_FAILED, 502 if isinstance(error, Unreachable) else 403)
        except NotLetIn as error:
            return self._refuse(str(error), 403)
        await self._reception.save_user(user)
        answer = await self._let_in(request, user, begun.onward)
        answer.delete_cookie(_cookie(request), path=_path(request), secure=is_secure(request), httponly=True)
        return answer

    async def _claims(self, provider: Provider, token: str, nonce: str) -> Claims:
        """With the keys that are known, else with those of now: providers change them without a word."""
        options, now = provider.options, self._clock.now() // _SECOND
        keys = await provider.keys()
        try:
            return claims_of(token, keys, options, nonce, now)
        except NotBelieved:
            newer = await provider.keys(anew=True)
            if newer == keys:
                raise
            return claims_of(token, newer, options, nonce, now)

    def _user(self, found: Vouched) -> User:
        """The user as they are from now on; their sessions end where what they may has changed. Raises NotLetIn."""
        if not NAME.fullmatch(found.name):
            raise NotLetIn("Your name there cannot be a name here.")
        known = self._reception.book.users.get(found.name)
        if known is not None and known.password:
            raise NotLetIn("Somebody of that name signs in with a password here: ask an admin.")
        if known is not None and known.disabled:
            raise NotLetIn("You were disabled here: ask an admin.")
        if known is None:
            return User(found.name, found.role, "", found.teams, found.email, created_at=self._clock.now())
        teams = known.teams if found.teams is None else found.teams
        changed = (known.role, known.teams) != (found.role, teams)
        return replace(
            known,
            role=found.role,
            teams=teams,
            email=found.email or known.email,
            version=known.version + changed,
        )

    def _current(self) -> Provider | None:
        """The provider as it is configured now."""
        options = self._options()
        if options is None:
            return None
        if self._provider is None or not same(self._provider.options, options):
            from agent.access.provider import Provider  # httpx is for those who have one

            self._provider = Provider(options, lambda: self._clock.now() / _SECOND)
        return self._provider


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _cookie(request: Request) -> str:
    return "__Host-tocsin-oidc" if is_secure(request) else "tocsin-oidc"


def _path(request: Request) -> str:
    """Cookies of the first sort are of the whole site."""
    return "/" if is_secure(request) else PATH
