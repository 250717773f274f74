"""The check-up of a Jira: login, project, issue type, its fields, the place of the key, search and transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerting.connectors.base import Finding, Result
from alerting.connectors.http import Ended, found
from alerting.connectors.jira_api import JiraApi
from alerting.connectors.jira_bodies import Step, chosen, is_done, priority_name, steps_of
from alerting.messages import Wanted

_ALWAYS = ("project", "issuetype", "summary", "description")
_PRIORITIES = ("critical", "high", "medium", "low", "informational")
_MOST_NAMED = 20


async def looked(api: JiraApi) -> Sequence[Finding]:
    """All of it; it ends early where the rest could not be looked at."""
    findings: list[Finding] = []
    for what, look in (("login", _login), (f"project {api.options.project}", _project)):
        finding = await found(what, look(api))
        findings.append(finding)
        if finding.ok is not True:
            return findings
    try:
        findings += await _issue_type(api)
    except Ended as ended:
        reason = f"what an issue needs cannot be read: {ended.result.reason}"
        findings.append(Finding("issue type", None, reason))
    findings += await _search_and_moves(api)
    return findings


async def _login(api: JiraApi) -> str:
    try:
        me = await api.myself()
    except Ended as ended:
        if ended.status == 404 and api.flavour.name == "cloud":
            raise Ended(
                Result.broken("there is no /rest/api/3: if this is Data Center, say flavour: dc")
            ) from None
        raise
    is_cloud = bool(me.get("accountId"))
    if is_cloud is not (api.flavour.name == "cloud"):
        raise Ended(Result.broken(f"this is Jira {'Cloud' if is_cloud else 'Data Center'}: mend flavour:"))
    return f"as {me.get('displayName') or me.get('name')}"


async def _project(api: JiraApi) -> str:
    project = await api.project()
    if project.get("archived"):
        raise Ended(Result.broken("it is archived: nothing can be created in it"))
    return str(project.get("name") or "seen")


async def _issue_type(api: JiraApi) -> list[Finding]:
    """The type, and what the screen for creating one asks for and offers."""
    options = api.options
    base = f"/issue/createmeta/{options.project}/issuetypes"
    types = await api.pages(base, ("issueTypes", "values"))
    wanted = options.issue_type.casefold()
    fit = [each for each in types if wanted in (str(each.get("name")).casefold(), str(each.get("id")))]
    if not fit:
        names = ", ".join(str(each.get("name")) for each in types[:_MOST_NAMED]) or "none at all"
        text = f"{options.issue_type} cannot be created there by us; issue_type: may be {names}"
        return [Finding("issue type", False, text)]
    listed = await api.pages(f"{base}/{fit[0]['id']}", ("fields", "values", "results"))
    fields = {str(each.get("fieldId") or each.get("key")): each for each in listed}
    seen = Finding("issue type", True, f"{fit[0].get('name')}, with {len(fields)} fields")
    return [
        seen,
        *_required(api, fields),
        _key_place(api, fields),
        *_named(api, fields),
        _priority(api, fields),
    ]


def _required(api: JiraApi, fields: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    given = {*_ALWAYS, "priority", "labels", *api.options.fields, str(api.options.key_field)}
    lacking = [
        f"{name} ({each.get('name')})"
        for name, each in fields.items()
        if each.get("required") and not each.get("hasDefaultValue") and name not in given | {"reporter"}
    ]
    if not lacking:
        return [Finding("required fields", True, "none that we leave empty")]
    return [Finding("required fields", False, f"give a value under fields: for {', '.join(lacking)}")]


def _key_place(api: JiraApi, fields: Mapping[str, Mapping[str, Any]]) -> Finding:
    field = api.options.key_field
    if field is None and "labels" not in fields:
        text = "labels are not on the screen for creating: add them, or name a text field in key_field:"
        return Finding("key", False, text)
    if field is None:
        return Finding("key", True, "as a label")
    if field not in fields:
        return Finding("key", False, f"{field} is not on the screen for creating: add it, or mend key_field:")
    kind = str((fields[field].get("schema") or {}).get("type"))
    if kind != "string":
        return Finding("key", False, f"{field} is of the type {kind}: the key needs a text field")
    return Finding("key", True, f"in {field} ({fields[field].get('name')})")


def _named(api: JiraApi, fields: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    wanted = {*api.options.fields, *(["labels"] if api.options.key_field and api.options.labels else [])}
    unknown = sorted(wanted - set(fields))
    text = f"not on the screen for creating: {', '.join(unknown)}"
    return [Finding("fields", False, text)] if unknown else []


def _priority(api: JiraApi, fields: Mapping[str, Mapping[str, Any]]) -> Finding:
    wanted = {each: priority_name(api.options, each) for each in _PRIORITIES}
    asked = {each: name for each, name in wanted.items() if name}
    if not asked:
        return Finding("priorities", True, "none is set")
    if "priority" not in fields:
        text = 'not on the screen for creating: add it, or say "" for each of them under priorities:'
        return Finding("priorities", False, text)
    offered = fields["priority"].get("allowedValues") or ()
    names = {str(each.get("name")) for each in offered} | {str(each.get("id")) for each in offered}
    wrong = [f"{each} ({name})" for each, name in asked.items() if offered and name not in names]
    if wrong:
        there = ", ".join(str(each.get("name")) for each in offered[:_MOST_NAMED])
        return Finding("priorities", False, f"not there: {', '.join(wrong)}; priorities: may name {there}")
    return Finding("priorities", True, ", ".join(f"{each} {name}" for each, name in asked.items()))


async def _search_and_moves(api: JiraApi) -> list[Finding]:
    """The search as it is used, and how the newest issue of the project could be moved: ours move like it."""
    try:
        newest = await api.search(f'project="{api.options.project}" ORDER BY created DESC', ("status",), 1)
    except Ended as ended:
        return [Finding("search", False, ended.result.reason)]
    seen = Finding("search", True, "answers")
    if not newest:
        return [seen, Finding("transitions", None, "the project has no issue yet to see them by")]
    try:
        steps = steps_of(await api.transitions(str(newest[0]["id"])))
    except Ended as ended:
        return [seen, Finding("transitions", None, ended.result.reason)]
    return [seen, _way_out(api, newest[0], steps)]


def _way_out(api: JiraApi, issue: Mapping[str, Any], steps: Sequence[Step]) -> Finding:
    """How that issue would be resolved; where it is over, how it would be opened again."""
    key, status = issue.get("key"), (issue.get("fields") or {}).get("status")
    wanted: Wanted = "open" if is_done(status) else "resolved"
    step = chosen(steps, wanted, api.options)
    if step is None and wanted == "open":
        return Finding(
            "transitions", True, f"{key} cannot be opened again: where it must be, a new one is made"
        )
    if step is None:
        text = f"from {(status or {}).get('name')} ({key}) none that we may take leads to the category Done"
        return Finding("transitions", False, text)
    lacks = step.lacking({"resolution": None})
    asks = f", which asks for {', '.join(lacks)}" if lacks else ""
    act = "resolved" if wanted == "resolved" else "opened again"
    return Finding("transitions", not lacks, f"{key} would be {act} by {step.name} → {step.to}{asks}")
