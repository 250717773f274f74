"""`tocsin changes` as operators and pipelines use it, with a daemon and without one."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from tests.end_to_end.daemon import Daemon, wait_for

HOST = {"services": {"host": {"checks": {"cpu": {"type": "cpu", "every": "60s"}}}}}
TOKEN = "e2e-token-of-the-pipeline"


def test_changes_are_told_and_listed_with_a_daemon_and_without(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, **HOST)
    assert daemon.tocsin("changes", "list").code == 1  # nothing is stored there yet
    first = daemon.json("changes", "add", "--service", "host", "--version", "1.0", "first")
    assert (first["id"], first["kind"], first["services"]) == ("C-1", "deploy", ["host"])
    with daemon.start():
        second = daemon.tocsin("changes", "add", "--kind", "migration", "--by", "ann", "password=canary-8008")
        assert (second.code, second.out) == (0, "C-2 is noted\n")
        wait_for(lambda: daemon.events("change.noted"), "the log tells of it")
    third = daemon.json("changes", "add", "third")
    assert third["id"] == "C-3"
    listed = daemon.json("changes", "list", "--since", "1h")
    assert [each["id"] for each in listed] == ["C-3", "C-2", "C-1"]
    assert (listed[1]["kind"], listed[1]["by"], listed[1]["text"]) == ("migration", "ann", "password=***")
    assert "canary-8008" not in daemon.tocsin("changes", "list").out
    assert daemon.json("changes", "list", "--since", "2030-01-01T00:00:00Z") == []
    assert len(daemon.json("changes", "list", "--service", "host")) == 3


def test_what_cannot_be_a_change_is_wrong_usage_with_a_daemon_and_without(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, **HOST)
    wrong = [
        (("changes", "add"), "says nothing"),
        (("changes", "add", "x", "--service", "hots"), 'no service is called "hots" (did you mean "host"?)'),
        (("changes", "add", "x", "--kind", "config"), "config is what reloads are recorded as"),
        (("changes", "list", "--since", "yesterdayish"), "yesterdayish"),
        (("changes", "list", "--service", "hots"), 'no service is called "hots"'),
    ]

    def refused() -> None:
        for arguments, reason in wrong:
            ended = daemon.tocsin(*arguments)
            assert (ended.code, reason in ended.err) == (64, True), ended
            assert ended.out == ""

    refused()
    with daemon.start():
        refused()


def test_a_pipeline_posts_and_a_reload_is_recorded(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, agent={"changes_token": TOKEN}, **HOST)
    with daemon.start():
        address = daemon.events("daemon.started")[0]["listen"][0]
        request = urllib.request.Request(
            f"{address}/api/v1/changes",
            b'{"service": "host", "version": "7"}',
            {"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            assert answer.status == 201
        daemon.write(
            agent={"changes_token": TOKEN}, services={"host": {"title": "A host", **HOST["services"]["host"]}}
        )
        assert daemon.tocsin("reload").code == 0
        listed = wait_for(
            lambda: found if len(found := daemon.json("changes", "list")) == 2 else None, "both are there"
        )
    assert [(each["kind"], each["services"], each["by"]) for each in listed] == [
        ("config", ["host"], "reload"),
        ("deploy", ["host"], "a pipeline"),
    ]
    assert listed[0]["text"] == "changed host (title)"
