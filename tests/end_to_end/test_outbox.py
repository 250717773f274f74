"""The outbox on the installed command: a connector installed as a stranger's, kill -9 between send and save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, tocsin, wait_for
from tests.fakes.connector import install
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.site import Site

SETTLED = "SELECT 1 FROM outbox WHERE state = 'done' AND version = done_version"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Helpdesk]:
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    with Helpdesk() as desk:
        yield desk


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def config(site: Site, desk: Helpdesk, **options: object) -> dict[str, Any]:
    home = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "confirm": 1, "recover": 1}
    there = {"type": "fakedesk", "url": desk.url, "token": desk.token, "poll_every": "5s", **options}
    return {
        "services": {"web": {"checks": {"home": home}, "uptime": {"burn": False}}},
        "helpdesks": {"desk": there},
        "routes": [{"send_to": ["desk"]}],
    }


def held(desk: Helpdesk, what: str) -> Callable[[], bool]:
    """Whether a call of that sort has come in."""
    return lambda: desk.count(what) > 0


def states(desk: Helpdesk) -> list[str]:
    return [ticket["state"] for ticket in desk.tickets.values()]


def test_one_ticket_though_killed_between_send_and_save(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", service="web")
    desk.expect("comment", times=ANY)
    desk.expect("resolve", times=ANY)
    with Daemon(tmp_path, **config(site, desk)) as daemon:
        daemon.start()
        for what, status in (("create", 500), ("resolve", 200)):
            desk.fault(what, "hold_reply")
            site.status = status
            wait_for(held(desk, what), f"the call {what}")
            wait_for(
                lambda: daemon.rows("SELECT 1 FROM outbox WHERE state = 'leased'"), "a lease on the disk"
            )
            daemon.kill()
            desk.heal()
            daemon.start()
            wait_for(lambda: daemon.rows(SETTLED), f"{what} settled")
            assert len(desk.tickets) == 1
        wait_for(lambda: states(desk) == ["resolved"], "the ticket resolved over there")
        (ticket,) = daemon.tickets()
        (remote,) = ticket["remote"]
        assert remote == {"helpdesk": "desk", "id": "1", "url": "/tickets/1", "state": "resolved"}
        ids = [each["id"] for each in desk.tickets[1]["comments"]]
        assert len(ids) == len(set(ids))
        daemon.stop()


def test_a_person_over_there_is_heeded(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    with Daemon(tmp_path, **config(site, desk)) as daemon:
        daemon.start()
        site.status = 500
        wait_for(lambda: daemon.rows("SELECT 1 FROM outbox WHERE state = 'done'"), "delivered")
        desk.human("close", 1, by="jo")
        wait_for(lambda: daemon.tickets()[0]["state"] == "closed", "closed here too")
        shown = daemon.json("tickets", "show", "T-1")
        assert [each["by"] for each in shown["timeline"] if each["what"] == "close"] == ["jo (desk)"]
        daemon.stop()


def test_parked_retried_and_dropped_by_command(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "refused", times=2)
    with Daemon(tmp_path, **config(site, desk)) as daemon:
        daemon.start()
        site.status = 500
        parked = "SELECT 1 FROM outbox WHERE state = 'parked'"
        wait_for(lambda: daemon.rows(parked), "parked")
        (entry,) = daemon.json("outbox", "list")
        contract = {"key", "helpdesk", "desired", "observed", "attempts", "next_at", "state", "last_error"}
        assert contract <= entry.keys()
        assert (entry["state"], entry["last_error"], entry["observed"]) == ("parked", "HTTP 422", None)
        assert (entry["desired"]["state"], entry["helpdesk"], entry["next_at"]) == ("open", "desk", None)
        page = daemon.metrics()
        assert page.total("tocsin_outbox_depth") == page.total("tocsin_outbox_parked") == 1
        assert page.total("tocsin_notifications_failed_total", helpdesk="desk", reason="permanent") == 1
        assert page.total("tocsin_notifications_total", helpdesk="desk") == 0

        retried = daemon.tocsin("outbox", "retry", entry["key"][:12])
        assert (retried.code, retried.out) == (0, "1 entry is tried again\n")
        wait_for(lambda: desk.count("create") == 2, "a second try")
        wait_for(lambda: daemon.rows(parked), "parked again")
        daemon.stop()
        # And with no daemon running, too.
        assert daemon.tocsin("outbox", "drop", entry["key"]).code == 64
        assert daemon.tocsin("outbox", "drop", "toc-ffff", "--reason", "x").code == 1
        assert daemon.json("outbox", "drop", entry["key"], "--reason", "project closed") == {"entries": 1}
        (entry,) = daemon.json("outbox", "show", entry["key"])
        assert entry["state"] == "dropped"
        assert entry["last_error"].endswith(": project closed")
        assert daemon.json("outbox", "list", "--unsent") == []


def test_mistakes_in_a_helpdesk_are_named_with_line_and_remedy(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    written = config(site, desk, urll="x", on_remote_close="ignore")
    written["helpdesks"]["other"] = {"type": "fakdesk"}
    daemon = Daemon(tmp_path, **written)
    told = daemon.tocsin("validate", "--json")
    assert told.code == 78
    errors = {error["path"]: (error["message"], error["hint"]) for error in told.document["errors"]}
    assert errors["helpdesks.desk.urll"][0].startswith("unknown key")
    assert errors["helpdesks.desk.on_remote_close"][0].startswith("expected")
    assert errors["helpdesks.other.type"] == ('unknown type "fakdesk"', 'did you mean "fakedesk"?')


def test_without_the_connector_the_type_is_unknown(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Helpdesk() as desk:
        Daemon(tmp_path, **config(site, desk))
        told = tocsin("validate", "--json", config=tmp_path / "tocsin.yaml")
    assert told.code == 78
    (error,) = told.document["errors"]
    assert (error["path"], error["hint"]) == (
        "helpdesks.desk.type",
        'did you mean "freshdesk"?',
    )
