"""What commands do without a daemon: they read, write for themselves, and end with the promised exit codes."""

from __future__ import annotations

import json
import os
import pwd
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, tocsin, wait_for
from tests.end_to_end.website import Site

USAGE, CONFIG = 64, 78


def config(url: str, **agent: Any) -> dict[str, Any]:
    home = {"type": "http", "url": url, "every": "1s", "timeout": "1s", "retry_every": "300ms"}
    return {"agent": agent, "services": {"web": {"checks": {"home": home}}}}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def has_ended_with_a_ticket(daemon: Daemon, site: Site) -> None:
    """The daemon saw the site fail, opened T-1, and was stopped."""
    site.turn(good=False)
    daemon.start()
    wait_for(lambda: daemon.events("incident.opened"), "an incident")
    daemon.stop()


def test_a_persons_moves_are_written_without_a_daemon_and_known_to_the_next_one(
    tmp_path: Path, site: Site
) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        has_ended_with_a_ticket(daemon, site)
        moves = [("ack", "acknowledged"), ("close", "closed"), ("reopen", "in_progress")]
        for move, state in moves:
            told = daemon.json("tickets", move, "T-1", "--note", f"{move} it")
            assert (told["id"], told["state"]) == ("T-1", state)
        again = daemon.tocsin("tickets", "ack", "T-1")
        assert again.code == 1
        assert "T-1 is in_progress: cannot ack it" in again.err

        me = pwd.getpwuid(os.geteuid()).pw_name
        shown = daemon.json("tickets", "show", "T-1")
        by_hand = [(line["by"], line["what"], line["text"]) for line in shown["timeline"][1:]]
        assert by_hand == [(me, move, f"{move} it") for move, _ in moves]
        assert shown["assignee"] == me

        daemon.start()
        assert daemon.metrics().total("tocsin_tickets_open", state="in_progress") == 1
        site.turn(good=True)
        wait_for(lambda: daemon.events("incident.recovered"), "the recovery")
        daemon.stop()
        assert [(t["id"], t["state"]) for t in daemon.tickets()] == [("T-1", "resolved")]


def test_reading_commands_need_no_daemon_and_print_one_document(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        has_ended_with_a_ticket(daemon, site)
        status = daemon.json("status")
        service, itself = status["services"]
        assert (service["service"], service["checks"][0]["state"]) == ("web", "down")
        assert itself["service"] == "tocsin"
        assert [each["state"] for each in daemon.json("incidents", "--open")] == ["open"]
        assert [(t["id"], t["check"], t["state"]) for t in daemon.tickets()] == [("T-1", "home", "new")]
        figure, _itself = daemon.json("uptime", "--period", "30d")
        assert float(figure["seconds"]["down"]) > 0
        for table in (("status",), ("incidents",), ("tickets", "list"), ("uptime",)):
            shown = daemon.tocsin(*table)
            assert (shown.code, shown.err) == (0, "")
            assert "web" in shown.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("status", "--frobnicate"),
        ("tickets", "show"),
        ("uptime", "--service", "nobody"),
        ("uptime", "--period", "tomorrowish"),
        ("tickets", "show", "X-1"),
        ("tickets", "ack", "T-0x1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_64_and_says_what_was_wrong(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    daemon = Daemon(tmp_path, **config("http://127.0.0.1:1/"))
    ended = daemon.tocsin(*arguments)
    assert ended.code == USAGE
    assert ended.out == ""
    assert ended.err.strip()
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("command", [("run",), ("tickets", "list", "--json")], ids=" ".join)
def test_a_configuration_that_is_broken_or_absent_ends_with_78(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    daemon = Daemon(tmp_path, **config("http://127.0.0.1:1/"))
    daemon.config.write_text(daemon.config.read_text().replace("every: 1s", "every: soon"))
    broken = daemon.tocsin(*command)
    assert (broken.code, broken.out) == (CONFIG, "")
    assert f"{daemon.config.name}:" in broken.err
    assert "every" in broken.err
    daemon.config.unlink()
    absent = daemon.tocsin(*command)
    assert (absent.code, absent.out) == (CONFIG, "")
    assert str(daemon.config) in absent.err
    assert not daemon.state_dir.exists()


def test_validate_prints_its_findings_as_one_document(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, **config("http://127.0.0.1:1/"))
    good = daemon.tocsin("validate", "--json")
    assert (good.code, good.document["ok"], good.document["errors"]) == (0, True, [])
    daemon.config.write_text(daemon.config.read_text().replace("every: 1s", "every: soon"))
    broken = daemon.tocsin("validate", "--json")
    assert (broken.code, broken.document["ok"]) == (CONFIG, False)
    assert [error["path"] for error in broken.document["errors"]] == ["services.web.checks.home.every"]


def test_a_state_directory_that_cannot_be_used_ends_with_78(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    daemon = Daemon(tmp_path, **config("http://127.0.0.1:1/", state_dir=str(tmp_path / "file" / "state")))
    ended = daemon.tocsin("run")
    assert ended.code == CONFIG
    assert "agent.state_dir: cannot use" in ended.err
    assert "not a directory" in ended.err


def test_a_port_in_use_ends_with_78_and_leaves_the_directory_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with Daemon(tmp_path, **config("http://127.0.0.1:1/", listen=address)) as daemon:
            ended = daemon.tocsin("run")
            assert ended.code == CONFIG
            assert f"agent.listen: cannot listen on {address}" in ended.err
            daemon.write(**config("http://127.0.0.1:1/"))
            daemon.start().stop()


def test_reading_before_anything_was_stored_says_so(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, **config("http://127.0.0.1:1/"))
    for command in (("status", "--json"), ("tickets", "list"), ("tickets", "ack", "T-1")):
        ended = daemon.tocsin(*command)
        assert (ended.code, ended.out) == (1, "")
        assert "nothing is stored" in ended.err
    assert not daemon.state_dir.exists()


def test_a_bad_sentry_dsn_ends_with_78_and_is_not_repeated(tmp_path: Path) -> None:
    ended = Daemon(tmp_path, **config("http://127.0.0.1:1/", sentry_dsn="nonsense-with-a-key")).tocsin("run")
    assert ended.code == CONFIG
    assert "agent.sentry_dsn: is not the DSN of a Sentry project" in ended.err
    assert "nonsense" not in ended.err


def test_without_a_configuration_the_places_are_named(tmp_path: Path) -> None:
    if Path("/etc/tocsin/tocsin.yaml").exists():
        pytest.fail("this machine has a configuration of its own in /etc/tocsin")
    ended = tocsin("status", directory=tmp_path)
    assert ended.code == CONFIG
    assert "/etc/tocsin/tocsin.yaml" in ended.err


def test_the_time_without_a_daemon_is_unknown_neither_up_nor_down(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        daemon.start()
        wait_for(lambda: len(looks(daemon)) >= 2, "two readings")
        daemon.kill()
        gone, before = time.time(), looks(daemon)
        (alive_until,) = daemon.rows("SELECT alive_until FROM agents")[0]
        assert 0 <= gone - alive_until / 1_000_000 <= 5, (
            "the sign of life before the kill is older than a checkpoint"
        )
        wait_for(lambda: time.time() >= gone + 3, "three seconds without a daemon")
        daemon.start()
        wait_for(lambda: len(looks(daemon)) > len(before), "a reading")
        daemon.stop()
        back = looks(daemon)[len(before)]
        (until,) = daemon.rows("SELECT alive_until FROM agents")[0]
        figure, _itself = daemon.json("uptime")
    spent = {name: round(float(value) * 1_000_000) for name, value in figure["seconds"].items()}
    asked = round(datetime.fromisoformat(figure["period"]["to"]).timestamp() * 1_000_000)
    assert back - alive_until >= 3_000_000
    assert spent["unknown"] == (back - alive_until) + (asked - until)
    assert spent["down"] == spent["degraded"] == 0
    assert spent["up"] >= alive_until - before[0] + until - back
    assert figure["outages"] == []
    assert figure["uptime"] == "1/1"


def looks(daemon: Daemon) -> list[int]:
    """The moments of all readings, oldest first."""
    return [at for (at,) in daemon.rows("SELECT at FROM readings WHERE service <> 'tocsin' ORDER BY at")]


def test_every_json_answer_is_one_document_and_nothing_else(tmp_path: Path, site: Site) -> None:
    with Daemon(tmp_path, **config(site.url)) as daemon:
        has_ended_with_a_ticket(daemon, site)
        commands = (
            ("status",), ("incidents",), ("tickets", "list"), ("tickets", "show", "T-1"), ("uptime",), ("validate",),
            ("tickets", "resolve", "T-1", "--note", "mended"),
        )  # fmt: skip
        for command in commands:
            ended = daemon.tocsin(*command, "--json")
            assert (ended.code, ended.err) == (0, ""), command
            json.loads(ended.out)
        looked = daemon.tocsin("check", "--json")
        assert looked.code == 2
        assert [each["status"] for each in looked.document] == ["down"]
