"""Mail, through the installed daemon: STARTTLS on its own loop, and a round trip that a kill -9 does not disturb."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.checks.looks import AUTH, ca_file, certificate
from tests.checks.mail.dovecot import Dovecot, dovecot
from tests.checks.mail.post_office import PostOffice, open_office
from tests.end_to_end.daemon import Daemon, wait_for

LOOKS = {"every": "2s", "timeout": "2s", "retry_every": "2s"}


@contextmanager
def in_business(office: PostOffice) -> Iterator[None]:
    """The post office, open in a thread of its own."""
    opened, closing = threading.Event(), threading.Event()

    async def serve() -> None:
        async with open_office(office, certificate()):
            opened.set()
            await asyncio.to_thread(closing.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert opened.wait(30)
        yield
    finally:
        closing.set()
        thread.join()


def checks(server: Dovecot, office: PostOffice, directory: Path) -> dict[str, Any]:
    (directory / "password").write_text(AUTH["password"])
    (directory / "password").chmod(0o600)
    ca, auth = ca_file(directory), {**AUTH, "password": f"${{file:{directory}/password}}"}
    imap = {"host": "127.0.0.1", "port": server.imap, "starttls": True, "ca": ca, "auth": auth}
    smtp = {"host": "127.0.0.1", "port": office.port, "starttls": True, "ca": ca, "auth": auth}
    trip = {"sender": "probe@example.org", "recipient": "joe@example.org", "roundtrip": {"imap": imap}}
    return {
        "imap": {"type": "imap", **imap, "mailbox": "INBOX", **LOOKS},
        "pop3": {"type": "pop3", **imap, "port": server.pop3, **LOOKS},
        "trip": {"type": "smtp", **smtp, **trip, **LOOKS},
    }


def test_no_mail_is_sent_twice_or_forgotten_through_a_kill(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    office = PostOffice(holds=True)
    with dovecot(program("dovecot", "dovecot-imapd"), free_ports()) as server, in_business(office):
        office.into = server
        services = {"mail": {"checks": checks(server, office, tmp_path)}}
        with Daemon(tmp_path, agent={"self_service": False}, services=services) as daemon:
            daemon.start()

            def values(check: str) -> dict[str, Any]:
                (service,) = daemon.json("status")["services"]
                found = next(each for each in service["checks"] if each["check"] == check)
                return found["values"] or {}

            wait_for(lambda: values("trip").get("roundtrip_waiting"), "a mail under way")
            assert [values(check)["login"] for check in ("imap", "pop3", "trip")] == [True] * 3
            daemon.kill()
            daemon.start()
            before = values("trip")["roundtrip_waiting"]
            wait_for(lambda: values("trip")["roundtrip_waiting"] > before, "another look")
            assert len(office.mails) == 1
            office.holds = False
            server.deliver(office.mails[0])
            wait_for(lambda: values("trip").get("roundtrip"), "a mail found")
            wait_for(lambda: len(office.mails) > 3, "further mails")
            daemon.stop()
            assert len(server.mails()) <= 1
            assert AUTH["password"] not in daemon.log_file.read_text()


def free_ports() -> tuple[int, int, int, int]:
    with socket.socket() as one, socket.socket() as two, socket.socket() as three, socket.socket() as four:
        for listener in (one, two, three, four):
            listener.bind(("127.0.0.1", 0))
        first, second, third, fourth = (each.getsockname()[1] for each in (one, two, three, four))
        return first, second, third, fourth
