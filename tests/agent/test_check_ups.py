"""Check-ups at load: in the background, logged where something is not well, and none of them twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.check_ups import NoSuchDesk
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import ConnectorType, Finding, Limits, Options
from config.models import Helpdesk as Configured
from config.models import HelpdeskOptions
from tests.agent.test_delivery import Delivering
from tests.fakes.helpdesk import Helpdesk
from tests.moving_clock import Driven, MovingClock

pytestmark = pytest.mark.anyio
SERVICES: dict[str, object] = {"web": {"checks": {"cpu": {"type": "cpu", "every": "1h"}}}}


def helpdesks(desk: Helpdesk, **options: object) -> dict[str, object]:
    return {"desk": {"type": "fakedesk", "url": desk.url, "token": desk.token, **options}}


async def settled(driven: Driven) -> None:
    async with asyncio.timeout(60):
        await driven.app.check_ups.settled()


async def test_each_helpdesk_is_looked_at_once_at_load(tmp_path: Path, desk: Helpdesk) -> None:
    with capture_logs() as logs:
        async with Delivering(tmp_path, SERVICES, helpdesks=helpdesks(desk)) as driven:
            await settled(driven)
    assert desk.count("me") == 1
    assert [each["helpdesk"] for each in logs if each["event"] == "helpdesk.checked"] == ["desk"]
    assert [each for each in logs if each["event"] == "helpdesk.check_failed"] == []


async def test_what_is_not_well_is_logged_with_its_reason(tmp_path: Path, desk: Helpdesk) -> None:
    desk.fault("me", "denied")
    with capture_logs() as logs:
        async with Delivering(tmp_path, SERVICES, helpdesks=helpdesks(desk)) as driven:
            await settled(driven)
    (told,) = [each for each in logs if each["event"] == "helpdesk.check_failed"]
    assert (told["helpdesk"], told["what"], told["ok"], told["reason"]) == (
        "desk",
        "login",
        False,
        "HTTP 401",
    )


async def test_a_helpdesk_that_never_answers_delays_no_start_and_no_end(
    tmp_path: Path, desk: Helpdesk
) -> None:
    desk.fault("me", "hold_reply")
    async with asyncio.timeout(60):
        async with Delivering(tmp_path, SERVICES, helpdesks=helpdesks(desk, deadline=3600)) as driven:
            assert driven.app.web.addresses
    desk.release()


async def test_after_a_reload_only_what_changed_is_looked_at_again(tmp_path: Path, desk: Helpdesk) -> None:
    both = {**helpdesks(desk), "other": {"type": "fakedesk", "url": desk.url, "token": desk.token}}
    async with Delivering(tmp_path, SERVICES, helpdesks=both) as driven:
        await settled(driven)
        assert desk.count("me") == 2
        driven.write(SERVICES, helpdesks={**both, **helpdesks(desk, deadline=5)})
        await driven.app.reloads.ask()
        await settled(driven)
        assert desk.count("me") == 3


async def test_asked_for_it_looks_again_and_tells(tmp_path: Path, desk: Helpdesk) -> None:
    async with Delivering(tmp_path, SERVICES, helpdesks=helpdesks(desk)) as driven:
        await settled(driven)
        (told,) = await driven.app.check_ups.ask(["desk", "desk"])
        assert (told["helpdesk"], told["type"], told["ok"]) == ("desk", "fakedesk", True)
        assert told["findings"] == [{"what": "login", "ok": True, "text": "monitoring"}]
        assert told["at"].endswith("Z")
        with pytest.raises(NoSuchDesk, match="knows no helpdesk dsek"):
            await driven.app.check_ups.ask(["dsek"])


class Odd:
    """A stranger's connector whose check-up gives, or raises, what it was made with."""

    capabilities, limits, visibility_lag = frozenset[Any](), Limits(deadline=0.01), 0.0

    def __init__(self, given: Any) -> None:
        self._given = given

    async def check(self) -> Any:
        if isinstance(self._given, Exception):
            raise self._given
        if self._given == "late":
            await asyncio.Event().wait()
        return self._given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "the connector failed: TypeError"),
        (["well"], "the connector failed: AttributeError"),
        (RuntimeError("token=geheim123 is wrong"), "the connector failed: RuntimeError: token="),
        ("late", "no answer within 0.04s"),
    ],
    ids=["nothing", "words", "raises", "late"],
)
async def test_nonsense_of_a_connector_is_a_finding(given: Any, said: str) -> None:
    kind = ConnectorType("odd", "", Options, lambda _own, _setting: Odd(given))  # type: ignore[arg-type,return-value]
    remote = RemoteDesk(Configured("desk", HelpdeskOptions(type="odd"), Options()), kind, "a", MovingClock())
    (found,) = await remote.check()
    assert (found.what, found.ok) == ("check-up", None)
    assert found.text.startswith(said)
    assert "geheim" not in found.text


async def test_what_a_check_up_says_is_made_safe() -> None:
    given = [Finding("pro\x1bject", False, "password=geheim123 \x1b[31m" + "x" * 1000)]
    kind = ConnectorType("odd", "", Options, lambda _own, _setting: Odd(given))  # type: ignore[arg-type,return-value]
    remote = RemoteDesk(Configured("desk", HelpdeskOptions(type="odd"), Options()), kind, "a", MovingClock())
    (found,) = await remote.check()
    assert "\x1b" not in found.what + found.text
    assert "geheim" not in found.text
    assert len(found.text) <= 310
