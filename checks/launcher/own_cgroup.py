"""A control group of a program's own, where the unit we run in has been given its part of the tree to manage.

That is so with `Delegate=pids`, and is seen by the mark that systemd sets on the group's directory; the group is ours,
or the one above it when `DelegateSubgroup=` has put us into a lower one. Everywhere else nothing is touched.
"""

from __future__ import annotations

import contextlib
import os

_MARKS = ("user.delegate", "trusted.delegate")


class OwnCgroup:
    """Made at once below the group `above`, if it can be. The kernel refuses its members more than `most` processes."""

    def __init__(self, above: str, most: int) -> None:
        self._path = self._from = ""
        if not above:
            return
        with contextlib.suppress(OSError):  # as long as we are in that very group ourselves, it may not count
            _write(f"{above}/cgroup.subtree_control", "+pids")
        path = f"{above}/program-{os.getpid()}"
        try:
            os.mkdir(path)  # noqa: PTH102 - pathlib would be half of what the launcher loads
        except OSError:
            return
        self._path, self._from = path, _own()
        with contextlib.suppress(OSError):
            _write(f"{path}/pids.max", str(most))

    def __enter__(self) -> None:
        """Go into it, so that whatever is started now is a member from its first moment."""
        self._move(self._path)

    def __exit__(self, *_raised: object) -> None:
        """Go back."""
        self._move(self._from)

    def _move(self, path: str) -> None:
        if self._path:
            with contextlib.suppress(OSError):
                _write(f"{path}/cgroup.procs", "0")

    @property
    def full(self) -> bool:
        """Whether it was refused a process."""
        if not self._path:
            return False
        try:
            return not _read(f"{self._path}/pids.events").startswith("max 0\n")
        except OSError:
            return False

    def kill(self) -> None:
        """Every member at once, however it may fork."""
        if self._path:
            with contextlib.suppress(OSError):
                _write(f"{self._path}/cgroup.kill", "1")

    def remove(self) -> None:
        """Possible once all members have ended."""
        if self._path:
            with contextlib.suppress(OSError):
                os.rmdir(self._path)  # noqa: PTH106 - as above


def delegated() -> str:
    """The directory of the delegated group that we are in; empty where there is none."""
    own = _own()
    return next((path for path in (own, own.rpartition("/")[0]) if path and _is_marked(path)), "")


def _own() -> str:
    """The directory of our own group in the unified tree; empty where there is none."""
    try:
        ours = next(line[3:] for line in _read("/proc/self/cgroup").splitlines() if line.startswith("0::"))
        mounts = (line.split(" ") for line in _read("/proc/self/mountinfo").splitlines())
        root = next(fields[4] for fields in mounts if fields[fields.index("-") + 1] == "cgroup2")
    except (OSError, StopIteration, ValueError, IndexError):
        return ""
    return f"{root}{ours}".rstrip("/")


def _is_marked(path: str) -> bool:
    for mark in _MARKS:
        with contextlib.suppress(OSError):
            if os.getxattr(path, mark) == b"1":
                return True
    return False


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read(1024 * 1024)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
