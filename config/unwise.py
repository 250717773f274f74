"""What is legal and unwise in complete services: promises not to be kept, waits without end, a check twice over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from config.conditions import Condition
from config.models import Check, CheckOptions, Config, Service
from config.places import Where
from config.secrets import HIDDEN, references
from config.sources import Sources
from config.units import DAY, parse_duration, show_duration, show_ratio

_MONTH = 30 * DAY
_HALF = Fraction(1, 2)


def warn_of_unwise(sources: Sources, config: Config) -> None:
    """Note warnings in `sources`; what holds a mistake is left alone, a default stands where it was."""
    wrong = {
        problem.path.split(".")[1] for problem in sources.problems if problem.path.startswith("services.")
    }
    if any(problem.path.startswith("defaults.") for problem in sources.problems):
        return
    for service in config.services.values():
        if service.name in wrong:
            continue
        written = _block(sources.tree.get("services"), service.name)
        where: Where = ("services", service.name)
        _target(sources, where, service, written)
        _twice(sources, where, service, written)
        for check in service.checks.values():
            _Looks(sources, (*where, "checks", check.name), check, _check_block(written, check.name)).run()
    for made in sources.groups.values():
        services = [config.services[name] for name in made[:2] if name in config.services]
        if len(services) > 1 and not wrong & {service.name for service in services}:
            _targets(sources, *services)


def _targets(sources: Sources, first: Service, second: Service) -> None:
    """What is made for two targets must look at two things."""
    blocks = [_block(sources.tree.get("services"), service.name) for service in (first, second)]
    looks = [
        [_sameness(check, _check_block(block, name)) for name, check in service.checks.items()]
        for service, block in zip((first, second), blocks, strict=True)
    ]
    if looks[0] and looks[0] == looks[1]:
        message = "looks at the same for every target"
        sources.warn(("services", second.name), message, "write ${target} where its checks differ", key=True)


def _block(blocks: Any, name: str) -> Mapping[str, Any]:
    block = blocks.get(name) if isinstance(blocks, Mapping) else None
    return block if isinstance(block, Mapping) else {}


def _check_block(service: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return _block(service.get("checks"), name)


def _target(sources: Sources, where: Where, service: Service, written: Mapping[str, Any]) -> None:
    """The promise, where the operator made one, against what the looks can find out."""
    place: Where = (*where, "target") if "target" in written else ("defaults", "target")
    if "target" not in _block(sources.tree, "defaults") and "target" not in written:
        return
    target, shown = service.target, show_ratio(service.target)
    if target < _HALF:
        hint = (
            f"did you mean {float(target * 100):g} or {float(target * 10000):g}%?"
            if target < 1 / 100
            else None
        )
        sources.warn(place, f"{shown} is kept even when it is down half of the time", hint)
    shortest = _shortest_outage(service)
    allowed = float(1 - target) * _MONTH
    if target == 1:
        sources.warn(
            place, "100% is broken by the first outage that is confirmed", "99.9% allows 43m in 30 days"
        )
    elif shortest is not None and shortest > allowed:
        message = f"{shown} allows {show_duration(allowed)} in 30 days, but no outage shorter than "
        hint = "look more often, or promise less"
        sources.warn(place, f"{message}{show_duration(shortest)} can be seen: any one breaks it", hint)
    if shortest is None and "target" in written and len(service.checks) == len(_block(written, "checks")) > 0:
        sources.warn(place, "none of its checks counts for uptime: the target is never judged")


def _shortest_outage(service: Service) -> float | None:
    """Seconds from the first failing look to the first good one, at best; None when no check counts.

    A failure that is not confirmed costs nothing, and after the quick looks that confirm it comes the next
    regular one. Where several must fail together the time in which they all do may be shorter.
    """
    counting = [check.every for check in service.checks.values() if check.counts_for_uptime]
    if counting and service.down_when != "any" and len(counting) > 1:
        return 0.0
    return min(counting, default=None)


def _time_taken(looks: int, check: Check) -> float:
    """Seconds that so many looks in a row take while a flip is being confirmed: quick ones and regular ones."""
    at = 0.0
    for _ in range(looks - 1):
        at = min(at + check.retry_every, (at // check.every + 1) * check.every)
    return at


def _twice(sources: Sources, where: Where, service: Service, written: Mapping[str, Any]) -> None:
    """Checks of one service that look at the same in the same way.

    In two services that is no mistake: what both rely on may well be looked at for both.
    """
    if len(service.checks) < 2:
        return
    glances = {name: _glance(check) for name, check in service.checks.items()}
    alike = Counter(glances.values())
    seen: dict[Any, str] = {}
    for name, check in service.checks.items():
        if alike[glances[name]] == 1:
            continue
        first = seen.setdefault(_sameness(check, _check_block(written, name)), name)
        if first != name:
            hint = "leave one out, or let it look at something else"
            sources.warn((*where, "checks", name), f'is the same check as "{first}"', hint, key=True)


def _glance(check: Check) -> Any:
    """What two checks that are the same have in common, seen quickly: there may be thousands."""
    return check.kind, *(value for value in vars(check.spec).values() if isinstance(value, (str, int, float)))


def _sameness(check: Check, written: Mapping[str, Any]) -> Any:
    spec = repr(check.spec)
    # Secrets do not compare; the references they are written as do.
    options = [item for item in written.items() if item[0] not in CheckOptions.model_fields]
    as_written = repr(sorted(options)) if HIDDEN in spec else ""
    conditions = tuple(condition.text for condition in (*check.down, *check.degraded))
    return check.kind, spec, as_written, conditions, check.active


class _Looks:
    """How often one check looks, and how long it waits before it believes what it sees."""

    def __init__(self, sources: Sources, where: Where, check: Check, written: Mapping[str, Any]) -> None:
        self.sources, self.where, self.check, self.written = sources, where, check, written

    def run(self) -> None:
        self._retry()
        self._wait("confirm", self.check.confirm, "a failure")
        self._wait("recover", self.check.recover, "a recovery")
        self._first_confirms()
        self._recover_after()
        for level, condition in self._own_conditions():
            self._hold(level, condition)
        self._arguments()

    def _own_conditions(self) -> Iterator[tuple[str, Condition]]:
        for level, conditions in (("down", self.check.down), ("degraded", self.check.degraded)):
            if level in self.written:
                yield from ((level, condition) for condition in conditions)

    def _arguments(self) -> None:
        """What a program is called with can be read by every user of the host."""
        arguments = self.written.get("command")
        for number, text in enumerate(arguments if isinstance(arguments, list) else ()):
            if isinstance(text, str) and references(text):
                message = "a secret among the arguments can be read by every user of the host"
                hint = "hand it over in env:, or let the program read the file itself"
                self.sources.warn((*self.where, "command", number), message, hint)

    def _retry(self) -> None:
        asked = self.written.get("retry_every")
        if (
            asked is not None
            and self.check.retry_every == self.check.every
            and _longer(asked, self.check.every)
        ):
            every = show_duration(self.check.every)
            message = f"is longer than every ({every}), which is used instead"
            self.sources.warn((*self.where, "retry_every"), message, "lower it, or leave it out")

    def _wait(self, option: str, count: int, what: str) -> None:
        retry = self.check.retry_every
        if (count - 1) * retry <= DAY or (taken := _time_taken(count, self.check)) <= DAY:
            return
        message = f"{what} is believed after {show_duration(taken)} only: {count} looks, {show_duration(retry)} apart"
        place = option if option in self.written else "retry_every"
        self.sources.warn((*self.where, place), message, f"lower {option} or retry_every")

    def _first_confirms(self) -> None:
        of = self.check.confirm_of
        if self.check.confirm == 1 and of is not None and of > 1 and "confirm" in self.written:
            message, hint = f"1 of {of} is met by the first failing reading alone", f"did you mean 2 of {of}?"
            self.sources.warn((*self.where, "confirm"), message, hint)

    def _recover_after(self) -> None:
        after, recover = self.check.recover_after, self.check.recover
        if "recover_after" not in self.written or not after:
            return
        place = (*self.where, "recover_after")
        if after > DAY:
            self.sources.warn(place, "a recovery is believed after more than a day only", "lower it")
        elif after <= (taken := _time_taken(recover, self.check)):
            message = f"adds nothing: recover ({recover}) takes {show_duration(taken)} anyway"
            self.sources.warn(place, message, "raise it, or leave it out")

    def _hold(self, level: str, condition: Condition) -> None:
        hold, confirm = condition.must_hold, self.check.confirm
        if hold is None:
            return
        if hold.seconds is not None and hold.seconds <= (taken := _time_taken(confirm, self.check)):
            message = f"for {hold} adds nothing: confirm ({confirm}) takes {show_duration(taken)} anyway"
            self.sources.warn((*self.where, level), message, "raise it, or leave it out")
        if hold.count == 1 and (hold.of or 1) > 1:
            hint = f"did you mean 2 of {hold.of}?"
            self.sources.warn((*self.where, level), f"{hold} is met by the first bad reading alone", hint)


def _longer(text: Any, seconds: float) -> bool:
    try:
        return parse_duration(text) > seconds
    except ValueError:
        return False  # a reference: what it gave is not known here
