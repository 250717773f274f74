"""The check-up of a Redmine: login, project, tracker, the field of the key, priorities, statuses, rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerting.connectors.base import Finding, Result
from alerting.connectors.http import Ended, found
from alerting.connectors.redmine import RedmineOptions
from alerting.connectors.redmine_api import RedmineApi
from alerting.connectors.redmine_issues import key_place, names, priority_name

_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_NOBODYS_KEY = "toc-00000000000000000000000000000000"
_RIGHTS = {
    "view_issues": "View issues",
    "add_issues": "Add issues",
    "edit_issues": "Edit issues",
    "add_issue_notes": "Add notes",
    "set_notes_private": "Set notes as private",
}


async def looked(api: RedmineApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    findings = [await found("login", _login(api))]
    if findings[0].ok is not True:
        return findings
    findings.append(await found(f"project {api.options.project}", _project(api)))
    if findings[1].ok is not True:
        return findings
    return [
        *findings,
        await found("tracker", _tracker(api)),
        await found("key field", _key(api)),
        await found("priorities", _priorities(api)),
        await found("statuses", _statuses(api)),
        await found("rights", _rights(api)),
    ]


def tracker_of(options: RedmineOptions, project: Mapping[str, Any]) -> int:
    """The number of our tracker. Raises Ended where the project has it not."""
    there = project.get("trackers") or ()
    for each in there:
        if str(options.tracker).casefold() in (str(each.get("id")), str(each.get("name")).casefold()):
            return int(each["id"])
    raise Ended(
        Result.broken(f"the project has no tracker {options.tracker}: tracker: may be {names(there)}")
    )


async def _login(api: RedmineApi) -> str:
    return f"as {(await api.myself())['login']}"


async def _project(api: RedmineApi) -> str:
    project = await api.project()
    await api.issues({"limit": "1"})  # refused where issues are switched off, or not for us
    return str(project.get("name"))


async def _tracker(api: RedmineApi) -> str:
    project = await api.project()
    if api.options.tracker is None:
        return f"the project's first of {names(project.get('trackers') or ())}"
    return f"number {tracker_of(api.options, project)}"


async def _key(api: RedmineApi) -> str:
    """A key that no issue has is to find none; what the field is like, administrators are told."""
    if await api.by_key(_NOBODYS_KEY):
        raise Ended(Result.broken(f"an issue has the key {_NOBODYS_KEY}, which is nobody's: clear it"))
    place, field = key_place(api.options), await api.field()
    if field is None:
        return f"{place}, as far as it is told to us: that it is there shows with the first issue"
    if field.get("customized_type") != "issue" or field.get("field_format") != "string":
        raise Ended(Result.broken(f"{place} is no text field of issues: make one, and name it in key_field:"))
    if field.get("is_filter") is not True:
        raise Ended(Result.broken(f'{place} is not "used as a filter": tick that'))
    return f"{place} ({field.get('name')}), which is found by"


async def _priorities(api: RedmineApi) -> str:
    there = await api.priorities()
    known = {str(each.get("name")).casefold() for each in there}
    named = {each: priority_name(api.options, each) for each in _PRIORITIES}
    wrong = sorted({name for name in named.values() if name and name.casefold() not in known})
    if wrong:
        raise Ended(
            Result.broken(f"{', '.join(wrong)} is not there; priorities: may name {names(there)}, or nothing")
        )
    return ", ".join(f"{each} {name or 'left alone'}" for each, name in named.items())


async def _statuses(api: RedmineApi) -> str:
    there = await api.statuses()
    known = {str(each.get("name")).casefold() for each in there}
    wrong = [name for name in api.options.statuses.values() if name.casefold() not in known]
    if wrong:
        raise Ended(Result.broken(f"{', '.join(wrong)} is not there; statuses: may name {names(there)}"))
    closed = [each for each in there if each.get("is_closed")]
    if not closed and "resolved" not in api.options.statuses:
        raise Ended(Result.broken("no status is closed: name one in statuses: {resolved: …}"))
    end = api.options.statuses.get("resolved") or names(closed)
    return f"ended by {end}, as far as the workflow lets us"


async def _rights(api: RedmineApi) -> str:
    me = await api.myself()
    rights = await api.rights(me, await api.project())
    if rights is None:
        if me.get("admin"):
            return "all: we are an administrator"
        raise Ended(Result.retry("what our roles may do there is not told to us"))
    needed = {
        name: said
        for name, said in _RIGHTS.items()
        if name != "set_notes_private" or not api.options.public_comments
    }
    if lacking := [said for name, said in needed.items() if name not in rights]:
        raise Ended(Result.broken(f"give our role in the project: {', '.join(lacking)}"))
    return ", ".join(needed.values())
