"""One check as written -> complete: its kind found, its options read, its conditions compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.conditions import Condition, ConditionError, Hold, Measure, parse
from config.friendly import mapping_hint, meant, shown, sort_of
from config.masks import mask
from config.models import Check, CheckOptions, Defaults, KindInfo, Timetable
from config.places import Where
from config.reader import Reader
from config.shapes import alike
from config.units import show_duration

_RETRY = 5.0
_ENVELOPE = frozenset(CheckOptions.model_fields)
_AROUND = 30


@dataclass(frozen=True, slots=True)
class _Written:
    """A check's parts before they are put together."""

    where: Where
    kind: KindInfo
    options: CheckOptions
    spec: Any


_TAKES_NOTHING = "a disabled check takes over nothing: the past stays with the old name"
_UNTIL_THEN = "keep the old name until it runs again"


class CheckReader:
    """Reads checks; mistakes are noted, and what can be read is read."""

    def __init__(
        self,
        reader: Reader,
        kinds: Mapping[str, KindInfo],
        defaults: Defaults,
        calendars: Mapping[str, Timetable],
    ) -> None:
        self.reader, self.sources = reader, reader.sources
        self.kinds, self.defaults, self.calendars = kinds, defaults, calendars
        self._parsed: dict[tuple[str, str], Condition] = {}
        self._envelopes: dict[Any, CheckOptions] = {}
        self._known: dict[
            int, tuple[Any, Check | None]
        ] = {}  # a template's check is one block for all who use it

    def calendar(self, name: str | None) -> tuple[Timetable, ...]:
        """The calendar called so; none where there is none."""
        found = self.calendars.get(name) if name is not None else None
        return () if found is None else (found,)

    def read(self, block: Any, where: Where) -> Check | None:
        """The check, or None when it is disabled or cannot be made out; `where` ends in service, `checks`, name."""
        if not isinstance(block, dict):
            self.sources.blame(
                where, f"expected a mapping with type:, got {sort_of(block)}", mapping_hint(block)
            )
            return None
        known = self._known.get(id(block))
        if known is not None:
            return known[1] and replace(known[1], service=str(where[1]), name=str(where[-1]))
        said, referred = self.sources.said, len(self.sources.referred)
        check = self._made(block, where)
        if self.sources.said == said and len(self.sources.referred) == referred:
            self._known[id(block)] = block, check
        return check

    def _made(self, block: Mapping[str, Any], where: Where) -> Check | None:
        kind = self._kind(block, where)
        own = frozenset(kind.spec.model_fields) if kind is not None else frozenset()
        envelope = {key: value for key, value in block.items() if key in _ENVELOPE - own}
        options = self._options({**envelope, "type": kind.name if kind else ""}, where)
        if kind is None or options is None:
            return None
        rest = {key: value for key, value in block.items() if key not in _ENVELOPE - own}
        spec = self.reader.model(kind.spec, rest, where, also=_ENVELOPE)
        written = _Written(where, kind, options, spec)
        check = self._complete(written, *self._conditions(written))
        if options.disabled is not None and (options.was or options.id):
            self.sources.warn((*where, "was" if options.was else "id"), _TAKES_NOTHING, _UNTIL_THEN)
        if spec is None or options.disabled is not None:
            return None
        self._warn(written, check)
        return check

    def _options(self, envelope: Mapping[str, Any], where: Where) -> CheckOptions | None:
        """The envelope read; one that looks like an earlier one, of which there was nothing to say, is that one."""
        look, said = alike(envelope), self.sources.said
        known = self._envelopes.get(look)
        if known is None:
            known = self.reader.model(CheckOptions, envelope, where)
            if known is not None and look is not None and self.sources.said == said:
                self._envelopes[look] = known
        return known

    def _kind(self, block: Mapping[str, Any], where: Where) -> KindInfo | None:
        named = block.get("type")
        listed = ", ".join(sorted(self.kinds))
        if named is None and self.reader.partial:
            return None
        if named is None:
            self.sources.blame(where, "is missing type:", f"known kinds: {listed}", key=True)
            return None
        kind = self.kinds.get(named) if isinstance(named, str) else None
        if kind is None:
            hint = meant(str(named), self.kinds) or f"known kinds: {listed}"
            self.sources.blame((*where, "type"), f"unknown kind of check {shown(named)}", hint)
        return kind

    def _complete(
        self, written: _Written, down: tuple[Condition, ...], degraded: tuple[Condition, ...]
    ) -> Check:
        options, defaults, kind = written.options, self.defaults, written.kind
        every, timeout = options.every or defaults.every, options.timeout or defaults.timeout
        if kind.beat is not None and written.spec is not None:
            every = kind.beat(written.spec)
            timeout = min(every, timeout)
        counts = options.counts_for_uptime
        confirm, confirm_of = _confirm(options.confirm or kind.confirm or defaults.confirm)
        return Check(
            service=str(written.where[1]),
            name=str(written.where[-1]),
            kind=kind.name,
            spec=written.spec,
            every=every,
            timeout=timeout,
            confirm=confirm,
            recover=options.recover or kind.confirm or defaults.recover,
            retry_every=min(every, options.retry_every or defaults.retry_every or _RETRY),
            down=down,
            degraded=degraded,
            counts_for_uptime=kind.counts_for_uptime if counts is None else counts,
            labels=options.labels,
            was=(*options.was, *((options.id,) if options.id else ())),
            active=self.calendar(options.active),
            depends_on=tuple(group.any_of for group in options.depends_on),
            blind_after=options.blind_after or defaults.blind_after,
            confirm_of=confirm_of,
            recover_after=self._recover_after(kind, options),
            flapping=(options.flapping or defaults.flapping).thresholds,
        )

    def _recover_after(self, kind: KindInfo, options: CheckOptions) -> float:
        """Of kinds that are believed at one look the defaults say nothing."""
        general = 0.0 if kind.confirm is not None else self.defaults.recover_after
        return general if options.recover_after is None else options.recover_after

    def _conditions(self, written: _Written) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """What makes a reading down, and degraded: the operator's own, else those of the kind."""
        kind, options, where = written.kind, written.options, written.where
        asked = None if written.spec is None else kind.always_down(written.spec)
        built_in = kind.down if asked is None else None
        down = [
            self._condition(written, built_in if options.down is None else options.down, (*where, "down")),
            self._condition(written, asked, where),
        ]
        text = kind.degraded if options.degraded is None else options.degraded
        degraded = self._condition(written, text, (*where, "degraded"))
        return tuple(filter(None, down)), () if degraded is None else (degraded,)

    def _condition(self, written: _Written, text: str | None, where: Where) -> Condition | None:
        if text is None:
            return None
        kind, named = written.kind, _named(written)
        try:
            if named is not None:
                return parse(text, {**kind.measures, **named})
            if (kind.name, text) not in self._parsed:  # conditions repeat from check to check
                self._parsed[kind.name, text] = parse(text, kind.measures, others=kind.open_values)
            return self._parsed[kind.name, text]
        except ConditionError as error:
            self.note(error, text, where)
            return None

    def note(self, error: ConditionError, text: str, where: Where) -> None:
        """`down` in a template may be wrong for one kind and right for another, so the kind is not named."""
        if not text.strip():
            self.sources.blame(where, error.message, "leave the line out for the kind's own")
            return
        message = f"{error.message}, at column {error.position + 1} of: {_around(text, error.position)}"
        excerpt = mask(str(error).partition("\n")[2].rstrip())
        self.sources.blame(where, mask(message), error.hint, excerpt=excerpt)

    def _warn(self, written: _Written, check: Check) -> None:
        where, options = written.where, written.options
        if check.every < check.timeout:
            every, timeout = show_duration(check.every), show_duration(check.timeout)
            message = f"every ({every}) is shorter than timeout ({timeout}): slow looks will be skipped"
            place = next((name for name in ("every", "timeout") if getattr(options, name) is not None), None)
            at = (*where, place) if place else where
            self.sources.warn(at, message, "raise every or lower timeout", key=True)


def _confirm(asked: int | Hold) -> tuple[int, int | None]:
    """How many readings confirm, and among how many of the latest; None where they must stand in a row."""
    return (asked, None) if isinstance(asked, int) else (asked.count or 1, asked.of)


def _named(written: _Written) -> Mapping[str, Measure] | None:
    """The values that the check's options give a name to; None where its kind has no such, or they are not known."""
    if written.kind.named is None or written.spec is None:
        return None
    return written.kind.named(written.spec)


def _around(text: str, position: int) -> str:
    """The text near a position, in one line."""
    start, end = max(0, position - _AROUND), position + _AROUND
    before, after = "..." if start else "", "..." if end < len(text) else ""
    return " ".join(f"{before}{text[start:end]}{after}".split())
