"""Redmine as a helpdesk: what is wanted of an issue, done one by one, and each read back, for 204 says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.connectors import redmine_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.document import Text
from alerting.connectors.http import Ended, Way, told
from alerting.connectors.redmine import RedmineOptions, is_custom
from alerting.connectors.redmine_api import RedmineApi, lost_key
from alerting.connectors.redmine_issues import (
    KEYS_BEGIN,
    MOST_TEXT,
    TITLE,
    Reader,
    issue_body,
    note,
    priority_id,
    priority_name,
    status_for,
    twin_note,
)
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo

_ENDED = (RemoteState.RESOLVED, RemoteState.CLOSED)
_TO_HIDE = "set_notes_private"
_BARED = 'comments would be seen by all: give our role "Set notes as private", or say public_comments: true'


class Redmine:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder. What was created is found at once."""

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 0.0

    def __init__(self, options: RedmineOptions, setting: Setting) -> None:
        self._options = options
        self._api = RedmineApi(options, setting)
        self._me: Mapping[str, Any] = {}
        self._closed: frozenset[int] = frozenset()
        self._hides = options.public_comments  # whether nobody sees what they should not
        self._was_seen = False
        self.limits = Limits(
            title=TITLE, description=MOST_TEXT, comment=MOST_TEXT, deadline=4 * options.timeout
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await redmine_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen, work = known.observed, todo(desired, known, self.capabilities)
        steps: list[Step] = []
        try:
            await self._prove()
            if seen is None:
                seen, is_new = await self._created(desired)
                work = _after_creation(desired, known, seen)
                steps = [self._link(desired.follows)] if is_new and desired.follows else []
        except Ended as ended:
            return ended.result
        steps += [self._comment(each) for each in work.comments]
        if work.priority is not None or work.state is not None:
            steps.append(lambda seen: self._moved(seen, work.priority, work.state))
        return await taken(seen, steps)

    async def read(self, known: Known) -> Result:
        result = await told(self._read(known))
        return replace(result, outcome=Outcome.BROKEN) if result.outcome is Outcome.PERMANENT else result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        try:
            await self._prove()
            issues = await self._api.open_by(self._me["id"])
        except Ended as ended:
            return ended.result, ()
        seen = [self._reader.observed(each, {}) for each in issues if _author(each) == self._me["id"]]
        return Result.ok(), [each for each in seen if _is_open(each)][:most]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            await self._prove()
            issues = await self._api.by_key(known.key)
        except Ended as ended:
            return ended.result, ()
        ours = [each for each in issues if _author(each) == self._me["id"]]
        return Result.ok(), [self._reader.observed(each, {}) for each in ours]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    @property
    def _reader(self) -> Reader:
        return Reader(self._me["id"], self._options, self._closed)

    async def _prove(self) -> None:
        """That we are somebody there: without that an empty answer, and a 404, say nothing."""
        self._me = await self._api.myself()
        if not self._closed:
            statuses = await self._api.statuses()
            self._closed = frozenset(each["id"] for each in statuses if each.get("is_closed"))

    async def _created(self, desired: Desired) -> tuple[Observed, bool]:
        """The issue that carries the key, and whether it is a new one: that is made only where there is none."""
        for issue in await self._api.by_key(desired.key):
            if (whole := await self._api.issue(str(issue["id"]))) is not None:
                return self._reader.observed(whole, {}), False
        body = issue_body(self._options, desired, await self._ids(desired.priority))
        try:
            made = await self._api.create(body)
        except Ended as ended:
            if ended.status in (404, 410):
                raise Ended(replace(ended.result, outcome=Outcome.BROKEN), ended.status) from None
            raise
        memo = {"assignee": (made.get("assigned_to") or {}).get("id")}
        seen = self._reader.observed(made, memo)
        if seen.key != desired.key:
            reason = f"issue {seen.id} was created, but {lost_key(self._options)}"
            raise Ended(replace(Result.broken(reason), observed=seen))
        return seen, True

    async def _ids(self, priority: str) -> dict[str, int]:
        project = await self._api.project()
        ids = {"project_id": int(project["id"])}
        if self._options.tracker is not None:
            ids["tracker_id"] = redmine_checks.tracker_of(self._options, project)
        if (number := await self._priority(priority)) is not None:
            ids["priority_id"] = number
        return ids

    async def _priority(self, priority: str) -> int | None:
        if not priority_name(self._options, priority):
            return None
        try:
            return priority_id(self._options, priority, await self._api.priorities())
        except LookupError as error:
            raise Ended(Result.permanent(str(error))) from None

    def _link(self, other: str) -> Step:
        async def linked(seen: Observed) -> Observed:
            if is_custom(other):
                await self._api.relate(seen.id, other)
            return seen

        return linked

    def _comment(self, comment: Comment) -> Step:
        return lambda seen: self._noted(seen, comment.id, note(self._options, comment))

    async def _noted(self, seen: Observed, name: str, change: Mapping[str, Any]) -> Observed:
        if change["private_notes"] and not self._hides:
            await self._prove_hidden()
        await self._api.update(seen.id, change, Way.ONCE)
        now = await self._there(seen.id)
        after = self._reader.observed(now, seen.memo)
        if name not in after.comments:
            raise Ended(Result.permanent('the note was taken and is not there: may our role "Add notes"?'))
        if change["private_notes"] and self._reader.is_hidden(now, name) is False:
            self._hides, self._was_seen = False, True
            raise Ended(Result.permanent(_BARED))
        return after

    async def _prove_hidden(self) -> None:
        """That our role may hide notes: without that right Redmine takes one that was to be private as public."""
        rights = await self._api.rights(self._me, await self._api.project())
        if rights is None and not self._me.get("admin"):
            may = not self._was_seen  # nobody tells: one shows it
        else:
            self._hides = may = rights is None or _TO_HIDE in rights
        if not may:
            raise Ended(Result.permanent(_BARED))

    async def _moved(self, seen: Observed, priority: str | None, state: Wanted | None) -> Observed:
        """Priority and status, as far as they are not right by now."""
        now = await self._there(seen.id)
        change: dict[str, int] = {}
        if priority is not None and (number := await self._priority(priority)) is not None:
            change["priority_id"] = number
        ended = self._reader.observed(now, seen.memo).state in _ENDED
        if state is not None and ended != (state == "resolved"):
            change["status_id"] = await self._status(state, now)
        if change:
            await self._api.update(seen.id, change, Way.AGAIN)
            now = await self._there(seen.id)
        for name, number in change.items():
            _believe(now, name, number)
        own = {"status": change["status_id"]} if state == "open" and change.get("status_id") else {}
        return self._reader.observed(now, {**seen.memo, **own})

    async def _status(self, state: Wanted, now: Mapping[str, Any]) -> int:
        there = await self._api.statuses()
        status = status_for(self._options, state, there, now)
        if status is None:
            wanted = self._options.statuses.get(state) or ("closed" if state == "resolved" else "open")
            stands = (now.get("status") or {}).get("name")
            reason = f"status: from {stands} the workflow lets our role set none that is {wanted}"
            raise Ended(Result.permanent(reason))
        return int(status["id"])

    async def _there(self, number: str) -> dict[str, Any]:
        now = await self._api.issue(number)
        if now is None:
            raise Ended(Result.permanent("the issue is not there"), 404)
        return now

    async def _read(self, known: Known) -> Result:
        await self._prove()
        if known.observed is not None:
            issue = await self._api.issue(known.observed.id)
            if issue is not None:
                return Result.ok(self._reader.observed(issue, known.observed.memo))
            await self._api.by_key(known.key)  # whether issues are for us to see at all
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        for found in await self._api.by_key(known.key):
            issue = await self._api.issue(str(found["id"]))
            if issue is not None:
                return Result.ok(self._reader.observed(issue, {}))
        return Result.ok(None)

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        await self._prove()
        issue, name = await self._api.issue(twin.id), f"twin-of-{kept.id}"
        if issue is None:
            await self._api.by_key(kept.key or f"{KEYS_BEGIN}none")
            return Result.ok(replace(twin, state=RemoteState.GONE))
        seen = self._reader.observed(issue, twin.memo)
        if seen.state in _ENDED:
            return Result.ok(seen)
        if name not in seen.comments:
            text = (Text(f"This is a twin: issue {kept.id} goes on."),)
            seen = await self._noted(seen, name, twin_note(self._options, name, text))
        return Result.ok(await self._moved(seen, None, "resolved"))


def _after_creation(desired: Desired, known: Known, seen: Observed) -> Todo:
    work = todo(desired, replace(known, observed=seen, priority=desired.priority), Redmine.capabilities)
    return replace(work, state=work.state if desired.state == "resolved" else None)


def _believe(issue: Mapping[str, Any], name: str, number: int) -> None:
    """Raises Ended where what was set is not so."""
    what = name.removesuffix("_id")
    stands = issue.get(what) or {}
    if stands.get("id") != number:
        reason = (
            f"{what}: it stays {stands.get('name')}; the workflow or a right keeps our role from changing it"
        )
        raise Ended(Result.permanent(reason))


def _author(issue: Mapping[str, Any]) -> Any:
    return (issue.get("author") or {}).get("id")


def _is_open(seen: Observed) -> bool:
    return seen.state is RemoteState.OPEN and (seen.key or "").startswith(KEYS_BEGIN)
