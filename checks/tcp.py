"""TCP: can a connection be opened in time, and does the right thing answer?

The addresses of the host are tried in turn within the check's `timeout`. With neither `send`, `expect` nor `dialog`
the check only connects. `send` is sent as soon as the connection (and TLS) stands; then the answer is read
until `expect` is found in it, at most 64 KiB.

`expect` is an RE2 pattern searched anywhere in the answer; `^` and `$` match at each line, and a line may
end with CR LF or LF. A byte that is no text is found by its number, such as `\\xff`.

`starttls` names the protocol in whose words TLS is asked for, before anything of yours is sent. What a server
says in plain text ahead of the handshake is refused: anybody on the way can have put it in.

A `dialog` is a list of steps for longer talks. A step waits for a line that matches its `expect`, skipping those
before it, and then sends its `send` as a line; `${1}` stands for the first group of the last `expect`, and `values`
keeps groups as values of your own. `starttls: true` turns to TLS where a protocol has ways of its own, at the end of
its step. With either way of STARTTLS, `tls:` may say how (`tls: {verify: false}`), but not `true`:

```yaml
dialog:
  - expect: "^220 .*ESMTP"
    send: EHLO tocsin.example.org
  - expect: "^250-STARTTLS"
    send: STARTTLS
  - expect: "^220 "
  - starttls: true
  - send: QUIT
```
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

from checks.base import Context, Kind, NamedGauge, Observation, Scalar, Traces
from checks.certificates import chain_days
from checks.connection import Deadline, Distrusted, Fault, Link, Secure, connected, secured
from checks.distrusted import explained
from checks.hosts import addresses_of
from checks.starttls import ask
from checks.tcp_dialog import MOST_READ, Conversation
from checks.tcp_spec import VALUES, TcpSpec
from checks.tcp_talk import ask_once, shown, stream_faults, words_of
from checks.trust import days_left, securely, sent_chain
from config.conditions import Measure

__all__ = ["KIND", "MOST_READ", "TcpSpec", "probe"]

_COSTLY = frozenset({"chain_days", "issuer"})


@dataclass(slots=True)
class _Look:
    """One look, filled in as it goes: a failure keeps what came before it."""

    spec: TcpSpec
    context: Context
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    traces: Traces = field(default_factory=Traces)

    def observation(self, fault: Fault | None = None) -> Observation:
        return Observation(
            values={"latency": None, "banner": None, "cert_days": None, **self.values},
            failure=None if fault is None or fault.blind else fault.message,
            blind=fault.message if fault is not None and fault.blind else None,
            error_kind=fault.kind if fault is not None else None,
            phases={name: round(seconds, 6) for name, seconds in self.phases.items()},
            traces=self._traces(fault) if self.context.closely else None,
        )

    def _traces(self, fault: Fault | None) -> Traces:
        return replace(self.traces, chain=fault.chain) if isinstance(fault, Distrusted) else self.traces

    def connected(self, link: Link, addresses: tuple[str, ...]) -> None:
        self.phases.update(link.phases)
        self.values["ip"] = link.address
        self.values["latency"] = self._latency()
        self.traces = Traces(addresses=addresses, answered=link.address)

    def protected(self, link: Link) -> None:
        """TLS stands: what is to be said of it."""
        self.phases.update(link.phases)
        self.values["latency"] = self._latency()
        found = link.ssl_object
        if found is None:
            return
        cipher = found.cipher()
        self.values |= {
            "cert_days": days_left(found, self.context.now),
            "tls_version": (found.version() or "").replace("TLSv1", "TLS 1") or None,
            "cipher": cipher[0] if cipher else None,
        }
        if self.context.closely or self.context.asked & _COSTLY:
            self._certified(found)

    def _latency(self) -> float:
        return round(sum(seconds for name, seconds in self.phases.items() if name != "resolve"), 6)

    def _certified(self, found: ssl.SSLObject) -> None:
        chain = sent_chain(found)
        self.values["chain_days"] = chain_days(chain, self.context.now)
        self.values["issuer"] = chain[0].issuer if chain else None
        self.traces = Traces(self.traces.addresses, chain, self.traces.answered)


async def probe(spec: TcpSpec, context: Context) -> Observation:
    """Connect, speak if asked to, close."""
    look = _Look(spec, context)
    try:
        await _look(look)
    except Fault as fault:
        return look.observation(fault)
    return look.observation()


async def _look(look: _Look) -> None:
    """Fills in what is seen as it is seen, so that a failure keeps what came before it."""
    spec, deadline = look.spec, Deadline.after(look.context.timeout)
    words_of(spec)  # a secret that is not there is told before anybody is asked
    wants_tls = spec.tls or spec.starttls or spec.turns
    secure = await asyncio.to_thread(_secure, spec) if wants_tls else None
    before = perf_counter()
    addresses = await addresses_of(spec.host, look.context, deadline, spec.ip, resolver=spec.resolver)
    look.phases["resolve"] = perf_counter() - before
    look.traces = Traces(addresses=addresses)
    try:
        async with connected(addresses, spec.port, deadline, secure if spec.at_once else None) as link:
            look.connected(link, addresses)
            if spec.at_once:
                look.protected(link)
            if spec.starttls and secure is not None:
                link = await _upgraded(look, link, secure, deadline)
            if spec.dialog:
                await _hold(look, link, secure, deadline)
            else:
                await _ask_once(look, link, deadline)
    except Fault as fault:
        if spec.turns:
            raise  # nobody but the dialog knows the way to the certificate
        raise await explained(
            fault, (addresses, spec.port, spec.starttls), spec.trust, look.context, deadline
        ) from None


def _secure(spec: TcpSpec) -> Secure:
    trust = spec.trust
    return securely(trust.server_name or spec.host, trust.ca, verify=trust.verify, proof=trust.proof)


async def _upgraded(look: _Look, link: Link, secure: Secure, deadline: Deadline) -> Link:
    """TLS, asked for in the protocol's own words."""
    assert look.spec.starttls is not None
    before = perf_counter()
    await ask(look.spec.starttls, link, look.spec.trust.server_name or look.spec.host, deadline)
    look.phases["starttls"] = perf_counter() - before
    return await _turned(look, link, secure, deadline)


async def _turned(look: _Look, link: Link, secure: Secure, deadline: Deadline) -> Link:
    safe = await secured(link, secure, deadline)
    look.protected(safe)
    return safe


async def _hold(look: _Look, link: Link, secure: Secure | None, deadline: Deadline) -> None:
    async def turn(plain: Link) -> Link:
        assert secure is not None
        return await _turned(look, plain, secure, deadline)

    talk = Conversation(link, deadline, turn)
    try:
        with stream_faults(link):
            await talk.hold(look.spec.dialog)
    finally:
        look.values |= {"banner": shown(talk.heard), **talk.values}


async def _ask_once(look: _Look, link: Link, deadline: Deadline) -> None:
    heard = bytearray()
    try:
        await ask_once(link, look.spec, deadline, heard)
    finally:
        look.values["banner"] = shown(heard)


def _named(spec: TcpSpec) -> Mapping[str, Measure]:
    return {name: Measure(text=True) for step in spec.dialog for name in step.values}


KIND = Kind(
    name="tcp",
    summary="opens a TCP connection and judges its speed, the answer and the certificate",
    spec=TcpSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=True,
    degraded="cert_days < 14",
    example="type: tcp\nhost: mail.example.org\nport: 25\nexpect: ^220 .*ESMTP\ndegraded: latency > 500ms\n",
    open_values=True,
    named=_named,
    named_gauge=NamedGauge("values", "name", "Values of a dialog, which are all text.", units=()),
)
