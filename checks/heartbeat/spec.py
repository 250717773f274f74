"""The options of the kind `heartbeat`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from checks.base import Spec
from checks.heartbeat.schedule import Cron, Interval, OnCalendar, Schedule, calendar, cron
from config.field_types import Zone
from config.secrets import Secret
from config.units import HOUR, YEAR, Every, Size, duration_between

KEY_RULE = "8 to 128 letters, digits and - . _ ~"
_KEY = re.compile(r"[A-Za-z0-9._~-]{8,128}")
_KIB = 1024.0
_LONGEST_GRACE = HOUR
CronText = Annotated[str, AfterValidator(cron)]
CalendarText = Annotated[str, AfterValidator(calendar)]


def is_key(text: str) -> bool:
    """Whether the text can stand in an address as a key."""
    return _KEY.fullmatch(text) is not None


class HeartbeatSpec(Spec):
    """When a job reports, and under which key."""

    every: Every | None = Field(
        None, description="a report is due this long after the one before, from 1s", examples=["24h"]
    )
    cron: CronText | None = Field(
        None, description="reports are due at these moments, as in a crontab", examples=["30 2 * * *"]
    )
    on_calendar: CalendarText | None = Field(
        None, description="the same, as in a systemd timer", examples=["Mon..Fri *-*-* 02:30"]
    )
    zone: Zone = Field(
        "UTC", description="the zone of `cron` and `on_calendar`", examples=["Africa/Johannesburg"]
    )
    grace: Annotated[float, duration_between(0, YEAR)] | None = Field(
        None,
        description="how much later than due a report may come; default: until the next one is due, at most 1h",
        examples=["30m"],
    )
    max_runtime: Annotated[float, duration_between(1, YEAR)] | None = Field(
        None,
        description="how long a run may take from its start to its end; default: as `grace`",
        examples=["2h"],
    )
    key: Secret | None = Field(
        None,
        description=f"what the job names itself by, {KEY_RULE}; default: one made for it, see `tocsin heartbeats`",
        examples=["${credential:backup-key}"],
    )
    max_body: Annotated[Size, Field(ge=0, le=64 * _KIB)] = Field(
        10 * _KIB,
        description="how much of what a report brings along is kept; at most 64KiB",
        examples=["1KiB"],
    )

    @field_validator("key")
    @classmethod
    def _fit_for_an_address(cls, key: Secret | None) -> Secret | None:
        if key is not None and key.in_clear and not is_key(key.reveal()):
            raise ValueError(f"a key is {KEY_RULE}")
        return key

    @model_validator(mode="after")
    def _one_schedule(self) -> HeartbeatSpec:
        given = [name for name in ("every", "cron", "on_calendar") if getattr(self, name) is not None]
        if not given:
            raise ValueError("wants to know when reports are due: every:, cron: or on_calendar:")
        if len(given) > 1:
            raise ValueError(f"takes one of {', '.join(f'{name}:' for name in given)}, not all of them")
        return self

    @property
    def schedule(self) -> Schedule:
        """When reports are due."""
        if self.cron is not None:
            return Cron(self.cron, self.zone)
        if self.on_calendar is not None:
            return OnCalendar(self.on_calendar, self.zone)
        return Interval(self.every or HOUR)

    def grace_after(self, due: float) -> float:
        """Seconds that a report due at this moment may be late."""
        if self.grace is not None:
            return self.grace
        following = self.schedule.after(due)
        return _LONGEST_GRACE if following is None else min(_LONGEST_GRACE, following - due)

    def longest_run(self, start: float) -> float:
        """Seconds that a run begun at this moment may take."""
        return self.grace_after(start) if self.max_runtime is None else self.max_runtime


def beat(spec: HeartbeatSpec) -> float:
    """How often a job is judged when nothing happens, in seconds; what becomes late is seen at its moment."""
    return min(60.0, spec.every or 60.0)
