"""Talking to systemd: READY, RELOADING, STOPPING, STATUS and the watchdog."""

from __future__ import annotations

import os
import socket

_FIRST = 3  # https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html


def handed_over() -> list[socket.socket]:
    """The listening sockets that the service manager has opened for us; from here on no child process has them."""
    process, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not count.isdecimal():
        return []
    found = []
    for number in range(_FIRST, _FIRST + int(count)):
        os.set_inheritable(number, False)
        found.append(socket.socket(fileno=number))
    return found


class Notifier:
    """Sends sd_notify messages; silent where no service manager listens."""

    def __init__(self) -> None:
        """Take the address out of the environment, so that no child process inherits it."""
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        microseconds = os.environ.pop("WATCHDOG_USEC", "")
        os.environ.pop("WATCHDOG_PID", None)
        self.watchdog = int(microseconds) / 1_000_000 if microseconds.isdecimal() else None

    def send(self, *lines: str) -> None:
        """Send `READY=1`, `STATUS=…`; a manager that does not listen is no fault of ours."""
        if not self._address:
            return
        target = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto("\n".join(lines).encode(), target)
        except OSError:
            return
