"""`/account`: one's own password and sessions."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from agent.access.passwords import Unfit
from agent.access.person import Right
from agent.store.access import Entry
from agent.web.signing import signed_in
from agent.web.visit import Address, Visit
from agent.web.whence import whence

_SHOWN = 16  # signs of a session's digest that name it in a form


def account(visit: Visit) -> Response:
    """Who one is here, and where one is signed in."""
    return _page(visit)


def _page(visit: Visit, wrong: str = "", status: int = 200) -> Response:
    reception = visit.daemon.reception
    sessions = [
        (each.digest[:_SHOWN], each, each.digest == visit.person.session)
        for each in reception.sessions_of(visit.person.name)
    ]
    user = reception.book.users.get(visit.person.name)
    return visit.page("account.html", status, sessions=sessions, user=user, wrong=wrong)


async def password(visit: Visit) -> Response:
    """A new one: all sessions end, and this browser gets a new one."""
    reception, form = visit.daemon.reception, visit.form
    user = reception.book.users.get(visit.person.name)
    if user is None or visit.person.way != "session":
        return _page(visit, "who comes this way has no password here", 409)
    if not await reception.fits(user, form.get("now", "")):
        await _note(visit, "password", outcome="refused")
        return _page(visit, "the password of now is another one", 409)
    if form.get("password") != form.get("again"):
        return _page(visit, "the two new passwords differ", 400)
    try:
        changed = reception.renewed(user, await reception.hashed(form.get("password", "")))
    except Unfit as error:
        return _page(visit, str(error), 400)
    await reception.save_user(changed)
    await _note(visit, "password")
    return signed_in(visit.request, await reception.admit(changed, whence(visit.request)), "/account")


async def end(visit: Visit) -> Response:
    """End one session, or all of them: signed out everywhere."""
    which, reception = visit.form.get("session", ""), visit.daemon.reception
    mine = [each.digest for each in reception.sessions_of(visit.person.name)]
    ended = (
        mine if which == "all" else [each for each in mine if len(which) == _SHOWN and each.startswith(which)]
    )
    if ended:
        await reception.sign_out(*ended)
        await _note(visit, "sign-out", "everywhere" if which == "all" else "a session")
    return RedirectResponse("/account" if visit.person.session not in ended else "/sign-in", 303)


async def _note(visit: Visit, what: str, about: str = "", outcome: str = "done") -> None:
    person = visit.person
    entry = Entry(person.name, person.way, what, about, outcome=outcome, whence=whence(visit.request))
    await visit.daemon.reception.note(entry)


ADDRESSES = (
    Address("/account", "GET", Right.LOOK, account),
    Address("/account/password", "POST", Right.LOOK, password),
    Address("/account/sessions/end", "POST", Right.LOOK, end),
)
