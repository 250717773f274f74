"""Asking a daemon that ends, is cut off, or talks nonsense: the person learns that the outcome is not known."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.control import SOCKET_NAME, ControlServer, NotRunning, Refused, ask


def answering(directory: Path, serve: Callable[[socket.socket], None]) -> threading.Thread:
    """A stand-in for the daemon that takes one connection."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / SOCKET_NAME))
    listener.listen()

    def once() -> None:
        peer, _ = listener.accept()
        with listener, peer:
            serve(peer)

    thread = threading.Thread(target=once, daemon=True)
    thread.start()
    return thread


def closes_at_once(_peer: socket.socket) -> None:
    return


def closes_after_reading(peer: socket.socket) -> None:
    peer.recv(1 << 20)


def resets(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(text: bytes) -> Callable[[socket.socket], None]:
    def serve(peer: socket.socket) -> None:
        peer.recv(1 << 20)
        peer.sendall(text)

    return serve


@pytest.mark.parametrize(
    "serve",
    [
        closes_at_once,
        closes_after_reading,
        resets,
        says(b'{"result": {"id": "T-'),
        says(b"\xff\xfe\n"),
        says(b"[]\n"),
        says(b"\n"),
    ],
)
def test_no_answer_says_that_the_outcome_is_not_known(
    tmp_path: Path, serve: Callable[[socket.socket], None]
) -> None:
    thread = answering(tmp_path, serve)
    with pytest.raises(
        Refused, match="whether the change was made is not known: look with `tocsin tickets show`"
    ):
        ask(tmp_path, "tickets.move", note="x" * 500_000)
    thread.join(60)


def test_a_daemon_that_ends_between_connect_and_send_is_no_answer(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / SOCKET_NAME))
    listener.listen()
    threading.Timer(0.05, listener.close).start()  # never accepted: the kernel resets who waits
    with pytest.raises(Refused, match="did not answer"):
        ask(tmp_path, "tickets.move")


def test_no_socket_or_a_dead_one_means_that_no_daemon_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        ask(tmp_path, "tickets.move")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(NotRunning):
        ask(tmp_path, "tickets.move")


def test_a_path_that_no_socket_can_have_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the daemon cannot be asked: "):
        ask(tmp_path / ("x" * 200), "tickets.move")


def test_answers_and_refusals_come_back_as_the_daemon_gave_them(tmp_path: Path) -> None:
    async def answer(command: str, arguments: dict[str, Any], who: str) -> Any:
        if command == "refuse":
            raise Refused("not like this")
        return {"command": command, **arguments}

    async def talk() -> Any:
        server = ControlServer(tmp_path, answer)
        await server.start()
        try:
            told = await asyncio.to_thread(ask, tmp_path, "tickets.move", number=1)
            with pytest.raises(Refused, match="not like this"):
                await asyncio.to_thread(ask, tmp_path, "refuse")
            return told
        finally:
            await server.stop()

    assert asyncio.run(talk()) == {"command": "tickets.move", "number": 1}
