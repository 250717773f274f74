"""DNS: is an answer the right one? What the options ask of its code, its proof and its sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from functools import lru_cache

from checks.base import ErrorKind
from checks.connection import Fault
from checks.dns.reply import Record, Reply, plain
from checks.dns.spec import DnsSpec, Section
from checks.text import visible
from config.conditions.patterns import Pattern, regex

_MEANINGS = {
    "NXDOMAIN": "there is no such name",
    "SERVFAIL": "the server could not find out",
    "REFUSED": "the server will not tell us",
    "FORMERR": "the server could not read the question",
    "NOTIMP": "the server does not know this sort of question",
    "NOTAUTH": "the server is not authoritative for the name",
}
# What a zone can sign, the denial of a name included; an error of the server itself has no proof.
_PROVABLE = ("NOERROR", "NXDOMAIN")
# What leads to the records asked for, or proves them.
_BESIDE = ("CNAME", "DNAME", "RRSIG")
_SHOWN = 100


def wrong_in(reply: Reply, spec: DnsSpec, where: str, asked: Set[str]) -> Fault | None:
    """Why this answer is wrong; None when it is right. What the conditions in `asked` judge is left to them."""
    wrong = _wrong_code(reply, spec, asked) or _unproven(reply, spec, asked)
    if wrong is not None:
        return Fault(f"{where} answered {wrong}", ErrorKind.DNS)
    for name in ("answer", "authority", "additional"):
        section: Section | None = getattr(spec, name)
        if section is not None and (found := _wrong_records(section, getattr(reply, name))):
            return Fault(f"{where}: {name} section: {found}", ErrorKind.CONTENT)
    return None


def _wrong_code(reply: Reply, spec: DnsSpec, asked: Set[str]) -> str | None:
    if spec.accept_rcodes is not None:
        if reply.rcode in spec.accept_rcodes:
            return None
        return f"{reply.rcode} {_asked(spec)}, not {' or '.join(spec.accept_rcodes)}{_because(reply)}"
    if "rcode" in asked:
        return None
    if reply.rcode != "NOERROR":
        return f"{reply.rcode} {_asked(spec)}{_because(reply)}"
    if not reply.answers and "answer_count" not in asked:
        return f"NOERROR {_asked(spec)} without such a record"
    return None


def _asked(spec: DnsSpec) -> str:
    return f"for {visible(spec.asked_name, 80)} {spec.asked_type}"


def _because(reply: Reply) -> str:
    why = reply.why or _MEANINGS.get(reply.rcode, "")
    return f": {why}" if why else ""


def _unproven(reply: Reply, spec: DnsSpec, asked: Set[str]) -> str | None:
    proven = reply.authenticated or reply.rcode not in _PROVABLE
    if not spec.dnssec or proven or "authenticated" in asked:
        return None
    return f"{reply.rcode} without having authenticated it (no AD bit): is the zone signed, and does the server verify?"


def _wrong_records(section: Section, records: tuple[Record, ...]) -> str | None:
    for rule in _RULES:
        if found := rule(section, records):
            return found
    return None


def _exactly(section: Section, records: tuple[Record, ...]) -> str | None:
    if not section.exactly:
        return None
    return _lacking(section.exactly, records) or next(
        (
            f"{_shown(each.data)} is not among `exactly`"
            for each in records
            if each.type not in _BESIDE and not any(_is(each, word) for word in section.exactly)
        ),
        None,
    )


def _lacking(words: Iterable[str], records: tuple[Record, ...]) -> str | None:
    missing = [word for word in words if not any(_is(each, word) for each in records)]
    if not missing:
        return None
    seen = ", ".join(each.data for each in records) or "nothing"
    return f"{_shown(', '.join(missing))} is missing, seen: {_shown(seen)}"


def _contains(section: Section, records: tuple[Record, ...]) -> str | None:
    return _lacking(section.contains, records)


def _lacks(section: Section, records: tuple[Record, ...]) -> str | None:
    found = [word for word in section.lacks if any(_is(each, word) for each in records)]
    return f"{_shown(', '.join(found))} must not be there" if found else None


def _must_match(section: Section, records: tuple[Record, ...]) -> str | None:
    for pattern in section.must_match:
        if not records:
            return f"no record, and one must match {_shown(pattern)}"
        for each in records:
            if not _matches(pattern, each):
                return f"{_shown(each.line)} does not match {_shown(pattern)}"
    return None


def _must_not_match(section: Section, records: tuple[Record, ...]) -> str | None:
    for pattern in section.must_not_match:
        for each in records:
            if _matches(pattern, each):
                return f"{_shown(each.line)} matches {_shown(pattern)}"
    return None


def _fail_if_none_match(section: Section, records: tuple[Record, ...]) -> str | None:
    patterns = section.fail_if_none_match
    if not patterns or any(_matches(pattern, each) for pattern in patterns for each in records):
        return None
    return f"none of {len(records)} records matches {_shown(', '.join(patterns))}"


def _fail_if_all_match(section: Section, records: tuple[Record, ...]) -> str | None:
    patterns = section.fail_if_all_match
    if not patterns or not records:
        return None
    if all(_matches(pattern, each) for pattern in patterns for each in records):
        return f"all {len(records)} records match {_shown(', '.join(patterns))}"
    return None


def _matches(pattern: str, record: Record) -> bool:
    # Other tools part the fields by tabs, and patterns come from there.
    line = record.line.replace(" ", "\t", 4) if "\t" in pattern or r"\t" in pattern else record.line
    return _pattern(pattern).found_in(line.encode())


@lru_cache(maxsize=1024)
def _pattern(written: str) -> Pattern:
    return regex(written)


def _is(record: Record, word: str) -> bool:
    """Whether the operator means this record: texts as they stand or in quotes, all else in its usual form."""
    if word in (record.data, record.written):
        return True
    return record.type != "TXT" and record.plain == plain(word)


def _shown(text: str) -> str:
    return visible(text, _SHOWN)


_RULES: tuple[Callable[[Section, tuple[Record, ...]], str | None], ...] = (
    _exactly,
    _contains,
    _lacks,
    _must_match,
    _must_not_match,
    _fail_if_none_match,
    _fail_if_all_match,
)
