"""Notices by the installed command: a ticket is acknowledged by mail, also over kill -9 in the middle of it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

from tests.checks.mail.post_office import PostOffice, open_office
from tests.end_to_end.daemon import Daemon, wait_for

OPEN = ("tickets", "open", "Cannot pay", "--reporter", "Buyer", "--email", "buyer@example.net")


@contextlib.contextmanager
def serving(office: PostOffice) -> Iterator[PostOffice]:
    """The office on a thread of its own."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with open_office(office):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield office
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def desk(directory: Path, office: PostOffice) -> Daemon:
    server = {"server": f"127.0.0.1:{office.port}", "tls": "none", "timeout": "20s"}
    return Daemon(
        directory, services={}, channels={"post": {"type": "email", "from": "t@example.org", **server}}
    )


def test_acknowledgement_comes_by_mail_and_is_sent_again_as_the_same_after_a_kill(tmp_path: Path) -> None:
    with serving(PostOffice(mute=True)) as office, desk(tmp_path, office) as daemon:
        daemon.start()
        ended = daemon.tocsin(*OPEN)
        assert ended.code == 0, ended
        wait_for(lambda: office.mails, "the mail, to which the server says nothing")
        assert [entry["state"] for entry in daemon.json("outbox", "list", "--unsent")] == ["leased"]
        daemon.kill()
        office.mute = False
        daemon.start()
        wait_for(lambda: not daemon.json("outbox", "list", "--unsent"), "the notice is sent")
        mails = [message_from_bytes(mail) for mail in office.mails]
        assert len(mails) == 2
        assert {mail["Message-ID"] for mail in mails} == {mails[0]["Message-ID"]}
        assert mails[0]["Subject"] == "[T-1] Cannot pay"
        (entry,) = daemon.json("outbox", "list")
        wanted = {
            "to": "buyer@example.net",
            "name": "Buyer",
            "kind": "acknowledge",
            "subject": "[T-1] Cannot pay",
        }
        assert (entry["helpdesk"], entry["state"], entry["attempts"]) == ("post", "done", 2)
        assert entry["desired"] == wanted
        assert entry["observed"]["sent_at"]
        assert daemon.metrics().total("tocsin_notifications_total", helpdesk="post") == 1
        assert "acknowledge to Buyer" in daemon.tocsin("outbox", "show", str(entry["key"])).out


def test_parked_notice_is_listed_and_dropped_by_command(tmp_path: Path) -> None:
    with serving(PostOffice(refuses="@example.net")) as office, desk(tmp_path, office) as daemon:
        daemon.start()
        assert daemon.tocsin(*OPEN).code == 0

        def parked() -> list[object]:
            return [each for each in daemon.json("outbox", "list") if each["state"] == "parked"]

        (entry,) = wait_for(parked, "the notice is parked")
        assert "550 5.7.1 no relaying here" in str(entry)
        assert "note-" in daemon.tocsin("outbox", "list").out
        assert daemon.tocsin("outbox", "drop", "note-", "--reason", "told by phone").code == 0
        assert daemon.json("outbox", "list", "--unsent") == []
        assert office.mails == []
