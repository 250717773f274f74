"""The control socket: one JSON line asks, one JSON line answers; who may ask is read from the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import structlog

log = structlog.get_logger()
SOCKET_NAME = "tocsin.sock"
GROUP = "tocsin"
# A file that is attached comes in one line of base64: config/attachments.py has the largest.
_MAX_LINE = 32 * 1024 * 1024
_MAX_ANSWER = 16 * 1024 * 1024
_PATIENCE = 30.0
_NO_ANSWER = "the daemon did not answer; whether the change was made is not known: look "
_LOOK = {
    "outbox": "with `tocsin outbox list`",
    "connectors": "with `tocsin outbox list`",
    "reload": "at its log",
    "desk": "with `tocsin tickets show`",
    "tickets.move": "with `tocsin tickets show`",
    "maintenance": "with `tocsin maintenance list`",
    "changes": "with `tocsin changes list`",
    "silence": "with `tocsin silence list`",
    "pause": "with `tocsin status`",
    "resume": "with `tocsin status`",
    "recheck": "with `tocsin status`",
}
Answer = Callable[[str, dict[str, Any], str], Awaitable[Any]]


Why = Literal["", "missing", "illegal", "stale", "not_now"]


class Refused(Exception):
    """The request cannot be done; the text is for the person who asked. `usage`: it never could.

    `why` says of a thing that it is `missing`, is in another state (`illegal`), or was changed meanwhile (`stale`);
    `not_now`: the store cannot write.
    """

    def __init__(self, text: str, *, usage: bool = False, why: Why = "") -> None:
        super().__init__(text)
        self.usage, self.why = usage, why


class NotRunning(Exception):
    """No daemon answers on the socket."""


class ControlServer:
    """Listens in the state directory and hands requests to `answer(command, arguments, who)`."""

    def __init__(self, directory: Path, answer: Answer) -> None:
        self._path, self._answer = directory / SOCKET_NAME, answer
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Take the place of whatever socket is there: the state lock says that no one else listens."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=_MAX_LINE)
        gid = _group_id()
        if gid is not None and os.geteuid() == 0:
            os.chown(self._path, -1, gid)
        self._path.chmod(0o660)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(
                OSError
            ):  # where nobody may write any more it stays; the next start takes it
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._answered(reader, writer.get_extra_info("socket"))
            writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            return
        finally:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, peer: Any) -> dict[str, Any]:
        who = permitted(peer)
        if who is None:
            return {"error": "permission denied: become root, or the user that runs tocsin"}
        async with asyncio.timeout(_PATIENCE):
            request = json.loads(await reader.readline())
        if not isinstance(request, dict) or not isinstance(request.get("command"), str):
            return {"error": "expected a command"}
        try:
            return {"result": await self._answer(request["command"], request.get("arguments") or {}, who)}
        except Refused as error:
            return {"error": str(error), "usage": error.usage}
        except Exception:
            log.exception("control.failed", command=request["command"])
            return {"error": "the daemon failed; its log says how", "fault": True}


def permitted(peer: Any) -> str | None:
    """The name of the person behind a connection, when it is root, our own user, or of our group."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, gid = struct.unpack("3i", credentials)
    name = user_name(uid)
    if uid in (0, os.geteuid()):
        return name
    wanted = _group_id()
    try:
        groups = os.getgrouplist(name, gid)
    except (OSError, KeyError):
        groups = [gid]
    return name if wanted is not None and wanted in groups else None


def user_name(uid: int) -> str:
    """The login name of a user id, or the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def ask(directory: Path, command: str, patience: float = _PATIENCE, **arguments: Any) -> Any:
    """Ask the daemon of that state directory. Raises NotRunning, or Refused with its words.

    It has `patience` seconds for each part of its answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(patience)
        try:
            peer.connect(str(directory / SOCKET_NAME))
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunning from None
        except PermissionError:
            raise Refused("permission denied: become root, or the user that runs tocsin") from None
        except OSError as error:  # busy, or no path for a socket: nothing was asked yet
            reason = (error.strerror or str(error)).lower()
            raise Refused(f"the daemon cannot be asked: {reason}") from None
        try:
            answer = _asked(peer, {"command": command, "arguments": arguments})
        except (OSError, ValueError):  # ended, reset, silent, or cut off in the middle of its answer
            raise Refused(_NO_ANSWER + _where_to_look(command)) from None
    if "error" in answer:
        raise Refused(str(answer["error"]), usage=answer.get("usage") is True)
    return answer.get("result")


def _where_to_look(command: str) -> str:
    return _LOOK.get(command) or _LOOK.get(command.partition(".")[0], "whether it runs")


def _asked(peer: socket.socket, request: dict[str, Any]) -> dict[str, Any]:
    peer.sendall(json.dumps(request).encode() + b"\n")
    with peer.makefile("rb") as stream:
        answer = json.loads(stream.readline(_MAX_ANSWER))
    if not isinstance(answer, dict):
        raise ValueError("an answer is an object")
    return answer


def _group_id() -> int | None:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return None
