"""Certificates as peers send them: what stands in them, their order, for whom they speak, how long they last.

Everything in a certificate is text from outside: it is shown in one line, cut, and never believed before the
chain is verified. The library is imported with the first certificate, not with this module.
"""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from checks.base import Certificate
from checks.text import visible

if TYPE_CHECKING:
    from cryptography import x509

_DAY = 86400.0
_NAMES_SHOWN = 100
_NAME_LENGTH = 253
_SUBJECT_LENGTH = 200
_LONGEST_LABEL = 63


class Unreadable(ValueError):
    """These bytes are no certificate that could be read; the text is one line."""


def read(der: bytes) -> Certificate:
    """One certificate from its DER bytes. Raises Unreadable."""
    from cryptography.hazmat.primitives.hashes import SHA256

    found = parsed(der)
    with _unreadable_when_broken():
        return Certificate(
            subject=_shown_name(found, "subject"),
            issuer=_shown_name(found, "issuer"),
            names=tuple(visible(name, _NAME_LENGTH) for name in _all_names(found)[:_NAMES_SHOWN]),
            begins=found.not_valid_before_utc.timestamp(),
            ends=found.not_valid_after_utc.timestamp(),
            serial=_serial(found.serial_number),
            sha256=found.fingerprint(SHA256()).hex(),
            key=_key(found),
        )


def parsed(der: bytes) -> x509.Certificate:
    """The library's own view of a certificate. Raises Unreadable."""
    from cryptography import x509

    with _unreadable_when_broken():
        return x509.load_der_x509_certificate(der)


def in_order(ders: Sequence[bytes]) -> tuple[bytes, ...]:
    """The chain with each certificate followed by its issuer: the leaf is the first one sent.

    Those that belong to no step stand at the end, in the order they came. Raises Unreadable.
    """
    if len(ders) < 2:
        return tuple(ders)
    found = {der: parsed(der) for der in ders}
    subjects = {der: _raw_name(each, "subject") for der, each in found.items()}
    ordered, left = [ders[0]], [der for der in found if der != ders[0]]
    while left:
        issuer = _raw_name(found[ordered[-1]], "issuer")
        after = next((der for der in left if subjects[der] == issuer), None)
        if after is None:
            break
        left.remove(after)
        ordered.append(after)
    return (*ordered, *left)


def days_until(moment: float, now: float) -> float:
    """Days from `now` until `moment` (both in seconds since 1970), negative after it."""
    return round((moment - now) / _DAY, 3)


def leaf_days(chain: Sequence[Certificate], now: float) -> float | None:
    """Days until the leaf ends; None without a chain."""
    return days_until(chain[0].ends, now) if chain else None


def chain_days(chain: Sequence[Certificate], now: float) -> float | None:
    """Days until the first certificate of the chain ends; None without one."""
    return days_until(min(each.ends for each in chain), now) if chain else None


def speaks_for(der: bytes, host: str) -> bool:
    """Whether a certificate names this host or address (RFC 9525: alternative names alone, no common name).

    A wildcard stands for exactly one label, the leftmost, and never for an address; an address must be named as
    one, not as text. Raises Unreadable.
    """
    found, address = parsed(der), _address(host)
    if address is not None:
        return address in _addresses(found)
    wanted = _labels(host)
    return any(_fits(_labels(name), wanted) for name in _host_names(found))


def ascii_name(host: str) -> str:
    """A host name as name servers and certificates have it: in ASCII, without the last dot. Raises ValueError."""
    name = host.removesuffix(".")
    wire = (name if name.isascii() else name.encode("idna").decode("ascii")).lower()
    if not all(0 < len(label) <= _LONGEST_LABEL for label in wire.split(".")):
        raise ValueError(f"{visible(host, 60)} is no host name: parts between dots have 1 to 63 characters")
    return wire


def names_keeper(der: bytes) -> bool:
    """Whether a certificate says where that of its issuer is kept (authority information access)."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    found = parsed(der)
    try:
        access = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except _lacking():
        return False
    return any(each.access_method == AuthorityInformationAccessOID.CA_ISSUERS for each in access)


def _labels(name: str) -> list[str]:
    """None at all of what is no name."""
    try:
        return ascii_name(name).split(".")
    except ValueError:
        return []


def _fits(pattern: list[str], wanted: list[str]) -> bool:
    if not wanted or len(pattern) != len(wanted):
        return False
    if pattern[0] == "*":
        return len(pattern) > 2 and pattern[1:] == wanted[1:]
    return pattern == wanted


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _all_names(found: x509.Certificate) -> list[str]:
    return [*_host_names(found), *map(str, _addresses(found))]


def _host_names(found: x509.Certificate) -> list[str]:
    from cryptography import x509

    names = _alternatives(found)
    return names.get_values_for_type(x509.DNSName) if names is not None else []


def _addresses(found: x509.Certificate) -> list[Any]:
    from cryptography import x509

    names = _alternatives(found)
    return names.get_values_for_type(x509.IPAddress) if names is not None else []


def _alternatives(found: x509.Certificate) -> x509.SubjectAlternativeName | None:
    """None where the extension is lacking or broken."""
    from cryptography import x509

    try:
        return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except _lacking():
        return None


def _lacking() -> tuple[type[Exception], ...]:
    """What the library raises where an extension is lacking or broken."""
    from cryptography import x509

    return (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def _shown_name(found: x509.Certificate, which: str) -> str:
    try:
        name: x509.Name = getattr(found, which)
        return visible(name.rfc4514_string(), _SUBJECT_LENGTH)
    except ValueError:
        return "(unreadable)"


def _raw_name(found: x509.Certificate, which: str) -> bytes:
    try:
        name: x509.Name = getattr(found, which)
        return name.public_bytes()
    except ValueError:
        return b""


def _serial(number: int) -> str:
    """Whole bytes in hexadecimal, so that a leading zero stays."""
    digits = f"{abs(number):x}"
    return ("-" if number < 0 else "") + "0" * (len(digits) % 2) + digits


def _key(found: x509.Certificate) -> str:
    try:
        key: Any = found.public_key()
    except Exception:  # many sorts of errors, none of which makes the rest unreadable
        return "unknown"
    kind = type(key).__name__.removesuffix("PublicKey")
    size = getattr(getattr(key, "curve", None), "name", None) or getattr(key, "key_size", None)
    return f"{kind} {size}" if size else kind


@cache
def _quiet() -> None:
    """The library warns of what it finds odd in a certificate; the operator's terminal is no place for that."""
    from cryptography.utils import CryptographyDeprecationWarning

    warnings.filterwarnings("ignore", category=CryptographyDeprecationWarning)
    warnings.filterwarnings("ignore", message="Attribute's length must be")


@contextmanager
def _unreadable_when_broken() -> Iterator[None]:
    """Turns the library's errors about a broken certificate into Unreadable."""
    from cryptography import x509

    _quiet()
    broken = (ValueError, TypeError, OverflowError, x509.InvalidVersion)
    try:
        yield
    except broken:
        raise Unreadable("it is damaged and cannot be read") from None
