"""TLS: the certificate of any port, its chain, and how well the connection is protected.

The check connects, asks for TLS in the protocol's own words where `starttls` says so, shakes hands and closes;
nothing else is sent. It is down when the handshake fails or the certificates are not to be believed: expired (with
a negative `cert_days`), not yet valid, revoked, made for other names, signed by nobody who is trusted here, or
sent without the intermediates. All that is wrong is told at once, and the values are there all the same.

With `verify: false`, for devices inside, nothing of that is judged, but `cert_days` still counts and `trust` tells
what is wrong. `chain_days` belongs to the certificate of the chain that ends first, the root included; where the
chain could not be verified, to that of those that were sent.

`weak` names an old version (TLS 1.0 and 1.1), a broken cipher or a short key; by default the check is then degraded.
To see what a server takes, old versions and ciphers are offered after the sound ones.

A revoked certificate is found by the lists in `crl` (of the authority that issued it, or several) and by the answer
that a server staples on (OCSP), signed as it must be. A list that is out of date or of another authority says
nothing: `revocation` is then unknown, with the reason, and so is a condition on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from pydantic import Field

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Spec, Traces, Value
from checks.certificates import chain_days, leaf_days
from checks.connection import Deadline, Fault, connected
from checks.handshake import Handshake, shaken
from checks.hosts import Host, addresses_of
from checks.starttls import PORTS, StartTls, ask
from checks.tls_options import FamilyOption, Port, ResolverAddress, Tls, TlsVersion
from checks.tls_strength import weaknesses
from checks.tls_terms import Terms, ready

_HTTPS = 443
_UNKNOWN_REVOCATION = "the stapled OCSP answer proves nothing"


class _Place(Spec):
    """Where the certificate is shown."""

    host: Host = Field(description="name or address to connect to", examples=["mail.example.org"])
    port: Port | None = Field(
        None,
        description="port to connect to; default: 443, with `starttls` the protocol's own",
        examples=[993],
    )
    starttls: StartTls | None = Field(
        None, description="begin in plain text and ask for TLS in this protocol", examples=["smtp"]
    )


class TlsSpec(Tls, _Place):
    """Where the certificate is shown, and what it must prove."""

    crl: str | None = Field(
        None,
        description="file of lists of revoked certificates, PEM (several) or DER",
        examples=["/etc/tocsin/ca.crl"],
    )
    min_version: TlsVersion | None = Field(
        None, description="down when the server speaks an older version", examples=["1.2"]
    )
    ip: FamilyOption = Field("auto", description="IP version to use")
    resolver: ResolverAddress | None = Field(
        None, description="name server to ask instead of the system's", examples=["192.0.2.53"]
    )


@dataclass(slots=True)
class _Look:
    """One look, filled in as it goes: a failure keeps what came before it."""

    spec: TlsSpec
    context: Context
    values: dict[str, Scalar] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    traces: Traces = field(default_factory=Traces)

    def observation(self, fault: Fault | None) -> Observation:
        return Observation(
            values=self.values,
            failure=None if fault is None or fault.blind else fault.message,
            blind=fault.message if fault is not None and fault.blind else None,
            error_kind=fault.kind if fault is not None else None,
            phases={name: round(seconds, 6) for name, seconds in self.phases.items()},
            unread=self.unread,
            notes=tuple(self.notes),
            traces=self.traces if self.context.closely else None,
        )


async def probe(spec: TlsSpec, context: Context) -> Observation:
    """Connect, shake hands, close. Never raises for anything the world does."""
    look = _Look(spec, context)
    try:
        fault = await _shake(look)
    except Fault as raised:
        fault = raised
    return look.observation(fault)


async def _shake(look: _Look) -> Fault | None:
    """What is wrong with what was seen, if anything. Raises Fault where nothing could be seen."""
    spec, context = look.spec, look.context
    deadline = Deadline.after(context.timeout)
    terms = _terms(spec)
    await ready(terms)  # files of ours that are of no use are told before anybody is asked
    before = perf_counter()
    addresses = await addresses_of(spec.host, context, deadline, spec.ip, resolver=spec.resolver)
    look.phases["resolve"] = perf_counter() - before
    look.traces = Traces(addresses=addresses)
    port = spec.port or (PORTS[spec.starttls] if spec.starttls else _HTTPS)
    async with connected(addresses, port, deadline) as link:
        look.phases.update(link.phases)
        look.values["ip"] = link.address
        if spec.starttls:
            before = perf_counter()
            await ask(spec.starttls, link, terms.name, deadline)
            look.phases["starttls"] = perf_counter() - before
        seen = await shaken(link, terms, deadline, context.now)
    look.phases["tls"] = seen.took
    look.traces = Traces(addresses=addresses, chain=seen.chain, answered=link.address)
    _fill_in(look, seen)
    return _complaint(spec, seen, link.where)


def _terms(spec: TlsSpec) -> Terms:
    return Terms(spec.server_name or spec.host, spec.ca, spec.cert, spec.key, spec.crl)


def _complaint(spec: TlsSpec, seen: Handshake, where: str) -> Fault | None:
    fault = seen.complaint(where) if spec.verify else seen.fault
    if fault is not None:
        return fault
    if spec.min_version and seen.version and seen.version < f"TLS {spec.min_version}":
        text = f"{where} speaks {seen.version}, older than min_version {spec.min_version}"
        return Fault(text, ErrorKind.TLS)
    return None


def _fill_in(look: _Look, seen: Handshake) -> None:
    now = look.context.now
    if seen.fault is None:
        look.values["latency"] = round(sum(look.phases.values()) - look.phases["resolve"], 6)
    look.values |= {
        "cert_days": leaf_days(seen.chain, now),
        "chain_days": chain_days(seen.chain if seen.distrust else seen.path or seen.chain, now),
        "version": seen.version,
        "cipher": seen.cipher,
        "bits": seen.bits,
        "trust": ", ".join(each.why for each in seen.distrust) or ("trusted" if seen.chain else None),
        "weak": "; ".join(weaknesses(seen.version, seen.cipher, seen.bits, seen.chain)) or None,
        **_of_leaf(seen),
    }
    _fill_in_revocation(look, seen)
    if seen.disordered:
        look.notes.append("the server sends its certificates out of order")
    if seen.asked_for_proof and seen.fault is None:
        look.notes.append("the server asks for a client certificate")


def _of_leaf(seen: Handshake) -> Mapping[str, Scalar]:
    if not seen.chain:
        return {}
    leaf = seen.chain[0]
    return {
        "issuer": leaf.issuer,
        "subject": leaf.subject,
        "names": ", ".join(leaf.names) or None,
        "key": leaf.key,
        "serial": leaf.serial,
        "fingerprint": leaf.sha256,
    }


def _fill_in_revocation(look: _Look, seen: Handshake) -> None:
    """The lists of the operator and the server's own answer: one that says `revoked` is enough."""
    states = []
    if seen.ocsp is not None and seen.ocsp.unusable is None:
        states.append(seen.ocsp.state)
    if look.spec.crl is not None and seen.chain and not seen.lists:
        states.append("good")
    if any(each.why == "revoked" for each in seen.distrust):
        states.insert(0, "revoked")
    look.values["revocation"] = states[0] if states else None
    if seen.ocsp is not None and seen.ocsp.unusable is not None:
        look.notes.append(f"{_UNKNOWN_REVOCATION}: {seen.ocsp.unusable}")
    if seen.lists and "revoked" not in states:
        look.unread["revocation"] = "; ".join(seen.lists)


VALUES = (
    Value("cert_days", "days", "days until the server's certificate ends; negative after it", forecast=True),
    Value("chain_days", "days", "days until the first certificate of the chain ends", forecast=True),
    Value("version", "", "version spoken: TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3", text=True),
    Value("cipher", "", "cipher agreed on, in OpenSSL's words", text=True),
    Value("bits", "", "strength of the cipher", least=0, whole=True),
    Value("trust", "", "`trusted`, or all that is wrong: expired, wrong name …", text=True),
    Value("weak", "", "old version, broken cipher or short key; absent when there is none", text=True),
    Value("revocation", "", "good, revoked or unknown, by `crl` or a stapled answer; else absent", text=True),
    Value("issuer", "", "who issued the certificate", text=True),
    Value("subject", "", "whose certificate it is", text=True),
    Value("names", "", "hosts that the certificate names", text=True),
    Value("key", "", "sort and size of its key, such as RSA 2048", text=True),
    Value("serial", "", "its serial number, hexadecimal", text=True),
    Value("fingerprint", "", "SHA-256 of the certificate, hexadecimal", text=True),
    Value("ip", "", "address that answered", text=True),
    Value("latency", "seconds", "time to connect and shake hands, name lookup not"),
)

KIND = Kind(
    name="tls",
    summary="judges the certificate of any port: trust, days left, chain, version and cipher",
    spec=TlsSpec,
    probe=probe,
    values=VALUES,
    counts_for_uptime=False,
    degraded='cert_days < 14 or chain_days < 14 or exists weak or revocation == "unknown"',
    example="type: tls\nhost: mail.example.org\nport: 25\nstarttls: smtp\ndegraded: cert_days < 21\n",
)
