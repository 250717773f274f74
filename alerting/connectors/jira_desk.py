"""Jira as a helpdesk: what is wanted of an issue, done by its transitions and fields, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from alerting.connectors import jira_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Poke, Result, Setting
from alerting.connectors.credentials import is_signed
from alerting.connectors.document import Small, Text, mark, remarked
from alerting.connectors.http import Ended, told
from alerting.connectors.jira import JiraOptions
from alerting.connectors.jira_api import JiraApi, refused
from alerting.connectors.jira_bodies import (
    MOST_TEXT,
    chosen,
    comment_body,
    is_done,
    issue_body,
    label_of,
    move_body,
    priority_fields,
    resolution_for,
    steps_of,
)
from alerting.connectors.jira_issues import Issue, Reader, identity
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo

_MOST_FOUND = 50
_STATES: Mapping[Wanted, RemoteState] = {"open": RemoteState.OPEN, "resolved": RemoteState.RESOLVED}


class Jira:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder, Hook."""

    capabilities = frozenset(Can) - {Can.DEDUPE}

    def __init__(self, options: JiraOptions, setting: Setting) -> None:
        self._options, self._agent = options, setting.agent
        self._api = JiraApi(options, setting)
        self._reader: Reader | None = None
        self.visibility_lag = self._api.flavour.visibility_lag
        # Writes to one issue are to be spaced out; one of ours is several calls.
        self.limits = Limits(
            description=MOST_TEXT,
            comment=MOST_TEXT,
            per_minute=60.0,
            burst=5,
            at_once=2,
            per_ticket=2.0,
            deadline=6 * options.timeout,
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await jira_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        work = todo(desired, known, self.capabilities)
        try:
            seen = known.observed or await self._created(desired)
        except Ended as ended:
            return ended.result
        return await taken(seen, self._steps(work, desired.follows), self._blamed)

    async def read(self, known: Known) -> Result:
        return await told(self._read(known))

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        field = self._options.key_field
        ours = f'{_clause(field)}~"toc*"' if field else f'labels="{label_of(self._agent)}"'
        jql = f'project="{self._options.project}" AND {ours} AND statusCategory!=Done ORDER BY created DESC'
        found: list[Observed] = []
        try:
            reader = await self._proved()
            for issue in filter(reader.is_by_us, await self._api.search(jql, self._fields, most)):
                seen = reader.observed(issue)
                mine = field is None or await self._api.written_by(str(issue["id"])) == self._agent
                if mine and seen.key is not None and seen.state is RemoteState.OPEN:
                    found.append(seen)
        except Ended as ended:
            return ended.result, ()
        return Result.ok(), found

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            reader = await self._proved()
            issues = [each for each in await self._carrying(known.key, reader) if reader.is_by_us(each)]
            return Result.ok(), [reader.observed(each, key=known.key) for each in issues]
        except Ended as ended:
            return ended.result, ()

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not is_signed(self._options.webhook_secret, headers, body):
            return None
        told_of = json.loads(body)
        issue = told_of.get("issue") if isinstance(told_of, dict) else None
        if not isinstance(issue, dict) or not isinstance(issue.get("key"), str):
            return Poke()
        reader = self._reader or self._reader_as("")
        key = reader.key_of(issue)
        return Poke((issue["key"],), (key,) if key else ())

    @property
    def _fields(self) -> tuple[str, ...]:
        always = ("status", "priority", "assignee", "creator", "labels", "resolution")
        return (*always, *([self._options.key_field] if self._options.key_field else []))

    async def _created(self, desired: Desired) -> Observed:
        body = issue_body(self._options, self._api.flavour, desired, self._agent)
        return replace(self._reader_as("").observed(await self._api.create(body)), key=desired.key)

    def _steps(self, work: Todo, follows: str | None) -> list[Step]:
        """What is left to do on an issue, in order; how it moves comes last, for an end may take no more."""
        steps: list[Step] = [partial(self._linked, follows)] if work.create and follows else []
        steps += [partial(self._commented, each) for each in work.comments]
        if work.priority is not None:
            steps.append(partial(self._prioritised, work.priority))
        if work.state is not None:
            steps.append(partial(self._moved, work.state))
        return steps

    async def _linked(self, follows: str, seen: Observed) -> Observed:
        """A link to the issue that this one goes on from; where links are not taken, the description names it."""
        place = {"url": f"{self._site or self._options.url}/browse/{follows}", "title": follows}
        body = {"globalId": f"tocsin-follows-{follows}", "relationship": "goes on from", "object": place}
        try:
            await self._api.link(_number(seen), body)
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT:
                raise
        return seen

    async def _commented(self, comment: Comment, seen: Observed) -> Observed:
        await self._api.comment(
            _number(seen), comment_body(self._options, self._api.flavour, remarked(comment))
        )
        return replace(seen, comments=(*seen.comments, comment.id))

    async def _prioritised(self, priority: str, seen: Observed) -> Observed:
        if fields := priority_fields(self._options, priority):
            await self._api.edit(_number(seen), fields)
        return seen

    async def _moved(self, wanted: Wanted, seen: Observed) -> Observed:
        number = _number(seen)
        now = await self._fields_of(number)
        if is_done(now.get("status")) is not (wanted == "resolved"):
            await self._take(number, wanted, now)
        if wanted == "open" and (await self._fields_of(number)).get("resolution"):
            try:
                await self._api.edit(number, {"resolution": None})
            except Ended as ended:  # where it is on no screen, only the workflow can clear it
                if ended.result.outcome is not Outcome.PERMANENT:
                    raise
        return replace(seen, state=_STATES[wanted])

    async def _take(self, number: str, wanted: Wanted, now: Mapping[str, Any]) -> None:
        """Take the transition. One that lists a resolution may refuse it, and one that lists none may want it."""
        steps = steps_of(await self._api.transitions(number))
        step = chosen(steps, wanted, self._options)
        if step is None:
            there = (now.get("status") or {}).get("name")
            goal = "of the category Done" if wanted == "resolved" else "that is not of the category Done"
            paths = ", ".join(f"{each.name} → {each.to}" for each in steps) or "none at all"
            raise Ended(
                Result.permanent(f"from {there} no transition leads to a status {goal}; there is {paths}")
            )
        fields = resolution_for(step, wanted, self._options)
        answer = await self._api.move(number, move_body(step, fields))
        if answer.status == 400 and "resolution" in refused(answer).reason.casefold():
            wish = self._options.resolution if wanted == "resolved" else None
            other: dict[str, Any] = {} if fields or not wish else {"resolution": {"name": wish}}
            if other != fields:
                answer = await self._api.move(number, move_body(step, other))
        if answer.status == 400:
            failed = refused(answer)
            raise Ended(replace(failed, reason=f"transition {step.name}: {failed.reason}"), 400)

    async def _fields_of(self, number: str) -> Mapping[str, Any]:
        issue = await self._api.issue(number, ("status", "resolution"))
        if issue is None:
            raise Ended(Result.permanent("the issue is not there"), 404)
        fields: Mapping[str, Any] = issue.get("fields") or {}
        return fields

    async def _read(self, known: Known) -> Result:
        reader = self._reader or await self._proved()
        if known.observed is not None:
            seen = await self._seen(_number(known.observed), reader, known.key)
            if seen is not None:
                return Result.ok(seen)
            await self._proved()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        for issue in await self._carrying(known.key, reader):
            seen = await self._seen(str(issue["id"]), reader, known.key)
            if seen is not None:
                return Result.ok(seen)
        await self._proved()
        return Result.ok(None)

    async def _seen(self, number: str, reader: Reader, key: str) -> Observed | None:
        """The issue whole; None where there is none. Where no transition leads out of its end, that is for good."""
        issue = await self._api.issue(number, self._fields, whole=True)
        if issue is None:
            return None
        seen = reader.observed(issue, await self._api.comments(number), key)
        if seen.state is RemoteState.RESOLVED:
            steps = steps_of(await self._api.transitions(number))
            if chosen(steps, "open", self._options) is None:
                return replace(seen, state=RemoteState.CLOSED)
        return seen

    async def _carrying(self, key: str, reader: Reader) -> list[Issue]:
        """Issues that carry the key by what they show themselves, the oldest first."""
        field = self._options.key_field
        carries = f'{_clause(field)}~"{key}"' if field else f'labels="{key}"'
        jql = f'project="{self._options.project}" AND {carries} ORDER BY created ASC'
        issues = await self._api.search(jql, self._fields, _MOST_FOUND)
        return sorted((e for e in issues if reader.carries(e, key)), key=lambda e: int(e["id"]))

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        number, note = _number(twin), f"twin-of-{_number(kept)}"
        if number == _number(kept):
            return Result.permanent("it is the very issue that goes on, under another key")
        reader = self._reader or await self._proved()
        seen = await self._seen(number, reader, twin.key or "")
        if seen is None:
            return Result.ok(replace(twin, state=RemoteState.GONE))
        if note not in seen.comments:
            document = (Text(f"This is a twin: {kept.id} goes on."), Small(mark(note)))
            await self._api.comment(number, comment_body(self._options, self._api.flavour, document))
        return Result.ok(await self._moved("resolved", seen) if seen.state is RemoteState.OPEN else seen)

    async def _blamed(self, ended: Ended) -> Result:
        """Whose fault it is: the issue's, where it is not there or not to be written to, and all else is as it was."""
        if ended.status not in (403, 404, 410) or ended.result.outcome is Outcome.RETRY:
            return ended.result
        try:
            await self._proved()
        except Ended as worse:
            return worse.result
        return Result.permanent(ended.result.reason)

    async def _proved(self) -> Reader:
        """Only who has just passed as us, and sees the project, may say that something is not there."""
        self._reader = self._reader_as(identity(await self._api.myself()))
        await self._api.project()
        return self._reader

    def _reader_as(self, me: str) -> Reader:
        return Reader(self._api.flavour, me, self._site, self._options.key_field)

    @property
    def _site(self) -> str:
        """What people's addresses begin with; empty where nobody said so."""
        if self._options.site:
            return self._options.site
        return "" if "/ex/jira/" in self._options.url else self._options.url


def _number(seen: Observed) -> str:
    """The issue's number, which stays when it is moved to another project."""
    return str(seen.memo.get("number") or seen.id)


def _clause(field: str) -> str:
    """How the search calls a custom field."""
    return f"cf[{field.removeprefix('customfield_')}]"
