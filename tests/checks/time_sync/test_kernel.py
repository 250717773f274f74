"""The kernel's own view of its clock, beside what other programs are told."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.time_sync.kernel import kernel_clock
from checks.time_sync.kind import KIND
from tests.checks.time_sync.ntp_servers import look

ROOT = Path(__file__).resolve().parents[3]
# Forbids adjtimex(2) to this process as a unit's ProtectClock=yes does, then looks.
_FORBIDDEN = """
import asyncio, ctypes, json, struct, sys
sys.path.insert(0, sys.argv[1])
from checks.time_sync.kind import probe
from tests.checks.time_sync.ntp_servers import look
numbers = {"x86_64": (159, 305), "aarch64": (171, 266)}[sys.argv[2]]
code = [(0x20, 0, 0, 0)]  # the number of the call
code += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
code += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050001)]  # allow; refuse with EPERM
program = b"".join(struct.pack("HBBI", *line) for line in code)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(len(code), program)), 0, 0) == 0, ctypes.get_errno()
seen = asyncio.run(look())
print(json.dumps({"values": dict(seen.values), "blind": seen.blind, "notes": seen.notes}))
"""


def test_kernel_is_asked_when_there_are_no_servers() -> None:
    seen = asyncio.run(look())
    assert (seen.blind, seen.failure) == (None, None)
    assert set(seen.values) == KIND.value_names - {"took"}
    assert isinstance(seen.values["synced"], bool)
    assert (seen.values["offset"], seen.values["usable"]) == (None, None)
    assert (seen.values["max_error"] is None) is (seen.values["synced"] is False)


def test_kernel_says_what_it_says_to_others(program: Callable[[str, str], Path]) -> None:
    """adjtimex(8)'s figures by way of another language's libc binding: perl's syscall()."""
    clock = kernel_clock()
    number = {"x86_64": 159, "aarch64": 171}.get(os.uname().machine)
    if number is None:
        pytest.skip("the number of the call is known here for x86_64 and aarch64 alone")
    script = f'my $b = "\\0" x 512; my $r = syscall({number}, $b); print join " ", unpack("x8 q4 i", $b);'
    told = subprocess.run(
        [program("perl", "perl-base"), "-e", script], capture_output=True, text=True, check=True
    )
    offset, _, most_off, _, status = map(int, told.stdout.split())
    assert clock.kept is not bool(status & 0x40)
    assert clock.offset == pytest.approx(offset * (1e-9 if status & 0x2000 else 1e-6), abs=1e-3)
    assert clock.most_off == pytest.approx(most_off / 1e6, abs=1)


def test_kernel_that_may_not_be_asked_is_unknown_with_a_remedy() -> None:
    machine = os.uname().machine
    if machine not in ("x86_64", "aarch64"):
        pytest.skip("the filter is written for x86_64 and aarch64")
    command = [sys.executable, "-c", _FORBIDDEN, str(ROOT), machine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    why = f"the kernel may not be asked about its clock: {os.strerror(errno.EPERM).lower()}"
    assert why in done.stdout
    if shutil.which("timedatectl") is None:
        assert "allow clock_adjtime in a drop-in of the unit" in done.stdout
    assert '"max_error": null' in done.stdout or '"values": {}' in done.stdout
