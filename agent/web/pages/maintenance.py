"""`/maintenance`: planned work, silences and pauses: what runs, what is to come, and what new work would hold back."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.store.planning import record_document, work_document
from agent.store.reader import NoStore
from agent.web.moments import given
from agent.web.sight import seen_services, sees_about
from agent.web.visit import Address, Visit
from alerting.incidents.problem import Why

_COMING = ("planned", "running")
_LONGEST = 500
_MOST_PAST = 20


def maintenance(visit: Visit) -> Response:
    """What concerns the person: running and to come, then the latest that are over."""
    return _page(visit)


def preview(visit: Visit) -> Response:
    """What is asked for in the address (`service`, `from`, `to`, `reason`), before it is made."""
    asked = {
        name: visit.request.query_params.get(name, "")[:_LONGEST] for name in ("from", "to", "reason", "what")
    }
    names = visit.request.query_params.getlist("service")
    try:
        start, end = given(visit, asked["from"]), given(visit, asked["to"])
        if end <= start:
            raise Refused("it must end after it begins")
        if not names:
            raise Refused("say for which services")
        seen = {each.name: each for each in seen_services(visit.daemon.config(), visit.person)}
        if unknown := [name for name in names if name not in seen]:
            raise Refused(f"there is no service {unknown[0][:63]}")
    except Refused as error:
        return _page(visit, str(error), asked)
    checks = [check for name in names for check in seen[name].checks.values()]
    return visit.page("held_back.html", asked=asked, names=names, start=start, end=end, checks=checks)


async def add(visit: Visit) -> Response:
    """Planned work, or a silence, as the preview showed it."""
    command = "silence.add" if visit.form.get("what") == "silence" else "maintenance.add"
    names = list(visit.lists.get("service", ()))
    try:
        if not names or not all(sees_about(visit.daemon.config(), visit.person, name) for name in names):
            raise Refused("say for which services")
        times = {"start": _micro(visit.form.get("start")), "end": _micro(visit.form.get("end"))}
        reason = visit.form.get("reason", "")[:_LONGEST]
        await visit.do(command, names=names, **times, reason=reason)
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back="/maintenance")
    return RedirectResponse("/maintenance", 303)


async def end(visit: Visit) -> Response:
    """End, or call off, what the form names: M-3, S-2."""
    name = visit.form.get("id", "")[:20]
    command = {"M": "maintenance.end", "S": "silence.end"}.get(name[:1], "")
    if command == "maintenance.end" and visit.form.get("state") == "planned":
        command = "maintenance.cancel"
    try:
        known = next((each for each in visit.daemon.world().suppressions if each.id == name), None)
        if not command or known is None or not _concerns(visit, {"services": known.match.names}):
            raise Refused("there is no such thing, or it is over")
        await visit.do(command, id=name)
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back="/maintenance")
    return RedirectResponse("/maintenance", 303)


def _page(visit: Visit, wrong: str = "", asked: dict[str, str] | None = None) -> Response:
    works, holds = _listed(visit)
    coming = [each for each in (*works, *holds) if each["state"] in _COMING]
    over = [each for each in (*works, *holds) if each["state"] not in _COMING]
    return visit.page(
        "maintenance.html",
        400 if wrong else 200,
        coming=sorted(coming, key=lambda each: str(each["from"])),
        over=sorted(over, key=lambda each: str(each["from"]), reverse=True)[:_MOST_PAST],
        services=seen_services(visit.daemon.config(), visit.person),
        wrong=wrong,
        asked=asked or {"from": "", "to": "", "reason": "", "what": ""},
    )


def _listed(visit: Visit) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    try:
        with visit.daemon.store() as store:
            works = [work_document(each, visit.now) for each in store.planned_work()]
            holds = [
                {**record_document(each, visit.now), "kind": why.value}
                for why in (Why.SILENCE, Why.PAUSE)
                for each in store.suppressions().all(why)
            ]
    except NoStore:
        return [], []
    for each in works:
        each["kind"], each["until"] = "planned work", each["to"]
    for each in holds:
        match = each["match"]
        each["services"] = [*match["service"], *match["check"]]
    return [each for each in works if _concerns(visit, each)], [
        each for each in holds if _concerns(visit, each)
    ]


def _concerns(visit: Visit, document: dict[str, Any]) -> bool:
    """What holds back everything concerns everybody."""
    names = [name.partition(".")[0] for name in document["services"]]
    return not names or any(sees_about(visit.daemon.config(), visit.person, name) for name in names)


def _micro(text: str | None) -> int:
    """Raises Refused."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refused("say when it begins and ends")
    return int(text)


ADDRESSES = (
    Address("/maintenance", "GET", Right.LOOK, maintenance),
    Address("/maintenance/preview", "GET", Right.PLAN, preview),
    Address("/maintenance/add", "POST", Right.PLAN, add),
    Address("/maintenance/end", "POST", Right.PLAN, end),
)
