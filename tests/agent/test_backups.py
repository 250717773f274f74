"""The nightly backup in a running daemon; and a restored one, which makes no remote ticket a second time."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.backups import last_due
from agent.store.backup import listed, restore, take
from tests.agent.test_delivery import Delivering, running, services
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.site import Site

pytestmark = pytest.mark.anyio
HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-29T01:00:00Z", "2026-03-28T02:15:00Z"),
        ("2026-03-29T02:00:00Z", "2026-03-29T01:15:00Z"),  # summer time has begun
        ("2026-10-25T02:15:00Z", "2026-10-25T02:15:00Z"),
        ("2026-10-25T02:14:59Z", "2026-10-24T01:15:00Z"),
    ],
)
def test_it_is_due_at_that_time_of_the_day(now: str, due: str) -> None:
    from datetime import datetime

    at, wanted = (int(datetime.fromisoformat(each).timestamp()) * 1_000_000 for each in (now, due))
    assert last_due("03:15", "Europe/Berlin", at) == wanted


async def test_one_a_night_kept_for_some_days(tmp_path: Path, site: Site) -> None:
    driven = Delivering(tmp_path, services(site, every="1h"))
    async with driven:
        place = driven.app.backups.place
        assert listed(place) == []
        files = []
        for _ in range(3):
            driven.clock.move(DAY)
            await driven.app.backups.turn()
            await driven.app.backups.turn()
            files.append(len(list(Path("/proc/self/fd").iterdir())))
        assert files == files[:1] * 3
        assert len(listed(place)) == 3
        assert driven.app.backups.age() < DAY
        driven.clock.move(10 * DAY)
        await driven.app.backups.turn()
        assert len(listed(place)) == 1
        (told,) = driven.app.backups.gauges()
        assert [sample.value for sample in told.samples] == [listed(place)[0].at / 1e6]


async def test_where_none_can_be_made_it_is_told_and_tried_again(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    driven = Delivering(tmp_path, services(site, every="1h"))
    async with driven:
        place = driven.app.backups.place
        place.write_text("no directory")
        for _ in range(5):
            driven.clock.move(DAY / 4)
            await driven.app.backups.turn()
        assert "backup.failed" in capsys.readouterr().out
        driven.clock.move(2 * DAY)
        assert driven.app.backups.age() > 49 * HOUR
        place.unlink()
        await driven.app.backups.turn()
        assert len(listed(place)) == 1


async def test_a_ticket_made_after_the_backup_is_found_and_not_made_again(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=1)
    async with running(tmp_path, site, desk) as case:
        began = case.driven.clock.now()
        kept = take(case.driven.app.directory, tmp_path / "kept", "test", began)
        await case.breaks()
        assert len(desk.tickets) == 1
    restore(kept.file, tmp_path / "state", began)
    assert (tmp_path / "state" / "tocsin.restored").exists()
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=1)
    site.status = 200
    async with running(tmp_path, site, desk) as case:
        await case.passes(120)  # its clock begins anew
        await case.breaks(60)
        assert len(desk.tickets) == 1
        assert case.entry.observed is not None and case.entry.observed.id == "1"
        await case.heals(60)
        assert case.only["state"] == "resolved"


async def test_without_that_it_would_be_made_twice(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    """What the looking first is for: the same without it."""
    desk.expect("create", times=1)
    async with running(tmp_path, site, desk) as case:
        began = case.driven.clock.now()
        kept = take(case.driven.app.directory, tmp_path / "kept", "test", began)
        await case.breaks()
    restore(kept.file, tmp_path / "state", began)
    (tmp_path / "state" / "tocsin.restored").unlink()
    desk.expect("create", times=1)
    site.status = 200
    async with running(tmp_path, site, desk) as case:
        await case.passes(120)
        await case.breaks(60)
        assert len(desk.tickets) == 2
