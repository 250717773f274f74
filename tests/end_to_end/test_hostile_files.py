"""The installed command given what is no configuration: one short sentence, exit code 78, no more memory than usual."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")
COMMANDS = ("validate", "check", "run")
# One run differs from the next a little; and as much of a file is read as may be.
MARGIN_KIB = 8 * 1024
# A process inherits the peak of the one it was started by: a small one tells them apart. Root may read every file,
# unless it is without the capabilities for that.
LAUNCHER = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
child = os.fork()
if not child:
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
"""
LAUGHS = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 20)
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended: peak memory in KiB, seconds of CPU."""

    code: int
    said: str
    memory: int
    cpu: float


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1024**3)


def _forbidden(path: Path) -> None:
    path.write_text("services: {}\n")
    path.chmod(0)


def _written(content: str | bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


# What is made at the path, and a part of the one sentence about it.
HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "billion-laughs": (_written(LAUGHS), "values, those of an alias counted each time it is used"),
    "20000-brackets": (_written("services: " + "[" * 20_000), "is nested deeper than 50 levels"),
    "10-mb-of-keys": (
        _written("".join(f"key-{number:08}:\n" for number in range(720_000))),
        "is larger than",
    ),
    "binary": (_written(bytes(range(256)) * 4096), "is not a text file: it holds a zero byte"),
    "directory": (Path.mkdir, "is a directory"),
    "fifo": (_fifo, "is not a regular file"),
    "socket": (_socket, "is not a regular file"),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
    "1-gb-of-nothing": (_sparse, "is larger than"),
    "loop": (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
    "missing": (lambda path: None, "no such file"),
    "forbidden": (_forbidden, "cannot be read: Permission denied"),
}


# All of them read the file in the same way; what differs is how they end.
RUNS = [
    *(("validate", name) for name in HOSTILE),
    *((command, name) for command in ("check", "run") for name in ("billion-laughs", "1-gb-of-nothing")),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def ended(command: str, path: Path) -> Ended:
    """Runs it to its end."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, str(TOCSIN), command, "--config", path.name],
        cwd=path.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=True,
    )
    text, _, figures = done.stdout.decode().rstrip("\n").rpartition("\n")
    code, memory, cpu = figures.split()
    return Ended(int(code), text, int(memory), float(cpu))


@pytest.fixture(scope="module")
def usual(place: Path) -> dict[str, int]:
    """What each command takes of memory, in KiB, to refuse a file of one line."""
    path = place / "tiny.yaml"
    path.write_text("servces: {}\n")
    return {command: ended(command, path).memory for command in COMMANDS}


@pytest.mark.parametrize(("command", "name"), RUNS)
def test_what_is_no_configuration_is_refused_in_one_sentence(
    place: Path, usual: dict[str, int], command: str, name: str
) -> None:
    make, reason = HOSTILE[name]
    path = place / f"{command}-{name}.yaml"
    make(path)
    result = ended(command, path)
    print(f"{command} {name}: {result.cpu:.2f} s of CPU, {(result.memory - usual[command]) / 1024:+.1f} MiB")
    first, *rest = result.said.splitlines()
    assert first.startswith(("error: " if command == "validate" else "tocsin: ") + path.name)
    assert reason in first
    assert len(first) < 300
    assert rest == (["1 error"] if command == "validate" else [])
    assert result.code == 78
    assert result.memory - usual[command] < MARGIN_KIB
