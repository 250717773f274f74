"""A stranger's connector that gives nonsense: a result in doubt, and never an end of the delivery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Can, ConnectorType, Finding, Limits, Options, Outcome, Result
from alerting.messages import Known, Observed, RemoteState
from config.models import Helpdesk, HelpdeskOptions
from tests.moving_clock import MovingClock

pytestmark = pytest.mark.anyio


class Nonsense:
    """Gives whatever it was made with."""

    capabilities, limits, visibility_lag = frozenset(Can), Limits(), 0.0

    def __init__(self, given: Any) -> None:
        self._given = given

    async def check(self) -> Sequence[Finding]:
        return ()

    async def apply(self, _desired: Any, _known: Known) -> Any:
        return self._given

    async def read(self, _known: Known) -> Any:
        return self._given

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize(
    "given",
    [None, "done", Result.ok("7"), Result.ok(Observed("7", RemoteState.OPEN, memo={"at": object()}))],  # type: ignore[arg-type]
)
async def test_what_is_no_result_is_a_doubt(given: Any) -> None:
    kind = ConnectorType("odd", "", Options, lambda _own, _setting: Nonsense(given))
    helpdesk = Helpdesk("desk", HelpdeskOptions(type="odd"), Options())
    remote = RemoteDesk(helpdesk, kind, "a", MovingClock())
    known = Known("toc-1", 1)
    assert (await remote.apply(None, known)).outcome is Outcome.IN_DOUBT  # type: ignore[arg-type]
    assert (await remote.read(known)).outcome is Outcome.RETRY


class Rude:
    """Says at once what it was made with, or raises it, where others would go and ask."""

    capabilities, limits, visibility_lag = frozenset(Can), Limits(), 0.0

    def __init__(self, given: Any) -> None:
        self._given = given

    def _say(self, *_: Any) -> Any:
        if isinstance(self._given, Exception):
            raise self._given
        return self._given

    check = apply = read = ours = twins = end_twin = poke = _say


def remote_of(connector: Any) -> RemoteDesk:
    kind = ConnectorType("odd", "", Options, lambda _own, _setting: connector)
    return RemoteDesk(Helpdesk("desk", HelpdeskOptions(type="odd"), Options()), kind, "a", MovingClock())


@pytest.mark.parametrize("given", [RuntimeError("token=geheim123"), None, "done", (Result.ok(), ["7"])])
async def test_whatever_it_says_no_call_raises(given: Any) -> None:
    remote, known, kept = remote_of(Rude(given)), Known("toc-1", 1), Observed("7", RemoteState.OPEN)
    assert (remote.lists, remote.ends_twins) == (True, True)
    told = [await remote.apply(None, known), await remote.end_twin(kept, kept)]  # type: ignore[arg-type]
    assert [each.outcome for each in told] == [Outcome.IN_DOUBT] * 2
    looked = [await remote.read(known), (await remote.ours(5))[0], (await remote.twins(known))[0]]
    assert [each.outcome for each in looked] == [Outcome.RETRY] * 3
    assert all("geheim" not in each.reason for each in (*told, *looked))
    assert [each.ok for each in await remote.check()] == [None]
    assert remote.poke({}, b"") is None


class Listing(Nonsense):
    """Gives what it was made with as its list."""

    async def ours(self, _most: int) -> Any:
        return Result.ok(), self._given


async def test_no_more_are_listed_than_were_asked_for() -> None:
    found = [Observed(str(number), RemoteState.OPEN) for number in range(9)]
    result, listed = await remote_of(Listing(found)).ours(3)
    assert (result.outcome, listed) == (Outcome.OK, found[:3])


async def test_what_is_listed_and_is_no_ticket_is_not_taken_for_one() -> None:
    result, listed = await remote_of(Listing(["7"])).ours(3)
    assert (result.outcome, listed) == (Outcome.RETRY, [])
