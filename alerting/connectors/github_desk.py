"""GitHub issues as a helpdesk: found by listing, changed one write at a time, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from alerting.connectors.base import Can, Finding, Limits, Outcome, Poke, Result, Setting
from alerting.connectors.credentials import is_signed
from alerting.connectors.document import Small, Text, mark, remarked
from alerting.connectors.github import GithubOptions
from alerting.connectors.github_api import MOST_PAGES, NOT_THERE, PAGE, GithubApi
from alerting.connectors.github_bodies import (
    MOST_TEXT,
    all_priority_labels,
    comment_body,
    is_issue,
    issue_body,
    keys_in,
    label_names,
    label_of,
    labels_with,
    login,
    observed,
    priority_label,
)
from alerting.connectors.http import Ended, found, told
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo
from alerting.slo.figures import rfc3339

_SECOND = 1_000_000
_BEFORE = 300 * _SECOND  # their clock may be behind ours
_STATES: Mapping[Wanted, RemoteState] = {"open": RemoteState.OPEN, "resolved": RemoteState.RESOLVED}


class Github:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder, Hook."""

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 5.0  # a list reads the database, or a copy of it

    def __init__(self, options: GithubOptions, setting: Setting, between_writes: float = 1.0) -> None:
        """GitHub asks for a second between writes, and for one write at a time."""
        self._options, self._agent = options, setting.agent
        self._api = GithubApi(options, setting, between_writes)
        self._label = label_of(setting.agent)
        self._me = ""
        self.limits = Limits(
            description=MOST_TEXT,
            comment=MOST_TEXT,
            per_minute=20.0,
            burst=8,
            at_once=1,
            per_ticket=1.0,
            deadline=6 * options.timeout + 40 * between_writes,
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        findings: list[Finding] = []
        repository = f"repository {self._options.repo}"
        looks = (("login", self._login), (repository, self._repository), ("key", self._listed))
        for what, look in (*looks, ("labels", self._labels)):
            finding = await found(what, look())
            findings.append(finding)
            if finding.ok is not True:
                break
        return findings

    async def apply(self, desired: Desired, known: Known) -> Result:
        work, seen, dropped = todo(desired, known, self.capabilities), known.observed, None
        try:
            if seen is None:
                made = await self._api.create(issue_body(self._options, desired, self._agent))
                seen = observed(self._options, made, (), self._me, known)
                dropped = self._dropped(made)
        except Ended as ended:
            return ended.result
        result = await taken(seen, self._steps(work), self._blamed)
        return (
            replace(dropped, observed=result.observed) if dropped and result.outcome is Outcome.OK else result
        )

    async def read(self, known: Known) -> Result:
        return await told(self._read(known))

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        params = {"labels": self._label, "state": "open", "sort": "created", "direction": "desc"}
        try:
            await self._proved()
            issues, _ = await self._api.issues(params, min(MOST_PAGES, -(-most // PAGE) + 1))
        except Ended as ended:
            return ended.result, ()
        carrying = [each for each in issues if keys_in(each) and login(each.get("user")) == self._me]
        return Result.ok(), [observed(self._options, each, (), self._me) for each in carrying[:most]]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            await self._proved()
            issues = await self._carrying(known)
        except Ended as ended:
            return ended.result, ()
        ours = [each for each in issues if login(each.get("user")) == self._me]
        return Result.ok(), [observed(self._options, each, (), self._me, known) for each in ours]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not is_signed(self._options.webhook_secret, headers, body):
            return None
        whole = json.loads(body)
        issue: Any = whole.get("issue") if isinstance(whole, dict) else None
        if not is_issue(issue):
            return Poke()
        where = (whole.get("repository") or {}).get("full_name")
        if str(where).casefold() != self._options.repo.casefold():
            return Poke()
        return Poke((str(issue["number"]),), tuple(keys_in(issue)[:1]))

    async def _login(self) -> str:
        self._me = await self._api.me()
        return f"as {self._me}"

    async def _repository(self) -> str:
        role = (await self._api.repository()).get("permissions") or {}
        if not role.get("triage") and not role.get("push"):
            raise Ended(
                Result.broken("our account needs the role Triage or Write: labels of others are dropped")
            )
        return "takes issues"

    async def _listed(self) -> str:
        issues, _ = await self._api.issues({"labels": self._label, "state": "all"}, 1)
        return f"in a hidden line; found among {len(issues) or 'no'} issues labelled {self._label} so far"

    async def _labels(self) -> str:
        wanted = {self._label, *self._options.labels, *all_priority_labels(self._options)}
        # They are told apart as GitHub does it.
        there = {name.casefold() for name in await self._api.labels()}
        lacking = sorted(name for name in wanted if name.casefold() not in there)
        role = (await self._api.repository()).get("permissions") or {}
        if lacking and not role.get("push"):
            raise Ended(Result.broken(f"make these labels, for our role cannot: {', '.join(lacking)}"))
        return f"made when they are first used: {', '.join(lacking)}" if lacking else "all there"

    def _dropped(self, made: Mapping[str, Any]) -> Result | None:
        """Who may not set labels is not told so: they are dropped, and the issue is never listed again."""
        if self._label.casefold() in map(str.casefold, label_names(made)):
            return None
        reason = f"the label {self._label} was dropped: our account needs the role Triage or Write"
        return Result.broken(reason)

    def _steps(self, work: Todo) -> list[Step]:
        steps: list[Step] = [partial(self._commented, each) for each in work.comments]
        if work.priority is not None:
            steps.append(partial(self._prioritised, work.priority))
        if work.state is not None:
            steps.append(partial(self._moved, work.state))
        return steps

    async def _commented(self, comment: Comment, seen: Observed) -> Observed:
        await self._api.comment(seen.id, comment_body(remarked(comment)))
        return replace(seen, comments=(*seen.comments, comment.id))

    async def _prioritised(self, priority: str, seen: Observed) -> Observed:
        issue = await self._api.issue(seen.id)
        if issue is None:
            raise Ended(Result.permanent("the issue is not there"), 404)
        before = label_names(issue)
        after = labels_with(self._options, before, priority)
        if sorted(after) != sorted(before):
            await self._api.set_labels(seen.id, after)
        return replace(seen, priority=priority_label(self._options, priority) or None)

    async def _moved(self, wanted: Wanted, seen: Observed) -> Observed:
        await self._api.set_state(seen.id, wanted)
        return replace(seen, state=_STATES[wanted])

    async def _read(self, known: Known) -> Result:
        self._me = self._me or await self._api.me()
        if known.observed is not None:
            issue = await self._api.issue(known.observed.id)
            if issue is not None:
                return Result.ok(await self._seen(issue, known))
            await self._proved()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        issues = await self._carrying(known)
        if issues:
            return Result.ok(await self._seen(issues[0], known))
        await self._proved()
        return Result.ok(None)

    async def _seen(self, issue: Mapping[str, Any], known: Known) -> Observed:
        return observed(self._options, issue, await self._api.comments(issue), self._me, known)

    async def _carrying(self, known: Known) -> list[dict[str, Any]]:
        """Issues whose own text carries the key, the oldest first."""
        since = rfc3339(max(0, known.since - _BEFORE) // _SECOND * _SECOND)
        params = {
            "labels": self._label,
            "state": "all",
            "since": since,
            "sort": "created",
            "direction": "asc",
        }
        issues, all_of_them = await self._api.issues(params, MOST_PAGES)
        carrying = [each for each in issues if known.key in keys_in(each)]
        if not carrying and not all_of_them:
            raise Ended(Result.retry(f"more than {PAGE * MOST_PAGES} issues to look through for the key"))
        return sorted(carrying, key=lambda each: int(each["number"]))

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        self._me = self._me or await self._api.me()
        issue, note = await self._api.issue(twin.id), f"twin-of-{kept.id}"
        if issue is None:
            return Result.ok(replace(twin, state=RemoteState.GONE))
        seen = await self._seen(issue, Known(twin.key or "", 0, twin))
        if note not in seen.comments:
            document = (Text(f"This is a twin: issue {kept.id} goes on."), Small(mark(note)))
            await self._api.comment(twin.id, comment_body(document))
        return Result.ok(await self._moved("resolved", seen) if seen.state is RemoteState.OPEN else seen)

    async def _blamed(self, ended: Ended) -> Result:
        """Whose fault it is: where the repository takes no issues at all, no ticket is to blame."""
        if ended.status not in NOT_THERE:
            return ended.result
        try:
            await self._proved()
        except Ended as worse:
            return worse.result
        return Result.permanent(ended.result.reason)

    async def _proved(self) -> None:
        """Only who has just passed as us, and sees the repository, may say that something is not there."""
        self._me = await self._api.me()
        await self._api.repository()
