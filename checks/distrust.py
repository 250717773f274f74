"""Why a peer's certificates are not believed, told apart and each said so that it can be mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from checks.base import Certificate
from checks.text import visible

_NAMES_TOLD = 3
_DAY, _HOUR = 86400, 3600


class Why(StrEnum):
    """What is wrong with a chain; in the order of weight in which several are told."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    SELF_SIGNED = "self-signed"
    UNKNOWN_AUTHORITY = "unknown authority"
    MISSING_INTERMEDIATE = "missing intermediate"
    WRONG_NAME = "wrong name"
    UNREADABLE = "unreadable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Distrust:
    """One thing that is wrong, and how it is said."""

    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class Objection:
    """What the verifier said of one certificate: its number, and how far that stands from the leaf (0).

    `names_keeper`: the certificate says where that of its issuer is kept.
    """

    number: int
    depth: int
    certificate: Certificate | None
    names_keeper: bool = False


# Numbers of X509_V_ERR_*: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_NOT_YET, _EXPIRED, _SELF_SIGNED, _SELF_SIGNED_ABOVE, _REVOKED = 9, 10, 18, 19, 23
_NO_ISSUER = frozenset({2, 20, 21, 27})
# Said of lists of revoked certificates: what is known of the certificate itself stands beside it.
ABOUT_LISTS = {
    3: "the list of revoked certificates is of another authority",
    8: "the list of revoked certificates is not signed by the authority",
    11: "the list of revoked certificates is not yet valid",
    12: "the list of revoked certificates is out of date: fetch a newer one",
    33: "the authority of the list of revoked certificates is not known",
    35: "the authority may not sign lists of revoked certificates",
    44: "the list of revoked certificates has another scope",
}
_OTHERS = {
    4: "its signature cannot be read",
    6: "the key of its issuer cannot be read",
    7: "its signature is wrong",
    13: "its first day cannot be read",
    14: "its last day cannot be read",
    22: "the chain is too long",
    24: "its issuer is no authority (not marked as a CA)",
    25: "the chain is longer than its authority allows",
    26: "it was made for another purpose than to prove a server",
    28: "it is marked as rejected here",
    32: "its issuer may not sign certificates",
    47: "its authority does not allow the name in it",
    66: "its key is too small",
    67: "the key of its issuer is too small",
    68: "the signature of its issuer is too weak",
}


def reasons(objections: Sequence[Objection], sent: Sequence[Certificate], now: float) -> tuple[Distrust, ...]:
    """Everything the verifier objects to, each once, the weightiest first. `now` in seconds since 1970."""
    found = [_reason(each, sent, now) for each in objections if each.number not in ABOUT_LISTS]
    first = {each.why: each for each in reversed(found)}
    return tuple(sorted(first.values(), key=lambda each: list(Why).index(each.why)))


def wrong_name(name: str, leaf: Certificate) -> Distrust:
    """The certificate speaks for others."""
    told = ", ".join(leaf.names[:_NAMES_TOLD])
    more = f" and {len(leaf.names) - _NAMES_TOLD} more" if len(leaf.names) > _NAMES_TOLD else ""
    names = f"it names {told}{more}" if told else "it names no host at all"
    if name in leaf.names:
        names += " as a host, not as an address"
    return Distrust(Why.WRONG_NAME, visible(f"not valid for {name}: {names}", 300))


def revoked_by_answer(since: float | None) -> Distrust:
    """The authority's own word, which the server itself hands out."""
    when = f" on {day(since)}" if since is not None else ""
    return Distrust(Why.REVOKED, f"revoked{when}, says the OCSP answer stapled to it")


def told(found: Sequence[Distrust]) -> str:
    """All of it in one line."""
    return visible("; ".join(each.text for each in found), 400)


def day(moment: float) -> str:
    """`2026-11-19 12:30 UTC` of seconds since 1970."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC"


def _reason(said: Objection, sent: Sequence[Certificate], now: float) -> Distrust:
    subject = said.certificate
    if said.number == _EXPIRED and subject is not None:
        return Distrust(
            Why.EXPIRED, f"{_whose(said)}expired {_span(now - subject.ends)} ago, on {day(subject.ends)}"
        )
    if said.number == _NOT_YET and subject is not None:
        begins = f"begins in {_span(subject.begins - now)}, on {day(subject.begins)}"
        return Distrust(Why.NOT_YET_VALID, f"{_whose(said)}not yet valid: {begins} (is a clock wrong?)")
    if said.number == _SELF_SIGNED:
        return Distrust(Why.SELF_SIGNED, "self-signed (to trust it, name it as `ca`)")
    if said.number == _SELF_SIGNED_ABOVE:
        return _unknown(subject.subject if subject else "", "its root signed itself")
    if said.number in _NO_ISSUER:
        return _without_issuer(said, sent)
    if said.number == _REVOKED:
        return Distrust(Why.REVOKED, f"{_whose(said)}revoked, says the list of revoked certificates")
    other = _OTHERS.get(said.number, f"verification error {said.number}")
    return Distrust(Why.OTHER, _whose(said) + other)


def _without_issuer(said: Objection, sent: Sequence[Certificate]) -> Distrust:
    """The chain ends at a certificate whose issuer is neither sent nor known here.

    With the leaf alone sent, nothing tells a forgotten intermediate from a private authority for certain; but a
    leaf that says where its issuer's certificate is kept has one that clients are to be sent.
    """
    issuer = said.certificate.issuer if said.certificate else ""
    if len(sent) > 1:
        return _unknown(issuer, "nor is its certificate sent along")
    if not said.names_keeper:
        return _unknown(issuer, "nor did the server send an intermediate certificate")
    text = f"intermediate certificate missing: the server sent only its own, not that of {issuer}"
    return Distrust(Why.MISSING_INTERMEDIATE, visible(text, 300))


def _unknown(issuer: str, more: str) -> Distrust:
    text = f"unknown authority: {issuer} is not trusted here, {more} (a private one is named as `ca`)"
    return Distrust(Why.UNKNOWN_AUTHORITY, visible(text, 300))


def _whose(said: Objection) -> str:
    if said.depth == 0 or said.certificate is None:
        return ""
    return visible(f"the certificate of its issuer {said.certificate.subject}: ", 120)


def _span(seconds: float) -> str:
    if seconds >= 2 * _DAY:
        return f"{seconds / _DAY:.0f} days"
    return f"{seconds / _HOUR:.0f} hours" if seconds >= 2 * _HOUR else f"{max(seconds, 0) / 60:.0f} minutes"
