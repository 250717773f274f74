"""SSH: which of the offered algorithms should be switched off, by RFC 9142, 8758, 8332 and what broke since."""

from __future__ import annotations

import re
from collections.abc import Iterable

from checks.ssh.offer import Offer, Version

TERRAPIN = "no strict key exchange (Terrapin)"
_KEX = re.compile(r"(?:.*-sha1|gss-.*-sha1-.*|none)")
_HOST_KEY = re.compile(r"ssh-dss.*|ssh-rsa|ssh-rsa-cert-v01@openssh\.com|none")
_CIPHER = re.compile(r".*-cbc.*|3des.*|des.*|arcfour.*|blowfish.*|cast128.*|rc4.*|none")
_MAC = re.compile(r".*md5.*|.*-96.*|none")
_STRICT = "kex-strict-s-v00@openssh.com"
_CHACHA = "chacha20-poly1305@openssh.com"


def weak(version: Version, offer: Offer) -> tuple[str, ...]:
    """Their names, each once, in the server's order; last what is wrong with the whole."""
    found = [
        *_fitting(_KEX, offer.kex),
        *_fitting(_HOST_KEY, offer.host_keys),
        *_fitting(_CIPHER, offer.ciphers),
        *_fitting(_MAC, offer.macs),
    ]
    if version.protocol != "2.0":
        found.append("SSH protocol 1")
    if _is_open_to_terrapin(offer):
        found.append(TERRAPIN)
    return tuple(dict.fromkeys(found))


def _fitting(pattern: re.Pattern[str], names: Iterable[str]) -> list[str]:
    return [name for name in names if pattern.fullmatch(name)]


def _is_open_to_terrapin(offer: Offer) -> bool:
    """CVE-2023-48795: these modes let packets be dropped unseen, unless the key exchange is strict."""
    etm = any(name.endswith("-etm@openssh.com") for name in offer.macs)
    cbc = any("-cbc" in name for name in offer.ciphers)
    return _STRICT not in offer.kex and (_CHACHA in offer.ciphers or (cbc and etm))
