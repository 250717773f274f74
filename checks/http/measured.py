"""HTTP: what libcurl tells of a transfer: phases, the version spoken, the certificates that came."""

from __future__ import annotations

import ssl
from typing import Any

import pycurl

from checks.base import Certificate, Scalar

_SPOKEN = {1: "1.0", 2: "1.1", 3: "2", 30: "3"}
_DAY = 86400


def spoken_version(curl: pycurl.Curl) -> str:
    """The HTTP version of the answer: `1.1`, `2`."""
    return _SPOKEN.get(curl.getinfo(pycurl.INFO_HTTP_VERSION), "")


def phases_of(curl: pycurl.Curl) -> dict[str, float]:
    """Seconds spent connecting, in TLS, waiting for the first byte, and transferring, as far as it came."""
    getinfo = curl.getinfo
    connected, secured = getinfo(pycurl.CONNECT_TIME), getinfo(pycurl.APPCONNECT_TIME)
    first = getinfo(pycurl.STARTTRANSFER_TIME)
    phases = {"connect": max(0.0, connected - getinfo(pycurl.NAMELOOKUP_TIME))}
    if secured > 0:
        phases["tls"] = max(0.0, secured - connected)
    if connected <= 0 or (secured <= 0 and (getinfo(pycurl.SCHEME) or "").lower() == "https"):
        return phases  # libcurl gives a time of the first byte also where it never came to asking
    if first > 0:
        phases["first_byte"] = max(0.0, first - max(connected, secured))
        phases["transfer"] = max(0.0, getinfo(pycurl.TOTAL_TIME) - first)
    return phases


def days_left(curl: pycurl.Curl, now: float) -> dict[str, Scalar]:
    """Days from `now` (seconds since 1970) until the server's certificate ends, and the first of its chain."""
    ends = [_moment(each) for each in _chain(curl)]
    if not ends or ends[0] is None:
        return {}
    first = min(end for end in ends if end is not None)
    return {"cert_days": round((ends[0] - now) / _DAY, 3), "chain_days": round((first - now) / _DAY, 3)}


def certificates(curl: pycurl.Curl) -> tuple[Certificate, ...]:
    """The chain as it was sent, leaf first; without those that cannot be read."""
    from checks.certificates import Unreadable, read

    found = []
    for each in _chain(curl):
        try:
            found.append(read(ssl.PEM_cert_to_DER_cert(_named(each).get("Cert") or "")))
        except (Unreadable, ValueError):
            continue
    return tuple(found)


def _chain(curl: pycurl.Curl) -> list[Any]:
    return curl.getinfo(pycurl.INFO_CERTINFO) or []


def _moment(certificate: Any) -> float | None:
    ends = _named(certificate).get("Expire date")
    try:
        return ssl.cert_time_to_seconds(ends) if isinstance(ends, str) else None
    except ValueError:
        return None


def _named(certificate: Any) -> dict[str, Any]:
    """What libcurl says of one, by name; it may name a thing without saying anything."""
    return dict(pair for pair in certificate if len(pair) == 2)
