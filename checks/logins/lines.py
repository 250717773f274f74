"""Lines of the authentication log -> what happened: sshd in all its wordings, and PAM for the other programs.

What the other side may choose, such as a user's name, is never taken for sshd's own words: names are cut off from
the right, where sshd writes the address, and wherever text of theirs follows the address, from the left, where a
user that exists has a name without spaces. Where neither tells, the source is None.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Literal, NamedTuple

What = Literal["failed", "pam", "announced", "ended", "accepted", "other"]

_ADDRESS = rb"from (?P<host>\S{1,255})(?: port (?P<port>\d{1,5}))?"
_USER = rb"(?P<bad>invalid user |illegal user )?(?P<user>.*)"
# What sshd appends for a plain key; text of a certificate or of the client is another matter.
_KEY = rb"(?:: [A-Z][\w-]{1,20} (?:SHA256:[\w+/=]{20,64}|(?:MD5:)?(?:[0-9a-f]{2}:){15}[0-9a-f]{2}))?"
_SSH = rb"(?: ssh\d?)?"
_PREAUTH = rb"(?: \[preauth\])?"
_METHOD = rb"(?P<method>[\w-]{1,40}(?:/[\w-]{1,40})?)"

_FRONT = re.compile(
    rb"(?:<\d{1,3}>)?(?:\d )?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\S{8,40}) (?:\S{1,255} )?"
    rb"(?P<writer>[\w./-]{1,64})(?:\[(?P<pid>\d{1,10})\])?: ?(?P<said>.*)"
)
_REPEATED = re.compile(rb"message repeated (\d{1,9}) times: \[ ?(.*)\]")
_LAST_REPEATED = re.compile(rb"last message repeated (\d{1,9}) times")

# Tried in order; each is matched against the whole message.
_SSHD: tuple[tuple[What, re.Pattern[bytes]], ...] = tuple(
    (what, re.compile(pattern))  # type: ignore[misc]  # the words below are those of What
    for what, pattern in (
        ("accepted", rb"Accepted " + _METHOD + rb" for (?P<user>\S+) " + _ADDRESS + _SSH + rb"(?::.*)?"),
        ("accepted", rb"Accepted " + _METHOD + rb" for (?P<user>.*) " + _ADDRESS + _SSH + _KEY),
        ("failed", rb"Failed " + _METHOD + rb" for (?!invalid user |illegal user )(?P<user>\S+) " + _ADDRESS
         + _SSH + rb"(?::.*)?"),
        ("failed", rb"Failed " + _METHOD + rb" for " + _USER + b" " + _ADDRESS + _SSH + _KEY),
        ("failed", rb"Failed " + _METHOD + rb" for " + _USER + b" " + _ADDRESS + _SSH + rb": (?P<open>.*)"),
        ("pam", rb"(?:error: )?PAM: (?P<method>[\w ,']{1,80}?) for " + _USER + b" " + _ADDRESS + rb"(?: via \S+)?\s*"),
        ("announced", rb"(?P<bad>(?:Invalid|Illegal) user) (?P<user>.*) " + _ADDRESS + rb"\s*"),
        ("announced", rb"User (?P<user>.*) " + _ADDRESS + rb" not allowed because [\w' ]{1,80}" + _PREAUTH),
        ("announced", rb"(?P<user>ROOT) LOGIN REFUSED FROM (?P<host>\S+)(?: port (?P<port>\d+))?" + _PREAUTH),
        ("ended", rb"(?:error: )?maximum authentication attempts exceeded for " + _USER + b" " + _ADDRESS + _SSH
         + _PREAUTH),
        ("ended", rb"(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) "
         rb"(?:authenticating|(?P<bad>invalid)) user (?P<user>.*) (?P<host>\S+) port (?P<port>\d{1,5})"
         rb"(?:: Too many authentication failures)?" + _PREAUTH),
    )
)  # fmt: skip
_PAM = re.compile(
    rb"(?:pam_\w{1,30}\((?P<service>[\w.-]{1,40}):auth\): |PAM )"
    rb"(?:authentication failure|(?P<more>\d{1,6}) more authentication failures?);.*\brhost=(?P<host>\S{0,255})"
    rb"(?: {1,4}user=(?P<user>\S{0,255}))?\s*"
)
_SSHD_NAMES = ("sshd", "sshd-session", "sshd-auth")
_HOST = re.compile(r"[A-Za-z0-9_][\w.-]{0,252}")
LOCAL = "local"
# No program writes longer lines; what somebody else writes is not worth the time.
_LONGEST = 4096
_BEGINS = frozenset(
    {b"Acce", b"Fail", b"PAM:", b"erro", b"Inva", b"Ille", b"User", b"ROOT", b"Conn", b"Disc"}
)


class Attempt(NamedTuple):
    """What one line tells.

    `failed`: an attempt in vain; `pam`: the same, which sshd may tell again; `announced`: a user who will not get
    in, before the attempt; `ended`: a connection that ended before anybody got in; `accepted`.
    `known` is False for a user that does not exist. `session` tells connections apart.
    """

    what: What
    source: str | None = None
    user: str = ""
    known: bool = True
    method: str = ""
    session: str = ""
    times: int = 1


NOTHING = Attempt("other")


def attempt_of(data: bytes, writer: str = "", pid: str = "") -> Attempt:
    """What the line tells; the `writer` and its process are those of the journal, else they are in the line."""
    if len(data) > _LONGEST:
        return NOTHING
    if not writer:
        found = _FRONT.fullmatch(data)
        if found is None:
            return NOTHING
        data, writer = found["said"], found["writer"].decode()
        pid = (found["pid"] or b"").decode()
    times, repeated = 1, _REPEATED.fullmatch(data)
    if repeated:
        times, data = int(repeated[1]), repeated[2]
    name = writer.rpartition("/")[2]
    return _of_sshd(data, pid, times) if name in _SSHD_NAMES else _of_others(data, name, times)


def times_repeated(data: bytes) -> int:
    """How often syslog says the line before this one came again; 0 for all other lines."""
    found = _LAST_REPEATED.search(data, 0, 300)
    return int(found[1]) if found else 0


def source_of(host: bytes) -> str | None:
    """The address; of IPv6 the network of one customer, /64. A host's name where sshd writes names."""
    text = host.decode("ascii", "replace").partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return text.lower() if _HOST.fullmatch(text) and not text.isdigit() else None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64" if address != IPv6Address(1) else "::1"
    return str(address)


def _of_sshd(said: bytes, pid: str, times: int) -> Attempt:
    for what, pattern in _SSHD if said[:4] in _BEGINS else ():
        found = pattern.fullmatch(said)
        if found is not None:
            parts = found.groupdict()
            source = None if _has_two_readings(parts) else source_of(parts["host"])
            return Attempt(
                what,
                source,
                parts["user"].decode("utf-8", "replace"),
                not parts.get("bad"),
                (parts.get("method") or b"").decode(),
                pid or f"{source}:{(parts.get('port') or b'').decode()}",
                times,
            )
    return NOTHING


def _has_two_readings(parts: dict[str, bytes]) -> bool:
    """Both the user's name and what follows the address may be theirs: it is told only if one address is there."""
    return parts.get("open") is not None and b" from " in parts["user"] + b" " + parts["open"]


def _of_others(said: bytes, writer: str, times: int) -> Attempt:
    """Attempts on this host itself, or through a program that asks PAM; what sshd asks it tells us itself."""
    found = _PAM.fullmatch(said)
    if found is None or found["service"] == b"sshd":
        return NOTHING
    user, host = found["user"], found["host"]
    return Attempt(
        "failed",
        source_of(host) if host else LOCAL,
        (user or b"").decode("utf-8", "replace"),
        bool(user),
        (found["service"] or writer.encode()).decode(),
        "",
        times * int(found["more"] or 1),
    )
