"""DNS: names, types, classes and codes as operators write them, checked when the file is read."""

from __future__ import annotations

import ipaddress
import re

from checks.text import visible

_KNOWN = "A, AAAA, CAA, CNAME, DNSKEY, DS, HTTPS, MX, NAPTR, NS, PTR, SOA, SRV, SVCB, TLSA, TXT, ANY"
# Types that are part of the protocol itself and no question to look with.
_NOT_ASKED = frozenset({"AXFR", "IXFR", "OPT", "TKEY", "TSIG", "MAILA", "MAILB", "NONE", "TYPE0"})
_CLASSES = ("IN", "CH", "HS")


def as_address(name: str) -> str | None:
    """The address that the name is written as, None for a name."""
    bare = name.strip().strip("[]").partition("%")[0]  # its interface is no part of the reverse name
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None


def reverse_name(address: str) -> str:
    """`1.2.0.192.in-addr.arpa.` for 192.0.2.1."""
    import dns.reversename

    return str(dns.reversename.from_address(as_address(address) or address))


def name_or_address(text: str) -> str:
    """The option as written, if it can be asked for. Raises ValueError with the remedy."""
    if as_address(text) is None:
        question_name(text)
    return text


def is_mistyped_address(text: str) -> bool:
    """`192.0.2`, `192.0.2.256` or a bare number: no top-level domain has digits alone."""
    return text.removesuffix(".").rpartition(".")[2].isdecimal()


def question_name(text: str) -> str:
    """The absolute name, in ASCII. Raises ValueError."""
    import dns.exception
    import dns.name

    name = text.strip()
    wrong = f'expected a name like www.example.org, got "{visible(name, 60)}"'
    # Zones without classes have a slash in their names (RFC 2317), but none at the end.
    last = name.removesuffix(".").rpartition(".")[2]
    if not name or "://" in name or ":" in last or "/" in last:
        raise ValueError(wrong + (" (write the host alone)" if name else ""))
    if is_mistyped_address(name):
        raise ValueError(f"{wrong} (which is no address either)")
    if re.search(r"[\s@]", name):
        raise ValueError(f"{wrong} (write a space as \\032 and @ as \\064 if it has them)")
    try:
        return str(dns.name.from_text(name))
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"{wrong}: {visible(str(error).rstrip('.').lower(), 80)}") from None


def record_type(text: str) -> str:
    """The type in its usual spelling. Raises ValueError for one that is unknown or not asked for."""
    import dns.exception
    import dns.rdatatype

    try:
        known = dns.rdatatype.to_text(dns.rdatatype.from_text(text.strip()))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(
            f'no record type "{visible(text, 30)}" (known are {_KNOWN} and others; any by number: TYPE65280)'
        ) from None
    if known in _NOT_ASKED:
        raise ValueError(f"{known} is no record that can be looked at (zone transfers are not made)")
    return known


def known_class(text: str) -> str:
    """The class in capitals. Raises ValueError."""
    if text.strip().upper() not in _CLASSES:
        raise ValueError(f'expected {", ".join(_CLASSES[:-1])} or {_CLASSES[-1]}, got "{visible(text, 30)}"')
    return text.strip().upper()


def rcode(text: str) -> str:
    """The response code by its name; a number is taken too. Raises ValueError."""
    import dns.exception
    import dns.rcode

    try:
        return dns.rcode.to_text(dns.rcode.from_text(text.strip()))
    except (dns.exception.DNSException, ValueError):
        raise ValueError(
            f'no response code "{visible(text, 30)}" (such as NOERROR, NXDOMAIN, SERVFAIL, REFUSED)'
        ) from None
