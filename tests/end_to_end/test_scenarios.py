"""Scenarios in which monitors and ticket systems go wrong, on the installed command and in real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.scenarios.street import Street, announce, made, street
from tests.end_to_end.daemon import Daemon, wait_for
from tests.fakes.connector import install
from tests.fakes.helpdesk import Helpdesk

QUICK = {"every": "1s", "timeout": "1s", "retry_every": "200ms"}
# Fifty of them on a busy machine: what is slow there is not to look like trouble.
MANY = {"every": "5s", "timeout": "10s", "retry_every": "500ms"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpdesk]:
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    with Helpdesk() as desk:
        yield desk


@pytest.fixture
def town() -> Iterator[Street]:
    with street() as town:
        yield town


def config(desk: Helpdesk, services: dict[str, Any]) -> dict[str, Any]:
    there = {"type": "fakedesk", "url": desk.url, "token": desk.token, "poll_every": "5s"}
    return {
        "agent": {"self_service": False},
        "services": services,
        "helpdesks": {"desk": there},
        "routes": [{"send_to": ["desk"]}],
        "defaults": {"watch_for": "2s", "burn": False},
    }


def web(town: Street) -> dict[str, Any]:
    return {"web": {"checks": {"home": town.check("home", **QUICK)}}}


def states(desk: Helpdesk) -> list[str]:
    return [ticket["state"] for ticket in desk.tickets.values()]


def stands(desk: Helpdesk, state: str) -> None:
    wait_for(lambda: states(desk) == [state], f"one ticket over there, {state}")


def incident_is(daemon: Daemon, state: str) -> Callable[[], bool]:
    return lambda: [each["state"] for each in daemon.json("incidents")] == [state]


def test_tracker_unreachable_while_closing(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    with Daemon(tmp_path, **config(desk, web(town))) as daemon:
        daemon.start()
        town.broken.add("home")
        stands(desk, "open")
        desk.close()
        town.broken.clear()
        wait_for(incident_is(daemon, "resolved"), "the incident over here")
        assert states(desk) == ["open"]
        desk.open()
        stands(desk, "resolved")
        daemon.stop()
    assert made(desk) == ["create", "resolve"]


def test_problem_before_maintenance_recovers_inside(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    with Daemon(tmp_path, **config(desk, web(town))) as daemon:
        daemon.start()
        town.broken.add("home")
        stands(desk, "open")
        assert (
            daemon.tocsin("maintenance", "add", "--service", "web", "--for", "1h", "--reason", "disks").code
            == 0
        )
        town.broken.clear()
        stands(desk, "resolved")
        wait_for(incident_is(daemon, "resolved"), "the incident resolved in the window")
        daemon.stop()
    assert made(desk) == ["create", "resolve"]


def test_same_problem_still_failing_after_maintenance(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    """And what broke in the window and lasts opens once, when it is over."""
    announce(desk, "create", "create")
    services = {**web(town), "mail": {"checks": {"smtp": town.check("mail", **QUICK)}}}
    with Daemon(tmp_path, **config(desk, services)) as daemon:
        daemon.start()
        town.broken.add("home")
        stands(desk, "open")
        assert (
            daemon.tocsin(
                "maintenance",
                "add",
                "--service",
                "web",
                "--service",
                "mail",
                "--for",
                "8s",
                "--reason",
                "disks",
            ).code
            == 0
        )
        (window,) = daemon.json("maintenance", "list")
        town.broken.add("mail")
        wait_for(lambda: len(desk.tickets) == 2, "the second ticket, after the window")
        by_service = {each["service"]: each for each in daemon.json("incidents")}
        assert {name: each["state"] for name, each in by_service.items()} == {"web": "open", "mail": "open"}
        assert by_service["mail"]["opened_at"] in window.values(), "when the window ended"
        daemon.stop()
    assert made(desk) == ["create", "create"]


def test_fifty_children_of_one_dead_host(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    names = [f"s{number:02}" for number in range(50)]
    services: dict[str, Any] = {
        name: {"depends_on": "host", "checks": {"web": town.check(name, **MANY)}} for name in names
    }
    services["host"] = {"checks": {"ping": town.check("host", **MANY)}}
    with Daemon(tmp_path, **config(desk, services)) as daemon:
        daemon.start()
        town.broken |= {*names, "host"}
        wait_for(lambda: _affected(daemon) == {"host", *names}, "all children named")
        stands(desk, "open")
        town.broken.clear()
        stands(desk, "resolved")
        wait_for(incident_is(daemon, "resolved"), "the incident over")
        daemon.stop()
    assert made(desk) == ["create", "resolve"]


def _affected(daemon: Daemon) -> set[str]:
    found = daemon.json("incidents")
    assert len(found) <= 1, found
    return {name for each in found for name in each["affected"]}
