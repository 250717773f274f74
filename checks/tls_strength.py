"""What of a TLS connection is out of date: the version, the cipher, the keys."""

from __future__ import annotations

import re
from collections.abc import Sequence

from checks.base import Certificate

# RFC 8996 (TLS 1.0 and 1.1), RFC 7465 (RC4), RFC 9325, section 4.2 (less than 112 bits, NULL, export).
_OLD = frozenset({"SSLv3", "TLS 1.0", "TLS 1.1"})
_WEAK = re.compile(r"NULL|EXP|RC[24]|(?<!A)DES|MD5|IDEA|SEED|ADH|AECDH")
_LEAST_BITS, _LEAST_RSA = 112, 2048


def weaknesses(
    version: str | None, cipher: str | None, bits: int | None, chain: Sequence[Certificate]
) -> tuple[str, ...]:
    """What a peer should mend, each in few words: `TLS 1.0`, `cipher RC4-SHA`, `RSA 1024`."""
    found = [version] if version in _OLD else []
    if cipher and (_WEAK.search(cipher) or (bits is not None and bits < _LEAST_BITS)):
        found.append(f"cipher {cipher}")
    found += [each.key for each in chain if _is_short(each.key)]
    return tuple(dict.fromkeys(filter(None, found)))


def _is_short(key: str) -> bool:
    kind, _, size = key.partition(" ")
    return kind in ("RSA", "DSA") and size.isdigit() and int(size) < _LEAST_RSA
