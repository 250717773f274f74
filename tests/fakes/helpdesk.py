"""A small real tracker over HTTP on loopback, which misbehaves as told and fails the test on any call not announced.

`python -m tests.fakes.helpdesk [PORT]` runs it alone and prints its calls.

    with Helpdesk() as desk:
        desk.expect("create", service="shop")
        desk.fault("create", "lose_reply")
        ...
        desk.human("close", 1)

Calls: `me`, `find`, `read`, `list` (allowed at all times), `create`, `comment`, `priority`, `resolve`,
`reopen` (announced).
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.web_server import WebServer

Ticket = dict[str, Any]
ANY = 1_000_000
_READS = frozenset({"me", "find", "read", "list"})
_ENDED = ("resolved", "closed")


@dataclass
class Call:
    """One call as it came in: what was asked, of which ticket, with which body, and what it was answered."""

    what: str
    ticket: int | None
    body: dict[str, Any]
    status: int = 0


@dataclass
class Expected:
    """An announced call: `what` with these facts in its body or its ticket, at most so many `times`."""

    what: str
    times: int
    facts: dict[str, Any]
    came: int = 0


@dataclass
class Fault:
    """How the next `times` calls of a sort go wrong.

    `lose_reply`: done, and the connection is cut. `hold_reply`: done, and the answer waits for `release()`.
    `no_effect`: 2xx, and nothing done. `busy`: 429 with Retry-After of `after` seconds; `busy_until`: as a date.
    `html`: 500 with an HTML page, nothing done. `html_done`: the same, but done. `refused`: 422. `denied`: 401.
    `slow`: the connection is cut after `after` seconds, nothing done.
    """

    how: str
    times: int = 1
    after: float = 30.0


@dataclass
class Helpdesk:
    """The tracker. `lag`: how long a new ticket is not found by its key, in seconds of `clock`."""

    lag: float = 0.0
    clock: Callable[[], float] = time.monotonic
    token: str = "fake-token"
    tickets: dict[int, Ticket] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    unexpected: list[Call] = field(default_factory=list)
    port: int = 0
    _expected: list[Expected] = field(default_factory=list)
    _faults: dict[str, list[Fault]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _released: threading.Event = field(default_factory=threading.Event)
    _server: WebServer | None = None
    _connections: set[socket.socket] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def expect(self, what: str, times: int = 1, **facts: Any) -> None:
        """Announce a writing call; facts are compared with its body, then with its ticket. `times=ANY`: any number."""
        with self._lock:
            self._expected.append(Expected(what, times, facts))

    def fault(self, what: str, how: str, times: int = 1, after: float = 30.0) -> None:
        """The next calls of that sort (`*`: of any) go wrong; see Fault."""
        with self._lock:
            self._faults.setdefault(what, []).append(Fault(how, times, after))

    def heal(self) -> None:
        """No more faults; what was held is answered."""
        with self._lock:
            self._faults.clear()
        self.release()

    def release(self) -> None:
        """Let answers go that are held."""
        self._released.set()

    def human(self, act: str, number: int, by: str = "jo", **change: Any) -> None:
        """A person acts over there: close, resolve, reopen, acknowledge, rename, relabel, comment, delete, merge."""
        with self._lock:
            ticket = self.tickets[number]
            if act == "delete":
                del self.tickets[number]
                return
            states = {"close": "closed", "resolve": "resolved", "reopen": "open"}
            changes: dict[str, dict[str, Any]] = {
                "acknowledge": {"acknowledged": True, "assignee": by},
                "rename": {"title": change.get("title", "something else")},
                "relabel": {"labels": change.get("labels", {})},
                "merge": {"state": "merged", "merged_into": change.get("into")},
            }
            if act in states:
                ticket.update(state=states[act], by=by)
            elif act == "comment":
                said = {"id": "", "by": by, "text": change.get("text", "looking")}
                ticket["comments"].append({**said, "number": len(ticket["comments"]) + 1})
            else:
                ticket.update(changes[act])

    def of_key(self, key: str) -> list[Ticket]:
        """All tickets of a key, whether they are found by it yet or not."""
        return [ticket for ticket in self.tickets.values() if ticket["key"] == key]

    def count(self, what: str) -> int:
        """How many calls of a sort came in."""
        return sum(call.what == what for call in self.calls)

    def verify(self) -> None:
        """Fail on calls that were not announced, and on announced ones that never came."""
        assert not self.unexpected, f"calls that nobody announced: {self.unexpected}"
        lacking = [each for each in self._expected if not each.came]
        assert not lacking, f"announced, and never came: {lacking}; calls: {self.calls}"

    def open(self) -> None:
        """Listen; on the same port as before, if there was one."""
        server = WebServer(("127.0.0.1", self.port), _handler(self))
        self._server, self.port = server, server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            cut(connection)

    def connected(self, connection: socket.socket, *, ended: bool = False) -> None:
        """Kept alive, a connection would outlive the listener."""
        (self._connections.discard if ended else self._connections.add)(connection)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self.close()
        if kind is None:
            self.verify()

    def next_fault(self, what: str) -> Fault | None:
        with self._lock:
            for name in (what, "*"):
                for fault in self._faults.get(name, ()):
                    if fault.times > 0:
                        fault.times -= 1
                        return fault
        return None

    def heard(self, call: Call) -> None:
        """Record a call, and whether it was announced."""
        with self._lock:
            self.calls.append(call)
            if call.what in _READS:
                return
            about = {**self.tickets.get(call.ticket or 0, {}), **call.body}
            for each in self._expected:
                fits = all(about.get(name) == value for name, value in each.facts.items())
                if each.what == call.what and each.came < each.times and fits:
                    each.came += 1
                    return
            self.unexpected.append(call)

    def hold(self) -> None:
        self._released.wait(120)
        self._released.clear()

    def done(self, call: Call) -> tuple[int, Any]:
        """Do what was asked; status and document."""
        with self._lock:
            return getattr(self, f"_{call.what}")(call)  # type: ignore[no-any-return]

    def _me(self, _call: Call) -> tuple[int, Any]:
        return 200, {"name": "monitoring"}

    def _find(self, call: Call) -> tuple[int, Any]:
        now = self.clock()
        return 200, [each for each in self.of_key(call.body["key"]) if each["created"] + self.lag <= now]

    def _list(self, call: Call) -> tuple[int, Any]:
        still = [each for each in self.tickets.values() if each["state"] == "open"]
        return 200, still[::-1][: call.body["most"]]

    def _read(self, call: Call) -> tuple[int, Any]:
        ticket = self.tickets.get(call.ticket or 0)
        return (200, ticket) if ticket is not None else (404, {"error": "no such ticket"})

    def _create(self, call: Call) -> tuple[int, Any]:
        number = max(self.tickets, default=0) + 1
        fresh = {"state": "open", "acknowledged": False, "assignee": None, "by": None, "comments": []}
        ticket = {**fresh, "labels": {}, **call.body, "id": number, "created": self.clock()}
        self.tickets[number] = ticket
        return 201, ticket

    def _comment(self, call: Call) -> tuple[int, Any]:
        ticket = self.tickets.get(call.ticket or 0)
        if ticket is None:
            return 404, {"error": "no such ticket"}
        if ticket["state"] == "closed":
            return 422, {"error": "closed is final"}
        ticket["comments"].append({**call.body, "by": None, "number": len(ticket["comments"]) + 1})
        return 201, ticket

    def _change(self, call: Call, **changes: Any) -> tuple[int, Any]:
        ticket = self.tickets.get(call.ticket or 0)
        if ticket is None:
            return 404, {"error": "no such ticket"}
        if ticket["state"] == "closed":
            return 422, {"error": "closed is final"}
        ticket.update(changes, by="monitoring" if "state" in changes else ticket["by"])
        return 200, ticket

    def _priority(self, call: Call) -> tuple[int, Any]:
        return self._change(call, priority=call.body["priority"])

    def _resolve(self, call: Call) -> tuple[int, Any]:
        return self._change(call, state="resolved")

    def _reopen(self, call: Call) -> tuple[int, Any]:
        return self._change(call, state="open")


def cut(connection: socket.socket) -> None:
    """End it for both sides."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _handler(desk: Helpdesk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            parts, asked = split.path.strip("/").split("/"), parse_qs(split.query)
            if parts == ["me"]:
                self._serve(Call("me", None, {}))
            elif parts == ["tickets"] and "most" in asked:
                self._serve(Call("list", None, {"most": int(asked["most"][0])}))
            elif parts == ["tickets"]:
                self._serve(Call("find", None, {"key": asked.get("key", [""])[0]}))
            else:
                self._serve(Call("read", int(parts[1]), {}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            parts = urlsplit(self.path).path.strip("/").split("/")
            if parts == ["tickets"]:
                self._serve(Call("create", None, body))
            else:
                self._serve(Call(parts[2], int(parts[1]), body))

        def _serve(self, call: Call) -> None:
            fault = desk.next_fault(call.what)
            how = fault.how if fault else ""
            desk.heard(call)
            if self.headers["Authorization"] != f"Bearer {desk.token}" or how == "denied":
                self._answer(call, 401, {"error": "who are you"})
            elif fault and how in ("busy", "busy_until"):
                after = (
                    str(round(fault.after))
                    if how == "busy"
                    else formatdate(time.time() + fault.after, usegmt=True)
                )
                self._answer(call, 429, {"error": "slow down"}, after)
            elif how == "html":
                self._answer(call, 500, "<html><h1>Oops</h1></html>")
            elif how == "refused":
                self._answer(call, 422, {"error": "field Cause is required"})
            elif how == "no_effect":
                self._answer(call, 200, desk.tickets.get(call.ticket or 0, {"id": 999}))
            elif fault and how == "slow":
                time.sleep(fault.after)
                self._cut()
            else:
                self._done(call, how)

        def _done(self, call: Call, how: str) -> None:
            status, document = desk.done(call)
            if how == "hold_reply":
                desk.hold()
            if how in ("lose_reply", "hold_reply"):
                self._cut()
            elif how == "html_done":
                self._answer(call, 500, "<html><h1>Oops</h1></html>")
            else:
                self._answer(call, status, document)

        def _cut(self) -> None:
            self.close_connection = True
            cut(self.connection)

        def _answer(self, call: Call, status: int, document: Any, after: str = "") -> None:
            call.status = status
            html = isinstance(document, str)
            body = document.encode() if html else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.send_header("Content-Length", str(len(body)))
            if after:
                self.send_header("Retry-After", after)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

        def handle(self) -> None:
            desk.connected(self.connection)
            with contextlib.suppress(OSError, ValueError):  # the daemon was killed, or we cut the connection
                super().handle()
            desk.connected(self.connection, ended=True)

    return Handler


def main() -> None:
    """Run alone until Ctrl-C, and print each call."""
    desk = Helpdesk(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    desk.open()
    print(f"{desk.url} token {desk.token}", flush=True)
    shown = 0
    try:
        while True:
            time.sleep(0.2)
            for call in desk.calls[shown:]:
                print(json.dumps({"what": call.what, "ticket": call.ticket, **call.body}), flush=True)
                shown += 1
    except KeyboardInterrupt:
        desk.close()


if __name__ == "__main__":
    main()
