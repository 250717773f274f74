"""Everything that hangs: servers that accept and say nothing, connections and names that nobody answers, threads
and programs that stand still."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

Checks = dict[str, dict[str, object]]
_EACH = 12
# Twice the threads that work at a time.
_THREADS = 16
_PROGRAMS = 6
_KIND = """
import os
from checks.base import Kind, Observation, Spec
class StuckSpec(Spec):
    path: str
def probe(spec, context):
    os.close(os.open(spec.path, os.O_RDONLY))  # in the operating system, until somebody writes there
    return Observation()
KIND = Kind(name="stuck", summary="opens a pipe that nobody writes to", spec=StuckSpec, probe=probe, values=(),
            counts_for_uptime=False, example="", blocking=True)
"""


def install_stuck(directory: Path) -> None:
    """A kind of check that hangs on its thread, as another distribution would bring it."""
    facts = directory / "stuck-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[tocsin.checks]\nstuck = stuck:KIND\n")
    (directory / "stuck.py").write_text(_KIND)


@contextmanager
def hanging(directory: Path, *, names: bool) -> Iterator[Checks]:
    """Checks that all hang, by name. With `names` also of hosts, which the system's name server must not answer."""
    with ExitStack() as stack:
        silent, full = stack.enter_context(_silent()), stack.enter_context(_full())
        pipe = directory / "pipe"
        os.mkfifo(pipe)
        checks: Checks = {}
        for number in range(_EACH):
            address = {"host": "127.0.0.1", "port": silent}
            checks[f"silent-tcp-{number}"] = {"type": "tcp", **address, "expect": "^220"}
            checks[f"silent-http-{number}"] = {"type": "http", "url": f"http://127.0.0.1:{silent}/{number}"}
            checks[f"no-connection-{number}"] = {"type": "tcp", "host": "127.0.0.1", "port": full}
            if names:
                checks[f"no-name-{number}"] = {"type": "http", "url": f"http://hangs-{number}.example/"}
        for number in range(_THREADS):
            checks[f"stuck-{number}"] = {"type": "stuck", "path": str(pipe)}
        for number in range(_PROGRAMS):
            checks[f"stopped-{number}"] = {"type": "command", "command": ["sh", "-c", "kill -STOP $$"]}
        yield checks


@contextmanager
def silent_name_server() -> Iterator[None]:
    """Takes all questions on port 53 of loopback and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 53))
        yield


@contextmanager
def _silent() -> Iterator[int]:
    """A port where all are let in and nothing is said."""
    kept = []
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:

        def accept() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for each in kept:
                each.close()


@contextmanager
def _full() -> Iterator[int]:
    """A port whose queue is full: what is sent to it is lost."""
    with socket.socket() as server, ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]
