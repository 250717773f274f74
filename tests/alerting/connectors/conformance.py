"""What every connector owes to the contract, whatever it speaks to: a suite that each runs against its helpdesk.

A test module gives a fixture `rig` (a `Rig`) and says `class TestContract(Conformance): pass`. What a connector
cannot do (by its capabilities) is not asked of it; that is seen from `Rig.connector.capabilities` alone.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

import pytest

from alerting.connectors.base import Connector, Finding, Outcome, Result
from alerting.messages import Can, Comment, Desired, Known, Observed, RemoteState
from tests.fakes.vendor import Fault, Vendor

KEY = "toc-5f62ba63c0de4d0b8f1e6a7b90c1d2e3"
OTHER = "toc-00000000000000000000000000000001"
SINCE = 1_790_000_000_000_000
NASTY = "@everyone #1 /close <script>alert(1)</script> {noformat} ``` ]]> \u202e *bold* [x](http://x.example)"


def wanted(**changes: Any) -> Desired:
    """A ticket as delivery would have it."""
    usual = Desired(
        key=KEY,
        ticket="T-12",
        title="shop.home is down: HTTP 503",
        description="The shop (shop.home, http) is down.\nReason: HTTP 503\n\nReadings:\n  12:00  503\n  12:01  503",
        severity="high",
        priority="high",
        state="open",
        service="shop",
        check="home",
        opened_at=SINCE,
        labels={"site": "jhb"},
    )
    return replace(usual, **changes)


def comments(*texts: str) -> tuple[Comment, ...]:
    return tuple(Comment(f"90c1d2e3-{n}", SINCE + n, text) for n, text in enumerate(texts, 1))


def nothing_known(key: str = KEY) -> Known:
    return Known(key, SINCE)


def known(observed: Observed | None, priority: str = "high") -> Known:
    return Known(KEY, SINCE, observed, priority)


class NotAsked(Exception):
    """What a test looks for is nothing that this connector, or its helpdesk, can do: the test ends there."""


@dataclass(frozen=True)
class There:
    """A ticket as it stands in the helpdesk, by the helpdesk itself and not by the connector.

    `public` are comments that the reporter sees. `whole` is all its text, however it is marked up.
    """

    id: str
    title: str
    whole: str
    ended: bool
    comments: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    priority: str | None = None


class Rig(ABC):
    """A connector and the helpdesk that it speaks to. `vendor` is None where a real server is used."""

    connector: Connector
    vendor: Vendor | None = None
    secrets: Sequence[str] = ()
    create: tuple[str, str] = ("POST", "")  # what creates a ticket: method, and a pattern of the path

    @abstractmethod
    async def there(self) -> list[There]:
        """All tickets over there, the oldest first."""

    async def settle(self) -> None:  # noqa: B027 - most helpdesks have nothing to catch up
        """Let the helpdesk's search catch up."""

    async def human(self, what: str, id: str) -> None:
        """A person there does `close`, `comment` (saying "hello from Agent Two") or `assign` (to Agent Two)."""
        raise NotAsked(f"nobody can {what} there")

    async def broken(self) -> Connector | None:
        """The same connector with credentials that are not taken; None where there are none."""
        return None


async def done(call: Awaitable[Result]) -> Observed:
    result = await call
    assert result.outcome is Outcome.OK, result.reason
    assert result.observed is not None
    json.dumps(asdict(result.observed))
    return result.observed


def needs(rig: Rig, *wanted_of: Can) -> None:
    for each in wanted_of:
        if each not in rig.connector.capabilities:
            raise NotAsked(f"it cannot {each}")


def faulty(rig: Rig) -> Vendor:
    if rig.vendor is None:
        raise NotAsked("a real server does not misbehave to order")
    return rig.vendor


def unhurt(rig: Rig, result: Result) -> None:
    """No secret in what a call says."""
    said = repr(asdict(result))
    for secret in rig.secrets:
        assert secret not in said


def _where_asked(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def asked(*given: Any, **named: Any) -> None:
        with contextlib.suppress(NotAsked):
            await test(*given, **named)

    return asked


@pytest.mark.anyio
class Conformance:
    """The suite. Each test begins with an empty helpdesk."""

    def __init_subclass__(cls) -> None:
        for name in [name for name in dir(cls) if name.startswith("test_")]:
            setattr(cls, name, _where_asked(getattr(cls, name)))

    @pytest.fixture(autouse=True)
    def _within_contract(self, rig: Rig) -> Any:
        yield
        if rig.vendor is not None:
            assert rig.vendor.wrong == []

    async def test_a_ticket_is_created_with_what_it_is_to_say(self, rig: Rig) -> None:
        observed = await done(rig.connector.apply(wanted(), nothing_known()))
        assert observed.state is RemoteState.OPEN
        (ticket,) = await rig.there()
        assert "shop.home is down" in ticket.title + ticket.whole
        assert "HTTP 503" in ticket.whole
        assert KEY in ticket.whole
        if Can.READ in rig.connector.capabilities:
            assert observed.id == ticket.id

    async def test_it_is_read_by_its_id_and_by_its_key(self, rig: Rig) -> None:
        needs(rig, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        seen = await done(rig.connector.read(known(created)))
        assert (seen.id, seen.state, seen.key) == (created.id, RemoteState.OPEN, KEY)
        if Can.FIND in rig.connector.capabilities:
            await rig.settle()
            assert (await done(rig.connector.read(nothing_known()))).id == created.id

    async def test_no_other_key_finds_it(self, rig: Rig) -> None:
        needs(rig, Can.FIND)
        await done(rig.connector.apply(wanted(), nothing_known()))
        await rig.settle()
        assert await rig.connector.read(nothing_known(OTHER)) == Result.ok(None)

    async def test_what_is_right_is_left_alone(self, rig: Rig) -> None:
        needs(rig, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        seen = await done(rig.connector.read(known(created)))
        before = len(rig.vendor.writes) if rig.vendor else 0
        await done(rig.connector.apply(wanted(), known(seen)))
        if rig.vendor is not None and rig.connector.limits.refresh is None:
            assert rig.vendor.writes[before:] == []
        assert len(await rig.there()) == 1

    async def test_comments_come_once_in_order_and_inside(self, rig: Rig) -> None:
        needs(rig, Can.COMMENT)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        two = wanted(comments=comments("first news", "second news"), said=2)
        await done(rig.connector.apply(two, known(created)))
        (ticket,) = await rig.there()
        said = [text for text in ticket.comments if "news" in text]
        assert ["first" in said[0], "second" in said[1], len(said)] == [True, True, 2]
        assert not any("news" in text for text in ticket.public)
        if Can.COMMENT_IDS in rig.connector.capabilities:
            seen = await done(rig.connector.read(known(created)))
            assert set(seen.comments) >= {each.id for each in two.comments}
            await done(rig.connector.apply(two, known(seen)))
            (again,) = await rig.there()
            assert len(again.comments) == len(ticket.comments)

    async def test_our_own_comments_are_no_remarks_of_people(self, rig: Rig) -> None:
        needs(rig, Can.COMMENT, Can.READ)
        created = await done(
            rig.connector.apply(wanted(comments=comments("first news"), said=1), nothing_known())
        )
        assert (await done(rig.connector.read(known(created)))).remarks == ()

    async def test_priority_follows(self, rig: Rig) -> None:
        needs(rig, Can.PRIORITY, Can.READ)
        created = await done(rig.connector.apply(wanted(priority="low", severity="low"), nothing_known()))
        before = (await rig.there())[0].priority
        higher = wanted(priority="critical", severity="critical")
        await done(rig.connector.apply(higher, known(created, "low")))
        after = (await rig.there())[0].priority
        assert before != after

    async def test_it_is_resolved_and_opened_again(self, rig: Rig) -> None:
        needs(rig, Can.RESOLVE, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        over = wanted(state="resolved", resolved_at=SINCE + 60_000_000)
        await done(rig.connector.apply(over, known(created)))
        seen = await done(rig.connector.read(known(created)))
        assert seen.state in (RemoteState.RESOLVED, RemoteState.CLOSED)
        assert (await rig.there())[0].ended
        await done(rig.connector.apply(over, known(seen)))
        if Can.REOPEN not in rig.connector.capabilities or seen.state is RemoteState.CLOSED:
            return
        await done(rig.connector.apply(wanted(), known(seen)))
        assert (await done(rig.connector.read(known(seen)))).state is RemoteState.OPEN
        assert not (await rig.there())[0].ended

    async def test_what_was_over_before_it_was_told_is_one_ended_ticket(self, rig: Rig) -> None:
        needs(rig, Can.RESOLVE, Can.READ)
        over = wanted(state="resolved", resolved_at=SINCE + 60_000_000, comments=comments("it is up"), said=1)
        observed = await done(rig.connector.apply(over, nothing_known()))
        seen = await done(rig.connector.read(known(observed)))
        assert seen.state in (RemoteState.RESOLVED, RemoteState.CLOSED)

    @pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LATE_502, Fault.LOGIN_PAGE, Fault.ERROR_PAGE])
    async def test_an_answer_that_is_lost_makes_no_second_ticket(self, rig: Rig, fault: Fault) -> None:
        vendor = faulty(rig)
        vendor.misbehave(fault, *rig.create)
        result = await rig.connector.apply(wanted(), nothing_known())
        unhurt(rig, result)
        can = rig.connector.capabilities
        if Can.DEDUPE in can:
            assert result.outcome in (Outcome.IN_DOUBT, Outcome.RETRY, Outcome.BROKEN), result
            await done(rig.connector.apply(wanted(), nothing_known()))
            assert len(await rig.there()) == 1
            return
        assert result.outcome is Outcome.IN_DOUBT, result
        if Can.FIND in can:
            await rig.settle()
            found = await rig.connector.read(nothing_known())
            assert found.outcome is Outcome.OK
            assert [found.observed.id if found.observed else None] == [
                *[each.id for each in await rig.there()],
                *([] if await rig.there() else [None]),
            ]

    async def test_a_request_that_never_arrived_is_not_believed(self, rig: Rig) -> None:
        faulty(rig).misbehave(Fault.LOST_REQUEST, *rig.create)
        result = await rig.connector.apply(wanted(), nothing_known())
        assert result.outcome in (Outcome.IN_DOUBT, Outcome.RETRY), result
        assert await rig.there() == []

    async def test_success_without_effect_shows_when_read_back(self, rig: Rig) -> None:
        needs(rig, Can.READ, Can.RESOLVE)
        vendor = faulty(rig)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        vendor.misbehave(Fault.NO_EFFECT, "", "", times=20)
        await rig.connector.apply(wanted(state="resolved"), known(created))
        vendor.behave()
        assert (await done(rig.connector.read(known(created)))).state is RemoteState.OPEN

    @pytest.mark.parametrize("fault", [Fault.RATE_SECONDS, Fault.RATE_DATE])
    async def test_it_waits_as_long_as_it_is_told(self, rig: Rig, fault: Fault) -> None:
        vendor = faulty(rig)
        vendor.misbehave(fault, times=50, seconds=90)
        result = await rig.connector.apply(wanted(), nothing_known())
        assert result.outcome is Outcome.RETRY, result
        assert result.after is not None
        assert 60 <= result.after <= 91

    @pytest.mark.parametrize(
        "fault", [Fault.REVOKED, Fault.MOVED, Fault.LOGIN_PAGE, Fault.HUGE, Fault.NOT_JSON]
    )
    async def test_a_helpdesk_that_takes_nothing_has_no_verdict_on_tickets(
        self, rig: Rig, fault: Fault
    ) -> None:
        needs(rig, Can.READ)
        vendor = faulty(rig)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        vendor.misbehave(fault, times=50)
        for call in (rig.connector.read(nothing_known()), rig.connector.read(known(created))):
            result = await call
            unhurt(rig, result)
            assert result.outcome in (Outcome.BROKEN, Outcome.RETRY), result
            assert result.reason
            assert "secret-path" not in result.reason

    async def test_credentials_that_are_not_taken_find_nothing_out(self, rig: Rig) -> None:
        broken = await rig.broken()
        if broken is None:
            raise NotAsked("there are no credentials")
        try:
            if Can.READ in broken.capabilities:
                result = await broken.read(nothing_known())
                assert result.outcome is Outcome.BROKEN, result
            result = await broken.apply(wanted(), nothing_known())
            unhurt(rig, result)
            assert result.outcome is Outcome.BROKEN, result
            findings = await broken.check()
            assert any(each.ok is False and each.text for each in findings), findings
        finally:
            await broken.aclose()
        assert await rig.there() == []

    async def test_a_check_up_of_a_sound_helpdesk_finds_nothing_and_changes_nothing(self, rig: Rig) -> None:
        findings: Sequence[Finding] = await rig.connector.check()
        assert findings
        assert [each for each in findings if each.ok is False] == []
        assert await rig.there() == []

    async def test_a_check_up_of_one_that_is_away_raises_nothing(self, rig: Rig) -> None:
        faulty(rig).misbehave(Fault.LOST_REQUEST, times=50)
        findings = await rig.connector.check()
        assert any(each.ok is not True for each in findings) or Can.READ not in rig.connector.capabilities

    async def test_very_long_texts_are_cut_to_what_is_taken(self, rig: Rig) -> None:
        many = wanted(
            title="é" * 3000,
            description="\n".join(f"line {n} \u202e<&>*_`" for n in range(20_000)),
            comments=comments("<&>\u00e9" * 40_000),
            said=1,
        )
        await done(rig.connector.apply(many, nothing_known()))
        (ticket,) = await rig.there()
        assert KEY in ticket.whole

    async def test_hostile_texts_stay_texts(self, rig: Rig) -> None:
        nasty = wanted(title=NASTY, description=NASTY, comments=comments(NASTY), said=1, labels={"x": NASTY})
        await done(rig.connector.apply(nasty, nothing_known()))
        (ticket,) = await rig.there()
        self.look_at_hostile(ticket)

    def look_at_hostile(self, ticket: There) -> None:
        """For a vendor with markup: its own suite says what must not be left of `NASTY`."""
        assert ticket.whole

    async def test_people_are_heard(self, rig: Rig) -> None:
        needs(rig, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        await rig.human("comment", created.id)
        seen = await done(rig.connector.read(known(created)))
        assert any("hello from Agent Two" in each.text for each in seen.remarks), seen
        assert len({each.id for each in seen.remarks}) == len(seen.remarks)

    async def test_who_has_it_is_seen(self, rig: Rig) -> None:
        needs(rig, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        await rig.human("assign", created.id)
        assert (await done(rig.connector.read(known(created)))).assignee

    async def test_a_persons_closing_is_seen(self, rig: Rig) -> None:
        needs(rig, Can.READ)
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        await rig.human("close", created.id)
        seen = await done(rig.connector.read(known(created)))
        assert seen.state in (RemoteState.RESOLVED, RemoteState.CLOSED)

    async def test_a_connector_shows_no_secret(self, rig: Rig) -> None:
        await rig.connector.apply(wanted(), nothing_known())
        for secret in rig.secrets:
            assert secret not in repr(rig.connector)
            assert secret not in repr(vars(rig.connector))
