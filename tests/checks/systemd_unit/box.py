"""A real systemd in a box: this host's own files under an overlay, booted by systemd-nspawn without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
DRIVER = Path(__file__).with_name("look_inside.py")
_PATIENCE = 60.0
# As little as makes a host: no timers, no sockets, none of this host's own services.
_TARGET = "[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\n"


class NoBox(Exception):
    """This machine cannot boot one; the text says why."""


@dataclass(frozen=True, slots=True)
class Box:
    """A running systemd; `leader` is its process 1 as this host numbers it."""

    leader: int
    looker: subprocess.Popen[str]

    def run(self, *argv: str, given: str = "", check: bool = True) -> str:
        """A command inside; what it wrote."""
        return _run(self.leader, argv, given, check=check)

    def install(self, **units: str) -> None:
        """Unit files by name, `_` before the ending: `web_service="[Service]…"`."""
        for name, text in units.items():
            file = ".".join(name.rsplit("_", 1))
            self.run("sh", "-c", f"cat > /etc/systemd/system/{file}", given=text)
        self.run("systemctl", "daemon-reload")

    def look(self, unit: str, memo: Any = None, later: float = 0.0, **options: Any) -> dict[str, Any]:
        """One look of the kind, from inside, as if so many seconds later."""
        asked = {"options": {"unit": unit} | options, "memo": memo, "later": later}
        assert self.looker.stdin is not None
        assert self.looker.stdout is not None
        self.looker.stdin.write(json.dumps(asked) + "\n")
        self.looker.stdin.flush()
        seen: dict[str, Any] = json.loads(self.looker.stdout.readline())
        return seen

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """The first thing of truth that `look` gives."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(f"never happened: {what}")


def _run(leader: int, argv: Sequence[str], given: str = "", *, check: bool = True) -> str:
    command = [*_inside(leader), *argv]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def _inside(leader: int) -> list[str]:
    return ["nsenter", f"--target={leader}", "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]


@contextmanager
def booted(folder: Path) -> Iterator[Box]:
    """Raises NoBox."""
    if os.geteuid() != 0:
        raise NoBox("booting a systemd needs root")
    if shutil.which("systemd-nspawn") is None:
        raise NoBox("systemd-nspawn is not installed: apt-get install systemd-container")
    with ExitStack() as stack:
        tree = _tree(folder, stack)
        yield _boot(tree, folder, stack)


def _tree(folder: Path, stack: ExitStack) -> Path:
    """This host's root file system, to be written over at will."""
    top = folder / "top"
    top.mkdir()
    _mount(stack, top, "-t", "tmpfs", "-o", "size=128m", "tmpfs")
    for name in ("upper", "work", "tree"):
        (top / name).mkdir()
    layers = f"lowerdir=/,upperdir={top}/upper,workdir={top}/work"
    _mount(stack, top / "tree", "-t", "overlay", "-o", layers, "overlay")
    shutil.rmtree(top / "tree/etc/systemd/system")
    (top / "tree/etc/systemd/system").mkdir()
    (top / "tree/etc/systemd/system/box.target").write_text(_TARGET)
    return top / "tree"


def _mount(stack: ExitStack, on: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["mount", *arguments, str(on)], capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        raise NoBox(f"this machine does not allow the mount: {done.stderr.strip()}")
    stack.callback(subprocess.run, ["umount", "--lazy", str(on)], check=False, timeout=30)


def _boot(tree: Path, folder: Path, stack: ExitStack) -> Box:
    # Python and the checkout may lie on file systems of their own, which the overlay does not show.
    seen = {str(ROOT), sys.prefix, sys.base_prefix} - {"/usr"}
    binds = [f"--bind-ro={path}" for path in sorted(seen)]
    log = stack.enter_context((folder / "console").open("wb"))
    command = ["systemd-nspawn", "--quiet", f"--directory={tree}", f"--machine=tocsin-{os.getpid()}"]
    command += ["--register=no", "--keep-unit", "--private-network", "--console=read-only", "--boot", *binds]
    enter = "".join(f"echo $$ > {group}/cgroup.procs; " for group in _own_groups(stack))
    process = subprocess.Popen(
        ["sh", "-c", f'{enter}exec "$@"', "sh", *command, "--", "systemd.unit=box.target"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    stack.callback(_switch_off, process)
    leader = _leader(process, folder)
    looker = stack.enter_context(
        subprocess.Popen(
            [*_inside(leader), sys.executable, str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(looker.kill)
    return Box(leader, looker)


def _own_groups(stack: ExitStack) -> list[Path]:
    """On a host with control groups of version 1, one of its own for the box: it is to leave ours alone."""
    made = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        root = Path("/sys/fs/cgroup") / controllers.removeprefix("name=")
        if controllers in ("memory", "pids", "cpu", "cpuacct", "name=systemd") and root.is_dir():
            made.append(root / path.strip("/") / f"box-{os.getpid()}")
            made[-1].mkdir(exist_ok=True)
            stack.callback(
                subprocess.run,
                ["find", str(made[-1]), "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"],
                check=False,
                stderr=subprocess.DEVNULL,
            )
    return made


def _leader(process: subprocess.Popen[bytes], folder: Path) -> int:
    """Its process 1, once it answers."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            leader = int(children[0])
            asked = ["systemctl", "is-system-running"]
            if _is_systemd(leader) and _run(leader, asked, check=False).strip() in ("running", "degraded"):
                return leader
        time.sleep(0.05)
    raise NoBox(f"no systemd came up: {(folder / 'console').read_text(errors='replace')[-400:]}")


def _is_systemd(leader: int) -> bool:
    """Whether its process 1 is systemd already."""
    try:
        return Path(f"/proc/{leader}/comm").read_text() == "systemd\n"
    except OSError:
        return False


def _switch_off(process: subprocess.Popen[bytes]) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    leaders = children.read_text().split() if children.exists() else []
    if leaders:
        _run(int(leaders[0]), ["systemctl", "poweroff", "--force", "--force"], check=False)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
