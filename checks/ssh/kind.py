"""SSH: does the server speak SSH, with which algorithms, is it the right one, and does it let us in?

Greeting and algorithms are read without exchanging any keys, and the connection is ended with good manners.
`weak` names what should be switched off: SHA-1 for key exchanges and host keys, DSA, CBC and older ciphers, MD5
and cut MACs, protocol 1, and a key exchange that is open to Terrapin. `degraded: weak_count > 0` keeps watch.
Names of algorithms stand without the `@openssh.com` that private ones end with.

`host_key` says by its fingerprint which key the server must have (`ssh-keygen -l -f` of a public key shows
it); of whatever sort it is, the server is asked for it. Another key is down, with error kind `tls`: another
server answers, or its key was changed. A key counts once the server has signed the key exchange with it. Without
the option the key that was seen first is remembered by a check
that logs in, and a password is never sent to another; once a new one is right, write it down as `host_key`.

With `auth` the server is logged in to, by password or key, and nothing is run there. A login that is refused
has the error kind `auth`. Looking at the host key or logging in takes a second connection.

OpenSSH from 9.8 on may lock out addresses that connect often without logging in: name the address of the monitor
in its `PerSourcePenaltyExemptList`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Value
from checks.connection import Deadline, Fault, connected
from checks.dialogue import Dialogue
from checks.hosts import addresses_of
from checks.line_server import Look
from checks.ssh.key_exchange import Met, Target, families, meet
from checks.ssh.offer import Offer, greeted, offered
from checks.ssh.spec import SshSpec
from checks.ssh.weak import weak
from checks.text import visible

_MOST = 2000


async def probe(spec: SshSpec, context: Context) -> Observation:
    """Greet; exchange keys and log in, as far as asked to."""
    look = Look(context, Deadline.after(context.timeout), memo=context.memo)
    try:
        target, offer = await _greet(spec, look)
        asked = bool(context.asked & {"host_key", "login"}) or context.closely
        if spec.auth is not None or spec.host_key is not None or asked:
            await _identify(spec, look, target, offer)
    except Fault as fault:
        return look.observation(fault)
    return look.observation()


async def _greet(spec: SshSpec, look: Look) -> tuple[Target, Offer]:
    """Everything that is said in the open. Raises Fault."""
    before = asyncio.get_running_loop().time()
    addresses = await addresses_of(spec.host, look.context, look.deadline, spec.ip, resolver=spec.resolver)
    look.reached(addresses, asyncio.get_running_loop().time() - before)
    async with connected(addresses, spec.port, look.deadline) as link:
        look.connected(link)
        try:
            offer = await _heard(Dialogue(link, look.deadline), look)
        finally:
            look.answered()
        return Target(link.address, spec.port, link.where, look.deadline), offer


async def _heard(dialogue: Dialogue, look: Look) -> Offer:
    before = asyncio.get_running_loop().time()
    version = await greeted(dialogue)
    look.phases["greeting"] = asyncio.get_running_loop().time() - before
    look.values |= {
        "banner": visible(version.line),
        "software": visible(version.software) or None,
        "protocol": version.protocol,
    }
    offer = await offered(dialogue)
    wrong = weak(version, offer)
    look.values |= {
        "kex": _told(offer.kex),
        "host_keys": _told(offer.host_keys),
        "ciphers": _told(offer.ciphers),
        "macs": _told(offer.macs),
        "weak": _told(wrong) or None,
        "weak_count": len(wrong),
    }
    return offer


def _told(names: Sequence[str]) -> str:
    """Each once, without the `@openssh.com` that private ones end with: it would pass for a mail address."""
    short = dict.fromkeys(name.partition("@")[0] for name in names)
    return visible(", ".join(short), _MOST)


async def _identify(spec: SshSpec, look: Look, target: Target, offer: Offer) -> None:
    """Which key the server has, whether that is right, and whether it lets us in. Raises Fault."""
    known, family = _remembered(look.context.memo)
    sorts = sorted(families(offer.host_keys), key=lambda each: each != family)
    if not sorts:
        raise Fault(f"{target.where} offers no sort of host key that can be checked", ErrorKind.PROTOCOL)
    if spec.host_key is None:
        sorts = sorts[:1]
    right = frozenset(spec.host_key) if spec.host_key else frozenset([known] if known else []) or None
    before = asyncio.get_running_loop().time()
    if spec.auth is not None:
        look.values["login"] = False
    for sort in sorts:
        met = await meet(target, sort, right, spec.auth)
        look.values["host_key"] = met.fingerprint
        if right is None or met.fingerprint in right:
            _believed(spec, look, met, sort)
            look.phases["key_exchange"] = asyncio.get_running_loop().time() - before
            return
    raise _another_key(spec, target, str(look.values["host_key"]), known)


def _believed(spec: SshSpec, look: Look, met: Met, family: str) -> None:
    if met.fingerprint is not None:
        look.memo = {"host_key": met.fingerprint, "family": family}
    if spec.auth is not None:
        look.values["login"] = met.login


def _remembered(memo: Any) -> tuple[str | None, str | None]:
    """The fingerprint and the sort of the key that was believed before."""
    told = memo if isinstance(memo, dict) else {}
    known, family = told.get("host_key"), told.get("family")
    return (
        known if isinstance(known, str) else None,
        family if isinstance(family, str) else None,
    )


def _another_key(spec: SshSpec, target: Target, seen: str, known: str | None) -> Fault:
    if spec.host_key is None:
        text = (
            f"host key of {target.where} changed from {known} to {seen} (if that is right: host_key: {seen})"
        )
    else:
        text = f"host key of {target.where} is {seen}, which is none of those in host_key"
    return Fault(visible(text, 300), ErrorKind.TLS)


KIND = Kind(
    name="ssh",
    summary="talks to a server by SSH: greeting, algorithms and weak ones among them, host key, login",
    spec=SshSpec,
    probe=probe,
    values=(
        Value("latency", "seconds", "time from connecting to the list of algorithms, name lookup not"),
        Value("connect", "seconds", "time spent connecting"),
        Value("banner", "", "the greeting, one line of at most 200 characters", text=True),
        Value("software", "", "what the greeting names, such as `OpenSSH_9.2p1`", text=True),
        Value("protocol", "", "version of the protocol: `2.0`, or `1.99` beside the old one", text=True),
        Value("weak", "", "algorithms that should be switched off, separated by commas", text=True),
        Value("weak_count", "", "how many these are", least=0, whole=True),
        Value("kex", "", "key exchanges offered, separated by commas", text=True),
        Value("host_keys", "", "algorithms of host keys offered", text=True),
        Value("ciphers", "", "ciphers offered", text=True),
        Value("macs", "", "message authentication codes offered", text=True),
        Value(
            "host_key",
            "",
            "fingerprint of the server's key; where a condition, `host_key` or `auth` wants it",
            text=True,
        ),
        Value("login", "", "whether the login worked; only with `auth`"),
    ),
    counts_for_uptime=True,
    example=(
        "type: ssh\nhost: host.example.org\n"
        "host_key: SHA256:uNiVztksCsDhcc0u9e8BrVZXvY3L4SGOyrLDSnpJ7gk\n"
        "auth: {user: probe, key: /etc/tocsin/ssh-probe.key}\n"
        "degraded: weak_count > 0 or latency > 1s\n"
    ),
)
