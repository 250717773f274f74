"""Request Tracker as a helpdesk: what is wanted of a ticket, done step by step, and each step read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.connectors import rt_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.document import Small, Text, mark, remarked
from alerting.connectors.http import Ended, told
from alerting.connectors.rt import RtOptions
from alerting.connectors.rt_api import RtApi
from alerting.connectors.rt_tickets import (
    KEYS_BEGIN,
    MOST_TEXT,
    MOST_TITLE,
    Story,
    Ticket,
    key_of,
    name_of,
    not_taken,
    observed,
    priority_of,
    state_of,
    text_of,
    ticket_body,
)
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo


class RequestTracker:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder.

    The search reads the database itself: what was created is found at once. RT answers 200 to a change that it does
    not make: so each is read back.
    """

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 0.0

    def __init__(self, options: RtOptions, setting: Setting) -> None:
        self._options = options
        self._api = RtApi(options, setting)
        self._me: str | None = None
        self.limits = Limits(
            title=MOST_TITLE, description=MOST_TEXT, comment=MOST_TEXT, deadline=4 * options.timeout
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await rt_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen, work = known.observed, todo(desired, known, self.capabilities)
        steps: list[Step] = []
        try:
            await self._known_me()
            if seen is None:
                seen, steps = await self._created(desired)
                after = replace(known, observed=seen, priority=desired.priority)
                work = todo(desired, after, self.capabilities)
                work = replace(work, state=work.state if desired.state == "resolved" else None)
        except Ended as ended:
            return _blamed(ended)
        number = seen.id
        return await taken(
            seen, [*steps, *self._steps(work, seen)], lambda ended: self._blamed(ended, number)
        )

    async def read(self, known: Known) -> Result:
        result = await told(self._read(known))
        return replace(result, outcome=Outcome.BROKEN) if result.outcome is Outcome.PERMANENT else result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        try:
            me = await self._known_me()
            field = self._options.key_field
            await self._api.key_field()
            query = f"CF.{{{field}}} LIKE '{KEYS_BEGIN}' AND Creator = '__CurrentUser__' AND Status = '__Active__'"
            tickets = await self._api.search(query, "DESC")
        except Ended as ended:
            return ended.result, ()
        ours = [
            each for each in tickets if str(key_of(each, field)).startswith(KEYS_BEGIN) and _is_by(each, me)
        ]
        seen = [observed(self._options, me, Story(each, RemoteState.OPEN), {}) for each in ours]
        return Result.ok(), seen[:most]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            me = await self._known_me()
            tickets = [each for each in await self._api.by_key(known.key) if _is_by(each, me)]
            stories = [Story(each, await self._state(each)) for each in tickets]
        except Ended as ended:
            return ended.result, ()
        return Result.ok(), [observed(self._options, me, each, {}) for each in stories]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    async def _known_me(self) -> str:
        if self._me is None:
            self._me = await self._api.myself()
        return self._me

    async def _created(self, desired: Desired) -> tuple[Observed, list[Step]]:
        """The ticket that carries the key, a new one only where none does, and a complaint about what it lost."""
        tickets = await self._api.by_key(desired.key)
        if tickets:
            story = await self._story(str(tickets[0]["id"]), ())
            if story is not None:
                return self._observed(story, {}), []
        number = await self._api.create(ticket_body(self._options, desired))
        try:
            found = await self._api.ticket(number)
        except Ended as ended:
            reason = f"ticket {number} was created, and cannot be read: {ended.result.reason}"
            made = Observed(number, RemoteState.OPEN)  # known from now on: the search may not show it either
            raise Ended(replace(ended.result, reason=reason, observed=made), ended.status) from None
        if found is None:
            raise Ended(Result.in_doubt(f"ticket {number} was created, and is not there"))
        ticket, _ = found
        given = name_of(ticket.get("Owner"))
        seen = self._observed(Story(ticket, await self._state(ticket)), {"given": given})
        lost = not_taken(self._options, desired, ticket)
        return seen, [_complaint(number, lost)] if lost else []

    def _steps(self, work: Todo, seen: Observed) -> list[Step]:
        """What ours was merged into is told our news; how urgent it is, is for its own people to say."""
        steps: list[Step] = [self._said(each) for each in work.comments]
        steps += [self._heard, _all_heard] if work.comments else []
        if work.priority is not None and seen.state is not RemoteState.MERGED:
            steps.append(self._urgent(work.priority))
        return [*steps, self._moved(work.state)] if work.state is not None else steps

    def _said(self, comment: Comment) -> Step:
        async def step(seen: Observed) -> Observed:
            await self._api.comment(seen.id, text_of(remarked(comment)))
            unseen = [*(seen.memo.get("unseen") or ()), comment.id]
            return replace(seen, comments=(*seen.comments, comment.id), memo={**seen.memo, "unseen": unseen})

        return step

    async def _heard(self, seen: Observed) -> Observed:
        """With those of our comments that are to be read there."""
        story = await self._story(seen.id, tuple(seen.memo.get("former") or ()))
        return seen if story is None else self._observed(story, seen.memo)

    def _urgent(self, priority: str) -> Step:
        async def step(seen: Observed) -> Observed:
            number = priority_of(self._options, priority)
            return await self._changed(seen, "Priority", number) if number else seen

        return step

    def _moved(self, state: Wanted) -> Step:
        status = self._options.resolved_status if state == "resolved" else self._options.open_status
        return lambda seen: self._changed(seen, "Status", status)

    async def _changed(self, seen: Observed, field: str, value: str) -> Observed:
        """With the field as it is to be. PERMANENT, in RT's own words, where it was left as it was."""
        ticket, tag = await self._there(seen.id)
        if str(ticket.get(field)) == value:
            return self._after(seen, ticket, await self._state(ticket))
        said = await self._api.change(seen.id, {field: value}, tag)
        ticket, _ = await self._there(seen.id)
        if str(ticket.get(field)) != value:
            reason = f"{field} {value} was not taken: {said or 'RT left it as it was'}"
            raise Ended(Result.permanent(reason))
        return self._after(seen, ticket, await self._state(ticket))

    async def _there(self, number: str) -> tuple[dict[str, Any], str]:
        found = await self._api.ticket(number)
        if found is None:
            raise Ended(Result.permanent("the ticket is not there"), 404)
        if str(found[0]["id"]) != number:
            raise Ended(Result.retry(f"ticket {number} was merged into {found[0]['id']} meanwhile"))
        return found

    def _after(self, seen: Observed, ticket: Ticket, state: RemoteState) -> Observed:
        """What was seen, with how the ticket stands now."""
        former = tuple(seen.memo.get("former") or ())
        now = self._observed(Story(ticket, state, former=former), seen.memo)
        return replace(now, comments=seen.comments, remarks=seen.remarks, by=seen.by)

    def _observed(self, story: Story, memo: Mapping[str, Any]) -> Observed:
        return observed(self._options, self._me or "", story, memo)

    async def _state(self, ticket: Ticket) -> RemoteState:
        state = state_of(self._options, ticket)
        if state is None:
            is_over = await self._api.is_inactive(str(ticket["id"]))
            state = RemoteState.RESOLVED if is_over else RemoteState.OPEN
        return state

    async def _read(self, known: Known) -> Result:
        await self._known_me()
        if known.observed is not None:
            memo = known.observed.memo
            story = await self._story(known.observed.id, tuple(memo.get("former") or ()))
            if story is not None:
                return Result.ok(self._observed(story, memo))
            await self._api.myself()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        for ticket in await self._api.by_key(known.key):
            story = await self._story(str(ticket["id"]), ())
            if story is not None and not story.former:
                return Result.ok(self._observed(story, {}))
        await self._api.myself()
        return Result.ok(None)

    async def _story(self, number: str, former: tuple[str, ...]) -> Story | None:
        """The ticket, or the one that it was merged into; None where it is not there, or kept from us alone."""
        try:
            found = await self._api.ticket(number)
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT or ended.status != 403:
                raise
            found = None
        if found is None:
            return None
        ticket, _ = found
        left = str(ticket["id"])
        history = await self._api.history(left)
        parts = await self._api.parts(left, history)
        former = former if left == number else (*former, number)
        return Story(ticket, await self._state(ticket), history, parts, former)

    async def _blamed(self, ended: Ended, number: str) -> Result:
        """Whose fault it is that we were refused: the ticket's, where it went to a queue in which we may do less."""
        if ended.status != 403 or ended.result.outcome is not Outcome.BROKEN:
            return ended.result
        try:
            ours = str((await self._api.queue()).get("id"))
            found = await self._api.ticket(number)
        except Ended as worse:
            return worse.result
        is_here = found is not None and name_of(found[0].get("Queue")) == ours
        return ended.result if is_here else Result.permanent(ended.result.reason)

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        await self._known_me()
        note = f"twin-of-{kept.id}"
        story = await self._story(twin.id, ())
        if story is None or story.former:
            await self._api.myself()
            return Result.ok(replace(twin, state=RemoteState.MERGED if story else RemoteState.GONE))
        seen = self._observed(story, twin.memo)
        if seen.state is not RemoteState.OPEN:
            return Result.ok(seen)
        if note not in seen.comments:
            document = (Text(f"This is a twin: ticket {kept.id} goes on."), Small(mark(note)))
            await self._api.comment(twin.id, text_of(document))
        return Result.ok(await self._changed(seen, "Status", self._options.resolved_status))


def _complaint(number: str, lost: Sequence[str]) -> Step:
    async def step(_: Observed) -> Observed:
        names = ", ".join(lost)
        reason = f"ticket {number} was created without {names}: apply the custom field to the queue, and grant our "
        raise Ended(Result.permanent(f"{reason}user SeeCustomField and ModifyCustomField"))

    return step


async def _all_heard(seen: Observed) -> Observed:
    """Raises Ended where a comment was taken that is not to be read."""
    if seen.memo.get("unseen"):
        reason = "our comments were taken and cannot be read there: grant our user ShowTicketComments"
        raise Ended(Result.permanent(reason))
    return seen


def _is_by(ticket: Ticket, me: str) -> bool:
    """Whether we wrote it, as far as we know who we are."""
    return not me or name_of(ticket.get("Creator")) == me


def _blamed(ended: Ended) -> Result:
    """Whose fault it is that none was created: where there is nothing at that address, no ticket is to blame."""
    return replace(ended.result, outcome=Outcome.BROKEN) if ended.status in (404, 405, 410) else ended.result
