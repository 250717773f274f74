"""Restarts while problems belong to incidents of others: what was known is known again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.agent.scenarios.simulated import Simulated


def tcp(name: str) -> dict[str, Any]:
    return {"type": "tcp", "host": f"{name}.example.org", "port": 80, "every": "30s"}


def family(*children: str) -> dict[str, Any]:
    of_them = {name: {"depends_on": ["host"], "checks": {"a": tcp(name)}} for name in children}
    return {"host": {"checks": {"a": tcp("host")}}, **of_them}


def test_after_a_restart_a_ticket_is_not_told_again_what_its_incident_affects(tmp_path: Path) -> None:
    with Simulated(tmp_path, family("web", "mail")) as simulated:
        simulated.truth = lambda name, _at: "o" if name == "mail.a" else "d"
        simulated.advance(200)
        simulated.restart(3)
        simulated.advance(100)
        told = [each.text for each in simulated.events(1) if each.what == "affected"]
        assert told == ["also affected: web.a (1 in all)"]
        simulated.truth = lambda _name, _at: "d"
        simulated.advance(200)
        told = [each.text for each in simulated.events(1) if each.what == "affected"]
        assert told[1:] == ["also affected: mail.a (2 in all)"]


def test_who_outlasts_the_incident_it_is_in_is_known_to_have_left_it(tmp_path: Path) -> None:
    with Simulated(tmp_path, family("web"), defaults={"watch_for": "2s"}) as simulated:
        broken = {"host.a", "web.a"}
        simulated.truth = lambda name, _at: "d" if name in broken else "o"
        simulated.advance(200)
        broken.remove("host.a")
        for _ in range(20):
            simulated.advance(5)
            simulated.restart()
        assert [each.state.value for each in simulated.incidents()] == ["resolved", "open"]
        with simulated.store() as store:
            members = store.decisions().members(None)
        assert [(each.service, each.until is None) for each in members[1]] == [
            ("host", False),
            ("web", False),
        ]
