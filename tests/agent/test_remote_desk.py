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
