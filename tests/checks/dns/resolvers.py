"""Real name servers on free ports of loopback: unbound with zones signed here, and dnsmasq."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.dnssec
import dns.message
import dns.query
import dns.zone
import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

_UNBOUND = """
server:
  directory: "{here}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: "{here}/log"
  interface: 127.0.0.1@{port}
  interface: 127.0.0.1@{dot}
  interface: 127.0.0.1@{doh}
  port: {port}
  tls-port: {dot}
  https-port: {doh}
  tls-service-key: "{here}/server.key"
  tls-service-pem: "{here}/server.pem"
  module-config: "validator iterator"
  trust-anchor-file: "{here}/anchors"
  ede: yes
  local-zone: "plain.test." static
  local-data: "plain.test. 300 IN A 192.0.2.7"
  local-zone: "test." nodefault
auth-zone:
  name: "signed.test."
  zonefile: "{here}/signed.zone"
  for-downstream: no
auth-zone:
  name: "bogus.test."
  zonefile: "{here}/bogus.zone"
  for-downstream: no
remote-control:
  control-enable: no
"""
_ZONE = "@ 300 IN SOA ns noc 2026 2 3 4 300\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\nwww 300 IN A {address}\n"


@dataclass(frozen=True, slots=True)
class Resolver:
    """Its ports, and who vouches for it."""

    port: int
    dot: int
    doh: int
    ca: str


@contextlib.contextmanager
def unbound(program: Path, here: Path, ports: tuple[int, int, int]) -> Iterator[Resolver]:
    """Knows plain.test, verifies signed.test, and finds bogus.test forged."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(here / "ca.pem"))
    issued = authority.issue_cert("127.0.0.1", "dns.example.org")
    issued.private_key_pem.write_to_path(str(here / "server.key"))
    for number, each in enumerate(issued.cert_chain_pems):
        each.write_to_path(str(here / "server.pem"), append=number > 0)
    anchors = [
        _zone(here / "signed.zone", "signed.test."),
        _zone(here / "bogus.zone", "bogus.test.", forged=True),
    ]
    (here / "anchors").write_text("\n".join(anchors) + "\n", encoding="utf-8")
    port, dot, doh = ports
    text = _UNBOUND.format(here=here, port=port, dot=dot, doh=doh)
    (here / "unbound.conf").write_text(text, encoding="utf-8")
    with _running([str(program), "-d", "-c", str(here / "unbound.conf")], port):
        yield Resolver(port, dot, doh, str(here / "ca.pem"))


@contextlib.contextmanager
def dnsmasq(program: Path, port: int, *options: str) -> Iterator[int]:
    """Knows what the options tell it, and asks nobody else."""
    fixed = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file="]
    where = [f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--user="]
    with _running([str(program), *fixed, *where, *options], port):
        yield port


def _zone(path: Path, origin: str, *, forged: bool = False) -> str:
    """Writes the zone, signed; what is forged was changed afterwards. Gives its key as a trust anchor."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(key.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    zone = dns.zone.from_text(_ZONE.format(address="192.0.2.8"), origin, relativize=False)
    dns.dnssec.sign_zone(zone, keys=[(key, public)], add_dnskey=True, lifetime=86400, dnskey_ttl=300)
    text = zone.to_text(relativize=False)
    path.write_text(text.replace("192.0.2.8", "203.0.113.8") if forged else text, encoding="utf-8")
    return f"{origin} IN DNSKEY {public.to_text()}"


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            _wait_until_it_answers(process, port)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _wait_until_it_answers(process: subprocess.Popen[str], port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            dns.query.udp(dns.message.make_query("plain.test", "A"), "127.0.0.1", timeout=0.2, port=port)
            return
    process.terminate()
    raise RuntimeError(f"{process.args!r} does not answer: {process.communicate()[0]}")


def free_ports(number: int) -> tuple[int, ...]:
    """Ports that were free for TCP and UDP a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        found = list[int]()
        while len(found) < number:
            stream = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with contextlib.suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                found.append(port)
        return tuple(found)
