"""What the daemon does when it is told: reload, reload a broken file, end, and refuse a second of its kind."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.website import Site

RELOADED = "tocsin_config_last_reload_successful"


def config(*checks: tuple[str, str], **agent: Any) -> dict[str, Any]:
    """One service with http checks `(name, url)`, quick to confirm."""
    common = {"type": "http", "every": "1s", "timeout": "1s", "retry_every": "300ms"}
    return {
        "agent": {"self_service": False, **agent},
        "services": {"web": {"checks": {name: {**common, "url": url} for name, url in checks}}},
    }


def open_incident(daemon: Daemon) -> None:
    wait_for(lambda: daemon.events("incident.opened"), "an incident")


def reloaded(daemon: Daemon, times: int) -> dict[str, Any]:
    return wait_for(lambda: daemon.events("config.reloaded")[times - 1 :], "the reload")[0]


def test_a_reload_adds_and_removes_checks_and_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    with Site() as bad, Site() as good:
        bad.turn(good=False)
        with Daemon(tmp_path, **config(("home", bad.url), ("old", good.url))) as daemon:
            daemon.start()
            open_incident(daemon)
            daemon.write(**config(("home", bad.url), ("new", good.url)))
            daemon.signal(signal.SIGHUP)
            told = reloaded(daemon, 1)
            assert (told["added"], told["removed"], told["checks"]) == (["web.new"], ["web.old"], 2)

            def new_is_up() -> bool:
                seen = "new" in daemon.metrics().labels("tocsin_check_up", "check")
                return seen and daemon.metrics().total("tocsin_check_up", check="new") == 1

            wait_for(new_is_up, "a good reading of the new check")
            page = daemon.metrics()
            assert page.labels("tocsin_check_up", "check") == {"home", "new"}
            assert page.total("tocsin_check_state", check="home", state="down") == 1
            assert page.total(RELOADED) == 1
            assert page.total("tocsin_tickets_open") == 1
            daemon.stop()
            assert [(t["id"], t["check"]) for t in daemon.tickets()] == [("T-1", "home")]
            assert len(daemon.events("check.flipped")) == 1


def test_a_broken_file_is_refused_aloud_and_the_old_one_stays_in_force(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(("home", site.url))) as daemon:
        daemon.start()
        good = daemon.config.read_text()
        daemon.config.write_text(good.replace("timeout: 1s", "timeuot: 1s"))
        daemon.signal(signal.SIGHUP)
        told = wait_for(lambda: daemon.events("config.refused"), "the refusal")[0]
        assert "timeuot" in told["reasons"][0]
        page = daemon.metrics()
        assert page.total(RELOADED) == 0
        assert page.labels("tocsin_check_up", "check") == {"home"}
        site.turn(good=False)
        open_incident(daemon)

        daemon.config.write_text(good)
        daemon.signal(signal.SIGHUP)
        reloaded(daemon, 1)
        assert daemon.metrics().total(RELOADED) == 1
        daemon.stop()


def test_a_removed_check_takes_its_open_incident_with_it_and_says_why(tmp_path: Path) -> None:
    with Site() as bad, Site() as good:
        bad.turn(good=False)
        with Daemon(tmp_path, **config(("home", bad.url), ("other", good.url))) as daemon:
            daemon.start()
            open_incident(daemon)
            daemon.write(**config(("other", good.url)))
            daemon.signal(signal.SIGHUP)
            wait_for(lambda: daemon.events("incident.removed"), "the end of the incident")
            shown = daemon.json("tickets", "show", "T-1")
            assert shown["state"] == "resolved"
            assert shown["timeline"][-1]["what"] == "removed"
            assert "no longer in the configuration" in shown["timeline"][-1]["text"]
            (incident,) = daemon.json("incidents")
            assert (incident["state"], incident["resolved_at"]) == ("resolved", shown["resolved_at"])
            wait_for(lambda: daemon.events("config.reloaded"), "the end of the reload")
            assert daemon.metrics().total("tocsin_tickets_open") == 0
            daemon.stop()


def test_a_reload_asked_for_before_the_daemon_is_ready_does_not_end_it(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(("home", site.url))) as daemon:
        daemon.spawn()
        wait_for(lambda: minds_hangups(daemon.process.pid), "the daemon minds SIGHUP")
        while not daemon.events("daemon.started"):
            assert daemon.process.poll() is None
            daemon.signal(signal.SIGHUP)
        daemon.wait_ready()
        daemon.stop()


def minds_hangups(pid: int) -> bool:
    """Whether the process ignores or catches SIGHUP by now: the interpreter itself starts without either."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigIgn:", "SigCgt:"))]
    return any(mask & 1 << (signal.SIGHUP - 1) for mask in masks)


def test_two_thousand_reloads_at_once_become_a_few_and_the_last_file_counts(tmp_path: Path) -> None:
    with Site() as site, Daemon(tmp_path, **config(("home", site.url))) as daemon:
        daemon.start()
        for number in range(2000):
            if number == 1999:
                daemon.write(**config(("home", site.url), ("last", site.url)))
            daemon.signal(signal.SIGHUP)
        wait_for(lambda: "last" in daemon.metrics().labels("tocsin_check_up", "check"), "the last file")
        assert not daemon.events("config.refused")
        assert 1 <= len(daemon.events("config.reloaded")) <= 200
        assert daemon.metrics().total("tocsin_check_runs_total") > 0
        daemon.stop()


def test_the_end_does_not_wait_longer_than_the_grace_period_for_a_look(tmp_path: Path) -> None:
    with Site() as site:
        site.turn(good=True, hold_from=1)
        settings = config(("home", site.url), stop_grace="1s")
        settings["services"]["web"]["checks"]["home"]["timeout"] = "100s"
        with Daemon(tmp_path, **settings) as daemon:
            daemon.start()
            wait_for(lambda: site.holding, "a look that waits for an answer")
            daemon.stop(seconds=50)
            assert daemon.events("daemon.stopped")
            assert daemon.rows("SELECT count(*) FROM readings") == [(0,)]


def test_a_second_daemon_on_the_same_directory_is_refused(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    with Site() as site, Daemon(tmp_path, **config(("home", site.url))) as daemon:
        daemon.start()
        second = daemon.tocsin("run")
        assert second.code == 70
        assert second.err.splitlines()[-1] == f"tocsin: another tocsin writes to {daemon.state_dir}"
        assert daemon.get("/-/ready")[0] == 200
        daemon.stop()
