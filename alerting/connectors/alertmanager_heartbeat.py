"""Alertmanager's API v2 as a heartbeat: every member is told of an open alert again and again, and once of its end."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from alerting.connectors import alertmanager_alerts as alerts
from alerting.connectors.alertmanager import AlertmanagerOptions
from alerting.connectors.base import Can, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.credentials import basic
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, found, look
from alerting.messages import Desired, Known, Observed, RemoteState, todo

_ELSEWHERE = (404, 405, 410)
_SLOW, _PATIENCE = 5.0, 15.0  # seconds
_LATE = 30.0  # seconds that clocks may differ
# Of several members that failed the one that counts: what passes is tried again.
_WEIGHT = (Outcome.RETRY, Outcome.IN_DOUBT, Outcome.BROKEN, Outcome.PERMANENT)


@dataclass(slots=True)
class Member:
    """One Alertmanager; `name` is its host and port, `url` its address.

    One that fails slowly is not told for `rest` seconds, so that the others hear of all alerts in time.
    """

    name: str
    url: str
    caller: Caller
    rest: float
    _rests_until: float = 0.0

    async def call(self, ask: Ask) -> Answer:
        """Raises Ended: with the name of the member, and BROKEN where no Alertmanager answers."""
        try:
            return await self.caller.call(ask)
        except Ended as ended:
            result = ended.result
            if ended.status in _ELSEWHERE:
                result = Result.broken(f"HTTP {ended.status}: no Alertmanager with API v2 there; mend url:")
            raise Ended(replace(result, reason=f"{self.name}: {result.reason}"), ended.status) from None

    async def told(self, alert: Mapping[str, Any]) -> Result | None:
        """None where it took the alert."""
        clock = asyncio.get_running_loop().time
        began = clock()
        if began < self._rests_until:
            return Result.retry(f"{self.name}: it did not answer a moment ago")
        try:
            answer = await self.call(Ask(Way.AGAIN, "POST", "/alerts", [alert]))
        except Ended as ended:
            if clock() - began > _SLOW:
                self._rests_until = clock() + self.rest
            return ended.result
        if answer.body.strip():
            return Result.broken(f"{self.name}: HTTP {answer.status} with a page: it is no Alertmanager")
        return None

    async def shown(self, key: str) -> Observed | None:
        """The alert of the key, where it is one of those that are active. Raises Ended."""
        answer = await self.call(look("/alerts", {"filter": alerts.matcher(key)}))
        listed = answer.json()
        if not isinstance(listed, list):
            raise Ended(Result.broken(f"{self.name}: HTTP {answer.status} without a list of alerts"))
        return next((one for each in listed if (one := alerts.seen(each, key, self.url))), None)


class Alertmanager:
    """Implements alerting.connectors.base.Connector.

    An alert that is not shown has ended there by itself, or was forgotten: `read` says then that there is none, and
    delivery sends it again, which makes no second one.
    """

    capabilities = frozenset({Can.DEDUPE, Can.READ, Can.PRIORITY, Can.RESOLVE, Can.REOPEN})
    visibility_lag = 0.0

    def __init__(self, options: AlertmanagerOptions, setting: Setting) -> None:
        self._options, self._now = options, setting.now
        # Each open alert is a call in each interval.
        self.limits = Limits(
            title=alerts.MOST_TITLE,
            description=alerts.MOST_DESCRIPTION,
            per_minute=6000.0,
            burst=200,
            at_once=8,
            deadline=4 * options.timeout,
            refresh=options.interval,
        )
        self._members = tuple(self._member(url) for url in options.url)

    async def check(self) -> Sequence[Finding]:
        findings: list[Finding] = []
        sizes: list[int] = []
        for member in self._members:
            clocks: list[Finding] = []
            findings.append(await found(f"login {member.name}", self._login(member, clocks, sizes)))
            findings += clocks
            findings.append(await found(f"alerts {member.name}", self._listing(member)))
        members = max(sizes, default=0)
        if members > len(self._members):
            told = f"it has {members} members, and url: names {len(self._members)}: name each, all have to be told"
            findings.append(Finding("cluster", False, told))
        return findings

    async def apply(self, desired: Desired, known: Known) -> Result:
        """Says it to all members also where nothing is new, as long as it is open."""
        before = known.observed
        if desired.state == "resolved" and not todo(desired, known, self.capabilities):
            return Result.ok(before)
        now = int(self._now() * 1_000_000)
        # Labels that changed since would make another alert of it.
        labels = before.memo.get("labels") if before else None
        labels = labels or alerts.labels_of(desired, self._options.labels)
        alert = alerts.alert(desired, labels, now, self._options.interval)
        told = await asyncio.gather(*(member.told(alert) for member in self._members))
        failed = [each for each in told if each is not None]
        lingers = desired.state == "resolved" and not alerts.ran_out(desired, now, self._options.interval)
        if failed and (lingers or len(failed) == len(told)):
            return min(failed, key=lambda each: _WEIGHT.index(each.outcome))
        after = before or alerts.observed(labels, self._members[0].url, None, None)
        state = RemoteState.RESOLVED if desired.state == "resolved" else RemoteState.OPEN
        return Result.ok(replace(after, state=state, priority=desired.priority))

    async def read(self, known: Known) -> Result:
        told = await asyncio.gather(*(self._shown(member, known.key) for member in self._members))
        failed = [each for each in told if isinstance(each, Ended)]
        shown = next((each for each in told if isinstance(each, Observed)), None)
        if shown is not None:
            return Result.ok(shown)
        if len(failed) == len(told):
            return min((each.result for each in failed), key=lambda each: _WEIGHT.index(each.outcome))
        before = known.observed
        return Result.ok(before if before and before.state is RemoteState.RESOLVED else None)

    async def aclose(self) -> None:
        for member in self._members:
            await member.caller.aclose()

    def _member(self, url: str) -> Member:
        interval = self._options.interval
        # A heartbeat that waits for longer than the next one holds up those of other alerts.
        patience = min(self._options.timeout, max(interval, _PATIENCE))
        options = self._options.model_copy(update={"timeout": patience})
        caller = Caller(f"{url}/api/v2", options, self._headers, self._now, Vendor(_said))
        return Member(urlsplit(url).netloc, url, caller, interval)

    def _headers(self) -> Mapping[str, str]:
        options = self._options
        if options.user is not None and options.password is not None:
            return {"Authorization": basic(options.user, options.password)}
        return {} if options.token is None else {"Authorization": f"Bearer {options.token.reveal()}"}

    async def _shown(self, member: Member, key: str) -> Observed | Ended | None:
        try:
            return await member.shown(key)
        except Ended as ended:
            return ended

    async def _login(self, member: Member, clocks: list[Finding], sizes: list[int]) -> str:
        answer = await member.call(look("/status"))
        status = answer.mapping()
        version, cluster = status.get("versionInfo"), status.get("cluster")
        if not isinstance(version, dict) or not isinstance(cluster, dict):
            raise Ended(Result.broken(f"HTTP {answer.status}: it is no Alertmanager; mend url:"))
        sizes.append(len(cluster.get("peers") or ()))
        clocks += self._clock(member, answer)
        return f"Alertmanager {str(version.get('version'))[:40]}, cluster {str(cluster.get('status'))[:40]}"

    def _clock(self, member: Member, answer: Answer) -> list[Finding]:
        """How far its clock is from ours, where it says what it shows."""
        try:
            moment = email.utils.parsedate_to_datetime(answer.headers.get("date", ""))
        except (ValueError, TypeError):
            return []
        apart = self._now() - moment.timestamp()
        if abs(apart) <= _LATE:
            return [Finding(f"clock {member.name}", True, "it shows the same time as ours")]
        told = f"ours is {abs(apart):.0f}s {'ahead' if apart > 0 else 'behind'}: alerts would not end, or not begin"
        return [Finding(f"clock {member.name}", False, f"{told}; set the clocks")]

    async def _listing(self, member: Member) -> str:
        await member.shown("none")
        return "alerts can be read back"


def _said(answer: Answer) -> str:
    """Errors come as a bare text, or as an object."""
    told = answer.json()
    return told if isinstance(told, str) else str(told.get("message") or told.get("error") or "")
