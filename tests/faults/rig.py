"""A daemon with a site that breaks and heals, and places for its store that go wrong as told."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.website import Site
from tests.fakes.helpdesk import ANY, Helpdesk

Program = Callable[[str, str], Path]
# Linux, fs/ext4/ext4.h: what is not in the log is lost.
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2


def config(site: Site, desk: Helpdesk | None = None, **agent: Any) -> dict[str, Any]:
    """One quick check; with a `desk`, its tickets go there and it is told of emergencies."""
    home = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "confirm": 1, "recover": 1}
    found: dict[str, Any] = {
        "agent": {"self_service": False, **agent},
        "defaults": {"watch_for": "0s", "reopen_within": "0s"},
        "services": {"web": {"checks": {"home": home}, "uptime": {"burn": False}}},
    }
    if desk is not None:
        found["agent"]["emergency"] = "desk"
        found["helpdesks"] = {"desk": {"type": "fakedesk", "url": desk.url, "token": desk.token}}
        found["routes"] = [{"send_to": ["desk"]}]
    return found


@contextmanager
def a_desk() -> Iterator[Helpdesk]:
    desk = Helpdesk()
    desk.open()
    for what in ("create", "comment", "resolve", "priority", "reopen"):
        desk.expect(what, times=ANY)
    yield desk
    desk.release()
    desk.close()


def reading_is(daemon: Daemon, state: str) -> Callable[[], bool]:
    """Whether the metrics say that the site is in that state."""

    wanted = f'tocsin_check_state{{check="home",kind="http",service="web",state="{state}"}} 1.0'

    def holds() -> bool:
        status, text = daemon.get("/metrics")
        return status == 200 and wanted in text

    return holds


def degraded(daemon: Daemon) -> bool:
    status, text = daemon.get("/metrics")
    return status == 200 and "tocsin_store_degraded 1.0" in text


def writes_again(daemon: Daemon) -> None:
    wait_for(lambda: daemon.get("/-/ready")[0] == 200, "a store that writes again")


def ticket_states(daemon: Daemon) -> list[str]:
    return [each["state"] for each in daemon.tickets()]


def run(*command: str | Path) -> None:
    subprocess.run([str(each) for each in command], check=True, capture_output=True, timeout=60)


def mounted(program: Program, place: Path, *options: str) -> None:
    """Mount it, or skip where nothing can be mounted."""
    place.mkdir(exist_ok=True)
    command = [str(program("mount", "mount")), *options, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


class Ext4:
    """A small ext4 on a file, whose power can be cut."""

    def __init__(self, program: Program, directory: Path) -> None:
        self._program, self._file, self.place = program, directory / "disk", directory / "mounted"
        with self._file.open("wb") as file:
            file.truncate(64 * 1024**2)
        run(program("mkfs.ext4", "e2fsprogs"), "-q", self._file)
        self.mount()

    def mount(self) -> None:
        mounted(self._program, self.place, "-o", "loop,errors=remount-ro", str(self._file))

    def unmount(self) -> None:
        run(self._program("umount", "mount"), self.place)

    def cut(self) -> None:
        """The power goes: what the disk has not got is lost."""
        handle = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH.to_bytes(4, "little"))
        finally:
            os.close(handle)

    def fail(self) -> None:
        """An error, after which the kernel lets nobody write."""
        command = ["losetup", "-j", str(self._file)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
        device = Path(said.partition(":")[0]).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")
