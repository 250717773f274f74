"""Through the installed command: what nobody could see is unknown, and changes no uptime, whatever was seen before."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.site import Site

CHECKPOINT, TEN_MINUTES = 5, 600
SECOND = 1_000_000
SERVICES = {
    "web": {
        "checks": {
            "home": {"type": "http", "every": "1s", "timeout": "1s", "confirm": 2, "recover": 2},
        }
    }
}


class Wall:
    """The wall clock of every process that the test starts from now on; only it is moved, nothing sleeps for it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.to(0)

    def to(self, seconds: float) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(f"{seconds}\n")
        written.replace(self.file)  # a process that reads just now sees the one or the other


@pytest.fixture
def wall(
    tmp_path: Path, shared: Path, program: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> Wall:
    source, library = shared / "scripts/fault_kit/fakeclock.c", tmp_path / "fakeclock.so"
    compiler = program("gcc", "gcc libc6-dev")
    built = [str(compiler), "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"]
    subprocess.run(built, check=True, capture_output=True)
    wall = Wall(tmp_path / "offset")
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("FAKECLOCK", str(wall.file))
    return wall


@pytest.fixture
def site() -> Any:
    with Site() as site:
        yield site


def watching(directory: Path, site: Site) -> Daemon:
    checks = {"home": {**SERVICES["web"]["checks"]["home"], "url": site.url}}
    # Rows are counted one by one here: those of the daemon's own checks would stand between them.
    return Daemon(directory, agent={"self_service": False}, services={"web": {"checks": checks}})


def shown(daemon: Daemon, *asked: str) -> dict[str, Any]:
    (figure,) = daemon.json("uptime", *(asked or ("--period", "24h")))
    found: dict[str, Any] = figure
    return found


def seconds(figure: dict[str, Any], klass: str) -> float:
    return float(Fraction(figure["seconds"][klass]))


def state(daemon: Daemon) -> str:
    (service,) = daemon.json("status")["services"]
    return str(service["state"])


def gaps(daemon: Daemon) -> list[tuple[int, int, str]]:
    return daemon.rows('SELECT start, "end", why FROM gaps ORDER BY start, why')


def moment(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()


def has_seen(daemon: Daemon, klass: str, least: float) -> None:
    wait_for(lambda: seconds(shown(daemon), klass) >= least, f"{least:g} seconds {klass}")


@pytest.mark.parametrize("last_seen", ["up", "down"])
def test_a_daemon_killed_for_ten_minutes_shows_ten_minutes_unknown_and_the_same_uptime(
    tmp_path: Path, site: Site, wall: Wall, last_seen: str
) -> None:
    with watching(tmp_path, site) as daemon:
        daemon.start()
        has_seen(daemon, "up", 3)
        if last_seen == "down":
            site.status = 503
            has_seen(daemon, "down", 3)
        looked = site.seen
        wait_for(lambda: site.seen > looked + CHECKPOINT, "a few looks more")
        daemon.kill()
        before = shown(daemon)
        wall.to(TEN_MINUTES)
        daemon.start()
        ((start, end, why),) = gaps(daemon)
        assert why == "stopped"
        assert (end - start) / SECOND >= TEN_MINUTES
        has_seen(daemon, last_seen, seconds(before, last_seen) + 2)
        after = shown(daemon)
        first = min(at for (at,) in daemon.rows("SELECT at FROM readings WHERE at >= ?", end))
        # Exactly from the last sign of life to the first look, though it was last seen down.
        assert seconds(after, "unknown") == (first - start) / SECOND
        assert (first - start) / SECOND < TEN_MINUTES + CHECKPOINT + 20
        ((begin,),) = daemon.rows("SELECT min(start) FROM spans WHERE check_id = ''")
        period = ("--from", moment(begin), "--to", moment(first))
        whole, until_the_kill = shown(daemon, *period), shown(daemon, *period, "--as-of", moment(start))
        assert whole["uptime"] == until_the_kill["uptime"] == before["uptime"]
        assert len(daemon.tickets()) == (last_seen == "down")


def sees_and_goes_on(daemon: Daemon, site: Site, wall: Wall, offset: float) -> None:
    known, looked = len(daemon.events("clock.stepped")), site.seen
    wall.to(offset)
    wait_for(lambda: len(daemon.events("clock.stepped")) > known, "the step is seen")
    wait_for(lambda: site.seen > looked + 4, "checks go on")


def test_a_step_of_the_clock_is_unknown_time_and_nothing_else(tmp_path: Path, site: Site, wall: Wall) -> None:
    with watching(tmp_path, site) as daemon:
        daemon.start()
        has_seen(daemon, "up", 4)
        for offset in (TEN_MINUTES, 0, TEN_MINUTES + 60):
            sees_and_goes_on(daemon, site, wall, offset)
        ahead, back, again = (event["seconds"] for event in daemon.events("clock.stepped"))
        assert (round(ahead), round(back), round(again)) == (600, -600, 660)
        wait_for(lambda: len(gaps(daemon)) == 3, "three gaps")
        assert {why for _, _, why in gaps(daemon)} == {"clock"}
        up = seconds(shown(daemon), "up")
        has_seen(daemon, "up", up + 2)
        figure = shown(daemon)
        assert 660 <= seconds(figure, "unknown") <= 675
        assert (figure["uptime"], figure["outages"], figure["blips"], daemon.tickets()) == ("1/1", [], [], [])


def test_a_step_back_leaves_the_time_that_is_lived_twice_unknown(
    tmp_path: Path, site: Site, wall: Wall
) -> None:
    with watching(tmp_path, site) as daemon:
        daemon.start()
        has_seen(daemon, "up", 12)
        wall.to(-8)
        wait_for(lambda: gaps(daemon), "the gap of the step")
        ((start, end, why),) = gaps(daemon)
        assert why == "clock"
        assert 8 <= (end - start) / SECOND < 12
        wait_for(
            lambda: seconds(shown(daemon, "--from", moment(end), "--to", "2100-01-01"), "up") > 2, "up again"
        )
        figure = shown(daemon)
        assert seconds(figure, "unknown") == (end - start) / SECOND
        assert (figure["uptime"], figure["outages"], daemon.tickets()) == ("1/1", [], [])


def test_a_failing_look_that_is_not_confirmed_is_listed_and_costs_nothing(tmp_path: Path, site: Site) -> None:
    with watching(tmp_path, site) as daemon:
        daemon.start()
        has_seen(daemon, "up", 2)
        site.status = 503
        looked = site.seen
        wait_for(lambda: site.seen > looked, "a failing look")
        site.status = 200
        (blip,) = wait_for(lambda: shown(daemon)["blips"], "the blip")
        assert (blip["check"], blip["worst"], blip["count"]) == ("home", "down", 1)
        assert "503" in blip["reason"]
        assert blip["from"] < blip["to"]
        assert (seconds(shown(daemon), "down"), daemon.tickets()) == (0, [])
