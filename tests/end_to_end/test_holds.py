"""Silences, pauses and planned work on the installed command: in force at once, or when a daemon starts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, Ended, tocsin, wait_for
from tests.end_to_end.website import Site

REASON = ("--reason", "known")


def config(url: str, **options: Any) -> dict[str, Any]:
    home = {"type": "http", "url": url, "every": "1s", "timeout": "1s", "retry_every": "300ms", **options}
    return {"services": {"web": {"checks": {"home": home}}}}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def home(daemon: Daemon) -> dict[str, Any]:
    """What `status` says of the check."""
    services = {each["service"]: each for each in daemon.json("status")["services"]}
    found: dict[str, Any] = services["web"]["checks"][0]
    return found


def until_down(daemon: Daemon) -> None:
    wait_for(lambda: home(daemon)["state"] == "down", "the check to be confirmed down")


def opened(daemon: Daemon) -> list[dict[str, Any]]:
    return [each for each in daemon.events("incident.opened") if each["service"] == "web"]


def looks(daemon: Daemon) -> int:
    (row,) = daemon.rows("SELECT count(*) FROM readings WHERE service = 'web'")
    return int(row[0])


def test_a_silence_holds_back_at_once_and_its_end_lets_through(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        daemon.start()
        told = daemon.json("silence", "add", "--match", "service=web", "--for", "1h", "--by", "ann", *REASON)
        site.turn(good=False)
        until_down(daemon)
        wait_for(lambda: daemon.events("problem.held"), "the decision to hold it back")
        assert opened(daemon) == []
        assert home(daemon)["suppressed"]["id"] == told["id"] == "S-1"
        daemon.json("silence", "end", "S-1", "--by", "bert")
        wait_for(lambda: opened(daemon), "the incident after the silence")
        site.turn(good=True)
        wait_for(lambda: daemon.tickets()[0]["state"] == "resolved", "the ticket to be resolved")
        changes = daemon.events("suppression.changed")
        assert [(each["asked"], each["by"]) for each in changes] == [
            ("silence.add", "ann"),
            ("silence.end", "bert"),
        ]


def test_planned_work_never_holds_back_the_end_of_an_incident(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        site.turn(good=False)
        daemon.start()
        wait_for(lambda: opened(daemon), "an incident")
        assert daemon.json("maintenance", "add", "--for", "1h", "--reason", "disks")["state"] == "running"
        assert home(daemon)["suppressed"]["why"] == "maintenance"
        site.turn(good=True)
        wait_for(lambda: daemon.tickets()[0]["state"] == "resolved", "the ticket to be resolved")
        assert daemon.json("maintenance", "end", "M-1")["state"] == "over"
        assert home(daemon)["suppressed"] is None


def test_a_pause_outlives_a_kill_and_resuming_looks_at_once(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        daemon.start()
        wait_for(lambda: home(daemon)["state"] == "ok", "a first reading")
        daemon.json("pause", "web.home", "--for", "1h", *REASON)
        daemon.kill()
        daemon.start()
        before = looks(daemon)
        site.turn(good=False)
        refused = daemon.tocsin("recheck", "web.home")
        assert (refused.code, refused.out) == (3, "")
        assert "(P-1: known)" in refused.err
        assert home(daemon)["suppressed"]["why"] == "pause"
        assert looks(daemon) == before
        assert opened(daemon) == []
        (ended,) = daemon.json("resume", "web")
        assert ended["state"] == "over"
        wait_for(lambda: opened(daemon), "the incident after the pause")


def test_checking_now_prints_what_was_seen_and_it_counts(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url, every="1h", confirm=1)) as daemon:
        daemon.start()
        wait_for(lambda: home(daemon)["state"] == "ok", "a first reading")
        ended = daemon.tocsin("recheck", "web", "--json")
        assert ended.code == 0
        assert [(each["check"], each["status"]) for each in ended.document] == [("home", "ok")]
        site.turn(good=False)
        ended = daemon.tocsin("recheck", "web.home")
        assert ended.code == 2
        assert ended.out.startswith("down  web.home  ")
        assert home(daemon)["state"] == "down"
        assert daemon.tocsin("recheck", "web.hme").code == 64


def test_what_is_held_back_without_a_daemon_holds_for_the_next_one(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        daemon.json("silence", "add", "--match", "check=web.home", "--for", "1h", *REASON)
        daemon.json("maintenance", "add", "--service", "web", "--for", "1h", "--reason", "disks")
        site.turn(good=False)
        daemon.start()
        until_down(daemon)
        wait_for(lambda: daemon.events("problem.held"), "the decision to hold it back")
        assert opened(daemon) == []
        daemon.stop()
        daemon.json("silence", "end", "S-1")
        daemon.json("maintenance", "end", "M-1")
        daemon.start()
        wait_for(lambda: opened(daemon), "the incident after both")


def test_many_who_ask_at_once_all_get_a_number_of_their_own(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        daemon.start()
        found: list[Ended] = []
        words = ("silence", "add", "--match", "service=web", "--for", "1h", *REASON, "--json")
        asking = [
            threading.Thread(target=lambda: found.append(tocsin(*words, config=daemon.config)))
            for _ in range(6)
        ]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        assert sorted(each.document["id"] for each in found) == [f"S-{number}" for number in range(1, 7)]
        daemon.kill()
        assert len(daemon.json("silence", "list")) == 6
