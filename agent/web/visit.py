"""One request of somebody who may make it; pages are plain functions of it, run on a thread, few at a time."""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote

import structlog
from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.access.person import Person, Right
from agent.store.trouble import cannot_write
from agent.web import posted
from agent.web.daemon import Daemon
from agent.web.rendering import page
from agent.web.shared import Shared
from agent.web.sight import sees_ticket
from agent.web.whence import whence
from alerting.desk.ticket import Ticket
from config.field_types import is_zone

log = structlog.get_logger()
Result = TypeVar("Result")
_MOST_SENT = 256 * 1024
_MOST_FIELDS = 200
LIVE = "x-live"  # a header that our own script sends
_FORM = "application/x-www-form-urlencoded"
_FORM_WITH_FILES = "multipart/form-data"
_MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as a browser sends it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Visit:
    """`form` are the fields that were sent, the last of each name; `lists` all of each name; `files` in their order."""

    request: Request
    person: Person
    daemon: Daemon
    now: int
    form: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Sequence[Sent] = ()
    threads: CapacityLimiter | None = None

    @property
    def zone(self) -> str:
        """In which times are shown: that which the browser has named, else the agent's."""
        named = unquote(self.request.cookies.get("zone", ""))
        return named if is_zone(named) else self.daemon.config().agent.timezone

    async def aside(self, work: Callable[[], Result]) -> Result:
        """What reads the store while a change is answered, on a thread of those of pages."""
        return await to_thread.run_sync(work, limiter=self.threads)

    def sees_ticket(self, ticket: Ticket) -> bool:
        """Whether the person sees it: it is their team's, or about a service of theirs."""
        return sees_ticket(self.daemon.config(), self.person, ticket)

    async def do(self, command: str, **arguments: Any) -> Any:
        """What the command of that name would do, noted under this person's name. Raises control.Refused."""
        return await self.daemon.change(self.person, whence(self.request), command, arguments)

    async def desk(self, verb: str, **arguments: Any) -> Any:
        """A verb of the desk. Raises control.Refused."""
        return await self.do("desk", verb=verb, arguments=arguments)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """The template, with who asks and the moment."""
        return page(self, template, status, **values)


Handler = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Address:
    """A path, how it is asked for (`GET`, `POST`), what one must be allowed, and who answers.

    What looks is a plain function and runs on a thread; what changes something is a coroutine. `shared` is what looks
    the same to all of one role and the same teams, but for their name and the token of their forms; to `files` forms
    with files may be sent.
    """

    path: str
    method: str
    right: Right
    handler: Handler
    shared: bool = False
    files: bool = False


class Gate:
    """Lets in who may, and hands the visit on."""

    def __init__(self, daemon: Daemon, most_at_once: int) -> None:
        self._daemon, self._threads = daemon, CapacityLimiter(most_at_once)
        self._shared = Shared(daemon.clock)

    def route(self, address: Address) -> Route:
        async def answered(request: Request) -> Response:
            return await self._answered(address, request)

        return Route(address.path, answered, methods=[address.method])

    async def _answered(self, address: Address, request: Request) -> Response:
        person = await self._daemon.who(request)
        if person is None:
            back = quote(request.url.path, safe="/") if address.method == "GET" else "/"
            return RedirectResponse(f"/sign-in?next={back}", 303)
        visit = Visit(request, person, self._daemon, self._daemon.clock.now(), threads=self._threads)
        if not person.may(address.right):
            return visit.page("refused.html", 403, right=address.right)
        if address.method == "POST":
            visit = await (_with_files(visit) if address.files else _with_form(visit))
            if person.way == "session" and not _is_from_our_page(visit):
                return visit.page("stale.html", 403)
        try:
            return await self._handled(address, visit)
        except HTTPException as error:
            return visit.page("not_there.html", error.status_code, said=error.detail)
        except Exception as error:
            if self._daemon.trouble() is not None and cannot_write(error):
                return visit.page("not_there.html", 503, said="the store cannot write now: try again later")
            log.exception("page.failed", path=address.path, method=address.method)
            return visit.page("fault.html", 500)

    async def _handled(self, address: Address, visit: Visit) -> Response:
        if inspect.iscoroutinefunction(address.handler):
            answer: Response = await address.handler(visit)
            return answer
        if address.shared and LIVE in visit.request.headers:
            return await self._for_all(address, visit)
        return await self._looked(address, visit)

    async def _looked(self, address: Address, visit: Visit) -> Response:
        async with self._threads:
            return await run_in_threadpool(address.handler, visit)  # type: ignore[arg-type]  # it is no coroutine

    async def _for_all(self, address: Address, visit: Visit) -> Response:
        """What a page that is open takes its living parts from: nobody's name or token is in it."""
        url, whose = visit.request.url, visit.person
        anybody = replace(visit, person=replace(whose, name="", session="", csrf=""))
        key = (url.path, url.query, whose.role, whose.most, whose.teams, visit.zone, self._daemon.live.number)
        return await self._shared.get(key, lambda: self._looked(address, anybody))


def _is_from_our_page(visit: Visit) -> bool:
    """Whether the form carries what only our own page of this session knew."""
    return hmac.compare_digest(visit.form.get("csrf", "").encode(), visit.person.csrf.encode())


async def _with_form(visit: Visit) -> Visit:
    request = visit.request
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return visit
    sent = (await posted.body(request, _MOST_SENT)).decode("utf-8", "replace")
    lists: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(sent, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise posted.TooLong from None
    for name, value in pairs:
        lists.setdefault(name, []).append(value.replace("\r\n", "\n"))
    form = {name: values[-1] for name, values in lists.items()}
    return replace(visit, form=form, lists=lists)


async def _with_files(visit: Visit) -> Visit:
    """Of a form with files; how much may come is bounded by the shield around the site."""
    if not visit.request.headers.get("content-type", "").lower().startswith(_FORM_WITH_FILES):
        return await _with_form(visit)
    try:
        sent = await visit.request.form(
            max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_SENT
        )
    except HTTPException:  # it is no such form, or has too many parts
        raise posted.TooLong from None
    files, form = [], {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            form[name] = value
        else:
            files.append(Sent(value.filename or "", await value.read()))
    await sent.close()
    return replace(visit, form=form, files=files)
