"""Signing in and out, and the one-time links by which somebody chooses a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from agent.access.accounts import LONGEST, Link, User
from agent.access.passwords import SHORTEST, Unfit
from agent.access.person import Person, Role
from agent.access.proxy import by_proxy
from agent.access.throttle import TooSoon
from agent.admitting import NAME
from agent.clock import Clock
from agent.reception import NoSuchLink, Reception, WrongPassword
from agent.web import posted
from agent.web.forwarded import USER
from agent.web.oidc import PATH as OIDC
from agent.web.oidc import Oidc
from agent.web.rendering import rendered
from agent.web.whence import is_secure, whence
from config.models import Config

WELCOME = "/welcome/"
_MOST_SENT = 16 * 1024
_MOST_FIELDS = 10
_NO_STORE = {"Cache-Control": "no-store"}
_WRONG = "Name or password are wrong."


class Signing:
    """The routes, and who asks."""

    def __init__(self, reception: Reception, config: Callable[[], Config], clock: Clock) -> None:
        self._reception, self._config = reception, config
        self._oidc = Oidc(reception, clock, lambda: config().agent.web.oidc, self._refused, self._let_in)

    async def who(self, request: Request) -> Person | None:
        """By the token that is shown, else by the name that the proxy says, else by the session's cookie."""
        if shown := posted.bearer(request):
            return self._reception.by_token(shown)
        named, proxy = request.scope.get(USER, ""), self._config().agent.web.proxy
        if person := by_proxy(named, self._reception.book.users, proxy):
            return person
        return self._reception.by_cookie(request.cookies.get(cookie_name(request), ""))

    def routes(self) -> list[Route]:
        return [
            Route("/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route(f"{WELCOME}{{secret}}", self._welcome, methods=["GET", "POST"]),
            *self._oidc.routes(local),
        ]

    async def _sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            onward = local(request.query_params.get("next", "/"))
            if await self.who(request) is not None:
                return RedirectResponse(onward, 303)
            return self._form(onward)
        sent = await fields(request)
        onward, name = local(sent.get("next", "/")), sent.get("name", "")
        try:
            cookie = await self._reception.sign_in(name, sent.get("password", ""), whence(request))
        except WrongPassword:
            return self._form(onward, name, _WRONG, 403)
        except TooSoon as error:
            return self._form(onward, name, f"{str(error).capitalize()}.", 429)
        return signed_in(request, cookie, onward)

    async def _sign_out(self, request: Request) -> Response:
        """Ends the session whose own page it comes from; anything else changes nothing."""
        person, sent = await self.who(request), await fields(request)
        if person is not None and person.way == "session" and sent.get("csrf") == person.csrf:
            await self._reception.sign_out(person.session)
        answer = RedirectResponse("/sign-in", 303, _NO_STORE)
        answer.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True)
        return answer

    async def _welcome(self, request: Request) -> Response:
        """To look uses nothing up: programs that read messages follow links too."""
        try:
            link = self._reception.linked(request.path_params["secret"][:200])
        except NoSuchLink:
            return self._chosen(Link("", "", 0), status=404, gone=True)
        if request.method == "GET":
            return self._chosen(link)
        sent = await fields(request)
        name, password = link.user or sent.get("name", "").strip(), sent.get("password", "")
        try:
            user = await self._made(link, name, password, sent.get("again", ""))
        except Unfit as error:
            return self._chosen(link, name, f"{str(error).capitalize()}.", status=400)
        try:
            await self._reception.used(link)
        except NoSuchLink:
            return self._chosen(Link("", "", 0), status=404, gone=True)
        await self._reception.save_user(user)
        return await self._let_in(request, user, "/")

    async def _made(self, link: Link, name: str, password: str, again: str) -> User:
        """The user as they are from now on. Raises Unfit."""
        if not NAME.fullmatch(name):
            raise Unfit("a name is made of a-z, 0-9, dot, dash, underscore and @")
        if password != again:
            raise Unfit("the two passwords differ")
        hashed = await self._reception.hashed(password)
        known = self._reception.book.users.get(name)
        if not link.user and self._reception.book.users:
            raise Unfit("somebody else was first: ask them to add you")
        return self._reception.renewed(known or User(name, Role.ADMIN), hashed)

    def _form(self, onward: str, name: str = "", wrong: str = "", status: int = 200) -> Response:
        nobody = not self._reception.book.users
        values: dict[str, Any] = {"next": onward, "name": name[:100], "wrong": wrong, "nobody": nobody}
        text = rendered("sign_in.html", agent=self._config().agent.id, others=self._others(onward), **values)
        return HTMLResponse(text, status, _NO_STORE)

    def _others(self, onward: str) -> list[dict[str, str]]:
        """Further ways in, as links."""
        oidc = self._config().agent.web.oidc
        path = f"{OIDC}?{urlencode({'next': onward})}"
        return [] if oidc is None else [{"path": path, "title": f"Sign in with {oidc.title}"}]

    def _refused(self, why: str, status: int) -> Response:
        return self._form("/", "", why, status)

    async def _let_in(self, request: Request, user: User, onward: str) -> Response:
        return signed_in(request, await self._reception.admit(user, whence(request)), onward)

    def _chosen(
        self, link: Link, name: str = "", wrong: str = "", *, status: int = 200, gone: bool = False
    ) -> Response:
        values: dict[str, Any] = {
            "first": not link.user,
            "name": link.user or name,
            "wrong": wrong,
            "gone": gone,
        }
        text = rendered("welcome.html", agent=self._config().agent.id, shortest=SHORTEST, **values)
        return HTMLResponse(text, status, _NO_STORE)


def cookie_name(request: Request) -> str:
    """Browsers take a cookie of the first name over TLS alone, and from this very host."""
    return "__Host-tocsin" if is_secure(request) else "tocsin"


def local(path: str) -> str:
    """The path where it is one of ours; else the first page."""
    plain = path.isprintable() and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if plain and not urlsplit(path).netloc and "\\" not in path else "/"


async def fields(request: Request) -> dict[str, str]:
    """Of a form that was sent; nothing where it is none."""
    try:
        sent = (await posted.body(request, _MOST_SENT)).decode("utf-8", "replace")
        return dict(parse_qsl(sent, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except (posted.TooLong, ValueError):
        return {}


def signed_in(request: Request, cookie: str, onward: str) -> Response:
    """On to that page, with the cookie of a session."""
    answer = RedirectResponse(onward, 303, _NO_STORE)
    answer.set_cookie(
        cookie_name(request), cookie, max_age=LONGEST // 1_000_000, path="/", secure=is_secure(request),
        httponly=True, samesite="lax",
    )  # fmt: skip
    return answer
