"""Whether the daemon runs and answers, and whether its addresses are its own."""

from __future__ import annotations

import errno
import http.client
import socket
from collections.abc import Iterator

from agent.control import NotRunning, Refused, ask
from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.lock import is_held

_PATIENCE = 4.0
_PRIVILEGED = 1024


def running(ground: Ground) -> Iterator[Finding]:
    """Somebody holds the lock, and who holds it answers."""
    topic, what = "daemon", "running"
    start = "systemctl enable --now tocsin" if ground.unit.is_there else "tocsin run"
    look_why = "journalctl -u tocsin -e" if ground.unit.is_there else "look at what it logs"
    if not is_held(ground.state_dir):
        yield finding(topic, what, "warn", "no daemon runs: nobody looks", start)
        return
    try:
        ask(ground.state_dir, "connectors.check", patience=_PATIENCE, names=[])
    except NotRunning:
        text = "somebody writes to the state directory, but does not answer: it starts, ends or hangs"
        yield finding(topic, what, "fail", text, look_why)
    except Refused as error:
        yield finding(topic, what, "fail", str(error), look_why)
    else:
        yield finding(topic, what, "ok", "it runs and answers")


def ports(ground: Ground) -> Iterator[Finding]:
    """The addresses that are listened on: free, or ours."""
    agent, ours = ground.config.agent, is_held(ground.state_dir)
    metrics = agent.metrics.listen
    named = {"agent.listen": agent.listen, **({"agent.metrics.listen": metrics} if metrics else {})}
    for setting, address in named.items():
        host, _, number = address.rpartition(":")
        host, port = host.strip("[]"), int(number)
        if port == 0:
            yield finding("ports", setting, "ok", f"{address}: any port that is free")
        elif ours:
            tls = agent.web.tls is not None and setting == "agent.listen"
            yield _ours(setting, address, (host, port), tls=tls)
        else:
            yield _free(setting, address, (host, port), ground)


def _ours(setting: str, address: str, place: tuple[str, int], *, tls: bool) -> Finding:
    """By what /-/healthy says; under TLS that something takes the connection must do."""
    whole = ("127.0.0.1" if place[0] == "0.0.0.0" else "::1" if place[0] == "::" else place[0], place[1])
    connection = http.client.HTTPConnection(*whole, timeout=_PATIENCE)
    try:
        connection.connect()
        if tls:
            return finding("ports", setting, "ok", f"{address} takes connections")
        connection.request("GET", "/-/healthy", headers={"Host": address})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        text = f"{address} does not answer though the daemon runs: {error}"
        remedy = "systemctl restart tocsin, if the address was changed since it started"
        return finding("ports", setting, "fail", text, remedy)
    finally:
        connection.close()
    if status == http.client.OK:
        return finding("ports", setting, "ok", f"{address} answers")
    text = (
        f"{address} answers /-/healthy with HTTP {status}: another program listens there, or it is not well"
    )
    return finding("ports", setting, "fail", text, f"ss -ltnp 'sport = :{place[1]}'")


def _free(setting: str, address: str, place: tuple[str, int], ground: Ground) -> Finding:
    if ground.unit.listens:
        return finding("ports", setting, "ok", f"{address}: systemd listens (tocsin.socket)")
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(found[0][4])
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, f"name another address in {setting}")
        text = f"{address} cannot be listened on: {(error.strerror or str(error)).lower()}"
        return finding("ports", setting, "fail", text, remedy.replace("PORT", str(place[1])))
    return finding("ports", setting, "ok", f"{address} is free")


_REMEDIES = {
    errno.EADDRINUSE: "see who has it with: ss -ltnp 'sport = :PORT'; stop that, or name another address",
    errno.EACCES: f"ports below {_PRIVILEGED} are for root: let systemd listen (tocsin.socket), or name a higher one",
    errno.EADDRNOTAVAIL: "no address of this host: see ip address",
}
