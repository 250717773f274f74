"""Other tools at the door: who may send alerts, how many, and what they sent, read and made safe beside the loop."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from agent.clock import Clock
from agent.desk.asked import Asked
from agent.desk.inbound import Told
from agent.door import Bucket
from agent.pipeline import Pipeline
from agent.rulebook import Rulebook
from agent.store.origins import newest_by_origin
from alerting.inbound.alert import Alert, NotRead, severity_in
from alerting.inbound.readers import read
from alerting.inbound.statuscake import shown_token
from alerting.inbound.values import body_of
from checks.masking import is_private, masked
from checks.text import visible, visible_lines
from config.inbound import TOKEN_IN_ADDRESS, Inbound
from config.secrets import HIDDEN, Secret, SecretError

log = structlog.get_logger()
_SECOND = 1_000_000
_BURST, _PER_SECOND = 60.0, 10.0
_REFUSALS, _REFUSALS_PER_SECOND = 20.0, 0.2
_PATIENCE = 5.0
_MOST_SEEN = 100_000
_TITLE, _TEXT, _NAME, _VALUE, _URL, _KEY = 200, 4000, 60, 200, 500, 100
_MOST_LABELS = 40
# Opening tickets holds the loop: a large group is taken in a few at a time, each few in a transaction.
_MOST_ALERTS, _TOGETHER = 1000, 20


class NotAdmitted(Exception):
    """Nobody is told why: not whether there is such a name."""


class TooManyAlerts(Exception):
    """This tool sends without a pause."""


class CannotStore(Exception):
    """It was not stored, and is to be sent again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came to the door: headers by their names in small letters, the `?token=` of the address, the body."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    body: bytes = b""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class InboundDoor:
    """Takes alerts in; when `take` returns they are on the disk. `sources` are those of the configuration in force."""

    def __init__(
        self, pipeline: Pipeline, clock: Clock, sources: Callable[[], Mapping[str, Inbound]]
    ) -> None:
        self._pipeline, self._clock, self._sources = pipeline, clock, sources
        self._buckets: dict[str, Bucket] = {}
        self._refusals = Bucket(clock, _REFUSALS, _REFUSALS_PER_SECOND)
        self._seen: dict[str, int] = {}

    def admitted(self, name: str, sent: Sent) -> Inbound:
        """Who it is, when what is shown is right; it takes the same time whatever is shown. Raises NotAdmitted.

        To be called on a thread: secrets stand in files.
        """
        source = self._sources().get(name)
        try:
            why = _wrong(source, sent, self._clock.now()) if source is not None else "no such name"
        except SecretError as error:
            why = str(error)
        if source is None or why is not None:
            self._refuse(name if source is not None else "", why or "")
            raise NotAdmitted
        return source

    async def take(self, name: str, source: Inbound, sent: Sent) -> dict[str, Any]:
        """What became of it. Raises NotRead, TooManyAlerts or CannotStore."""
        self._spend(name)
        once = self._once(source, sent)
        if once is not None and once in self._seen:
            return {"alerts": [], "ignored": 0, "repeated": True}
        rules = self._pipeline.rules
        told, ignored = await asyncio.to_thread(_read, name, source, sent, rules)
        did: list[dict[str, Any]] = []
        for start in range(0, len(told), _TOGETHER):
            did += await self._store(name, told[start : start + _TOGETHER])
        if once is not None:
            self._remember(once, source)
        if ignored:
            log.info("inbound.ignored", source=name, alerts=ignored, reason="neither fires nor is over")
        return {"alerts": did, "ignored": ignored}

    async def _store(self, name: str, told: tuple[Told, ...]) -> Any:
        if self._pipeline.degraded:
            raise CannotStore
        try:
            async with asyncio.timeout(_PATIENCE):
                origins, agent = {each.origin for each in told}, self._pipeline.rules.agent
                numbers = await self._pipeline.stored(
                    lambda connection: newest_by_origin(connection, agent, origins)
                )
                arguments = {"told": told, "tickets": numbers}
                asked = Asked(arguments, name, self._clock.now(), "inbound")
                return await self._pipeline.ask_desk("inbound.take", asked)
        except Exception as error:
            raise CannotStore from error

    def _once(self, source: Inbound, sent: Sent) -> str | None:
        """What a signed request is known by, where its moment is signed as well: it counts once."""
        if source.secret is None or source.timestamp is None:
            return None
        signature = sent.headers.get(source.signature.lower(), "")
        return hashlib.sha256(_hex(signature).encode(errors="replace")).hexdigest()

    def _remember(self, once: str, source: Inbound) -> None:
        now = self._clock.now()
        self._seen[once] = now + round(2 * source.max_age * _SECOND)
        for each in [each for each, until in self._seen.items() if until < now]:
            del self._seen[each]
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def _spend(self, name: str) -> None:
        if not self._buckets.setdefault(name, Bucket(self._clock, _BURST, _PER_SECOND)).take():
            raise TooManyAlerts

    def _refuse(self, name: str, why: str) -> None:
        """Say so, but never so often that strangers fill the log."""
        if self._refusals.take():
            log.warning("inbound.refused", source=name, reason=why)


def _wrong(source: Inbound, sent: Sent, now: int) -> str | None:
    """Why it is not let in; None when it is. Raises SecretError."""
    if source.token is not None and not _shows(source.token, _shown(source, sent)):
        return "the token is wrong or lacking"
    if source.secret is None:
        return None
    message = sent.body
    name = "sentry-hook-signature" if source.type == "sentry" else source.signature.lower()
    if source.timestamp is not None:
        moment = sent.headers.get(source.timestamp.lower(), "")
        if not moment.isascii() or not moment.isdecimal() or len(moment) > 12:
            return f"{source.timestamp}: expected seconds since 1970"
        if abs(int(moment) * _SECOND - now) > source.max_age * _SECOND:
            return f"{source.timestamp}: too old, or not yet"
        message = moment.encode() + b":" + message
    wanted = hmac.new(_key(source.secret), message, hashlib.sha256).hexdigest()
    shown = _hex(sent.headers.get(name, ""))
    return (
        None if hmac.compare_digest(shown.encode(), wanted.encode()) else "the signature is wrong or lacking"
    )


def _key(secret: Secret) -> bytes:
    key = secret.reveal().encode()
    if not key:
        raise SecretError("the secret is empty")
    return key


def _hex(signature: str) -> str:
    return signature.strip().lower().removeprefix("sha256=")


def _shows(token: Secret, shown: Iterable[str]) -> bool:
    wanted = token.reveal().encode()
    right = [hmac.compare_digest(each.encode(errors="replace"), wanted) for each in shown]
    return bool(wanted) and any(right)


def _shown(source: Inbound, sent: Sent) -> list[str]:
    scheme, _, credentials = sent.headers.get("authorization", "").partition(" ")
    shown = [sent.headers.get("x-tocsin-token", "")]
    if scheme.lower() == "bearer":
        shown.append(credentials.strip())
    if scheme.lower() == "basic":
        shown.append(_password(credentials))
    if source.type in TOKEN_IN_ADDRESS:
        shown.append(sent.query)
    if source.type == "statuscake":
        shown.append(_in_form(sent))
    return shown


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _in_form(sent: Sent) -> str:
    try:
        return shown_token(body_of(sent.body, sent.content_type))
    except NotRead:
        return ""


def _read(name: str, source: Inbound, sent: Sent, rules: Rulebook) -> tuple[tuple[Told, ...], int]:
    """Raises NotRead."""
    found = read(body_of(sent.body, sent.content_type), source)
    if len(found.alerts) > _MOST_ALERTS:
        raise NotRead(f"has more than {_MOST_ALERTS} alerts")
    return tuple(_made_safe(name, source, each, rules) for each in found.alerts), found.passed_over


def _made_safe(name: str, source: Inbound, alert: Alert, rules: Rulebook) -> Told:
    said = alert.labels.get(source.service_label, "") or alert.service
    service = _service(source, said, rules)
    severity = severity_in(alert.severity, source.severity) or source.default_severity
    known = rules.services.get(service)
    key = _key_of(alert.key)
    return Told(
        origin=f"inbound:{name}:{key}",
        source=name,
        key=key,
        title=_line(alert.title, _TITLE) or key,
        description=_description(name, source, alert),
        firing=alert.firing,
        severity=severity or (known.criticality if known is not None else "medium"),
        service=service,
        said=_line(said, _NAME),
        reopen_within=source.reopen_within,
        started=alert.started,
        ended=alert.ended,
    )


def _service(source: Inbound, said: str, rules: Rulebook) -> str:
    """Ours by their name; the source's own where they name none, or one that is not known."""
    ours = source.services.get(said, said)
    return ours if ours in rules.services else source.service or ""


def _key_of(key: str) -> str:
    """As it stands where it is short, plain and holds nothing private; else a digest of it."""
    plain = len(key) <= _KEY and visible(key, _KEY) == key and masked(key) == key
    return key if plain else hashlib.sha256(key.encode(errors="replace")).hexdigest()[:32]


def _description(name: str, source: Inbound, alert: Alert) -> str:
    said = visible_lines(masked(alert.text[: 2 * _TEXT]), _VALUE * 5)[:_TEXT]
    labels = [_label(each, value) for each, value in list(alert.labels.items())[:_MOST_LABELS]]
    left = len(alert.labels) - len(labels)
    more = [f"and {left} more labels"] if left > 0 else []
    link = _line(alert.url, _URL) if alert.url.lower().startswith(("http://", "https://")) else ""
    parts = [said, *([link] if link else []), "\n".join([*labels, *more])]
    return "\n\n".join([*filter(None, parts), f"An alert of {name} ({source.type})."])


def _label(name: str, value: str) -> str:
    return f"{_line(name, _NAME)}: {HIDDEN if is_private(name) else _line(value, _VALUE)}"


def _line(text: str, longest: int) -> str:
    return visible(masked(text[: 4 * longest].strip()), longest)
