"""The daemon watches itself, says outwards that all goes on, says what it cannot see, and tries its routes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, tocsin, wait_for
from tests.fakes.connector import install
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.site import Site

LOAD: dict[str, Any] = {"web": {"checks": {"load": {"type": "load", "every": "1s"}}}}


def test_the_daemon_is_the_last_service_of_status_and_uptime(tmp_path: Path) -> None:
    with Daemon(tmp_path, services=LOAD) as daemon:
        daemon.start()

        def own() -> Any:
            last = daemon.json("status")["services"][-1]
            return last if all(check["state"] == "ok" for check in last["checks"]) else None

        last = wait_for(own, "the daemon's own checks to be ok")
        assert (last["service"], last["state"]) == ("tocsin", "up")
        assert [check["check"] for check in last["checks"]] == ["scheduler", "store", "outbox", "loop"]
        figures = daemon.json("uptime")
        assert [each["service"] for each in figures] == ["web", "tocsin"]
        assert "tocsin" in daemon.metrics().labels("tocsin_check_up", "service")
        looked = daemon.tocsin("check", "--json").document
        assert {each["service"] for each in looked} == {"web"}
        daemon.stop()


def test_the_ping_stops_while_the_store_cannot_write_and_begins_again(tmp_path: Path) -> None:
    with (
        Site() as ear,
        Daemon(tmp_path, agent={"heartbeat_url": ear.url, "heartbeat_every": "2s"}, services=LOAD) as daemon,
    ):
        daemon.start()
        wait_for(lambda: ear.seen >= 2, "two pings")
        with closing(sqlite3.connect(daemon.state_dir / "tocsin.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            wait_for(lambda: daemon.events("deadman.held_back"), "the ping to be held back")
            before = ear.seen
            wait_for(lambda: daemon.events("store.cannot_write"), "the store to be refused")
            assert ear.seen == before
            other.execute("ROLLBACK")
        wait_for(lambda: ear.seen >= before + 2, "pings again")
        assert daemon.events("deadman.goes_on")
        daemon.stop()


def test_a_check_that_nobody_can_see_has_a_low_incident_until_it_is_seen(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_text("3")
    home = {"type": "command", "command": ["/bin/sh", "-c", f"exit $(cat {code})"], "every": "1s"}
    with Daemon(tmp_path, services={"web": {"blind_after": "2s", "checks": {"home": home}}}) as daemon:
        daemon.start()
        (incident,) = wait_for(lambda: daemon.json("incidents"), "an incident")
        assert (incident["rule"], incident["severity"], incident["state"]) == ("blind", "low", "open")
        assert "exit code 3" in incident["reason"]
        code.write_text("0")
        wait_for(lambda: daemon.json("incidents")[0]["state"] == "watching", "its end")
        (ticket,) = daemon.tickets()
        assert ticket["state"] == "resolved"
        daemon.stop()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    desk = Helpdesk()
    desk.open()
    yield desk
    desk.heal()
    desk.close()


def _routed(desk: Helpdesk) -> dict[str, Any]:
    return {
        "services": LOAD,
        "helpdesks": {"desk": {"type": "fakedesk", "url": desk.url, "token": desk.token}},
        "routes": [{"match": {"service": "web"}, "send_to": "desk"}, {"send_to": ["desk"]}],
    }


def test_a_test_ticket_goes_along_a_route_and_ends_there(tmp_path: Path, desk: Helpdesk) -> None:
    with Daemon(tmp_path, **_routed(desk)) as daemon:
        daemon.start()
        desk.expect("create", title="[TEST] route 1 works (web)")
        desk.expect("comment", ANY)
        desk.expect("resolve")
        (told,) = daemon.json("tickets", "test", "--route", "1")
        assert (told["route"], told["send_to"], told["ok"]) == (1, ["desk"], True)
        (ticket,) = desk.tickets.values()
        assert ticket["state"] == "resolved"
        assert told["deliveries"][0]["state"] == "resolved"
        assert daemon.json("incidents") == []
        assert daemon.tickets()[0]["state"] == "resolved"
        desk.verify()
        daemon.stop()


def test_a_helpdesk_that_refuses_is_told_with_exit_code_1(tmp_path: Path, desk: Helpdesk) -> None:
    with Daemon(tmp_path, **_routed(desk)) as daemon:
        daemon.start()
        desk.expect("create", ANY)
        desk.fault("create", "refused", times=ANY)
        ended = daemon.tocsin("tickets", "test", "--service", "web", "--wait", "5")
        assert ended.code == 1, ended
        assert "route 1 (service web) leads to desk" in ended.out
        assert "did not arrive" in ended.out
        daemon.stop()


def test_without_a_route_the_built_in_desk_shows_the_life_of_the_ticket(tmp_path: Path) -> None:
    with Daemon(tmp_path, services=LOAD) as daemon:
        daemon.start()
        ended = daemon.tocsin("tickets", "test")
        assert ended.code == 0, ended
        assert "the built-in desk alone" in ended.out
        (ticket,) = daemon.tickets()
        assert ticket["title"].startswith("[TEST]")
        assert ticket["state"] == "resolved"
        assert daemon.tocsin("tickets", "test", "--route", "3").code == 64
        assert daemon.tocsin("tickets", "test", "--service", "nobody").code == 64
        daemon.stop()
    assert tocsin("tickets", "test", config=daemon.config).code == 1
