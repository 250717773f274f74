"""The audit trail, counted again: what the timelines alone say of a quarter, without anything of the desk's own."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOUR = 3600 * 1_000_000
# From the organisation's process: hours to tier 2 from the beginning, and to tier 3 after that.
TO_TIER_2 = {"high": 24 * HOUR, "medium": 48 * HOUR}
TO_TIER_3 = 48 * HOUR
_TIERS = re.compile(r"tier (\d) -> (\d): (.*)")
_BY_TIME = "not resolved within"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a timeline; `at` in microseconds UTC."""

    at: int
    by: str
    what: str
    text: str


@dataclass(slots=True)
class Story:
    """One ticket as its timeline tells it. `rises` are moments and tiers that time alone must have brought."""

    number: int
    priority: str
    lines: list[Line]
    opened_at: int = 0
    resolved_at: int | None = None
    rises: list[tuple[int, int]] = field(default_factory=list)

    @property
    def risen(self) -> list[tuple[int, int]]:
        """Those that the trail says that time brought."""
        found = [(each.at, _TIERS.match(each.text)) for each in self.lines if each.what == "escalated"]
        return [(at, int(told[2])) for at, told in found if told and told[3].startswith(_BY_TIME)]

    @property
    def jumps(self) -> list[tuple[Line, str]]:
        """All others, each with its reason."""
        found = [(each, _TIERS.match(each.text)) for each in self.lines if each.what == "escalated"]
        return [(line, told[3]) for line, told in found if told and not told[3].startswith(_BY_TIME)]

    @property
    def changed_severity(self) -> bool:
        return any(each.what in ("worsened", "eased") for each in self.lines)


def stories(database: Path) -> Iterator[Story]:
    """Every ticket of the store."""
    with sqlite3.connect(database) as store:
        lines: dict[int, list[Line]] = {}
        for number, *line in store.execute(
            'SELECT ticket, at, "by", what, text FROM ticket_events ORDER BY ticket, seq'
        ):
            lines.setdefault(number, []).append(Line(*line))
        for number, priority in store.execute("SELECT number, priority FROM tickets ORDER BY number"):
            yield _told(Story(number, priority, lines[number]))


class _Watch:
    """Runs while somebody is to work on the ticket; what is still to come moves with each pause."""

    def __init__(self, story: Story, at: int) -> None:
        self.story, self.tier = story, 1
        self.begin(at)

    def begin(self, at: int) -> None:
        """Opened, or opened again: time counts from here."""
        self.left, self.since, self.runs = TO_TIER_2.get(self.story.priority), at, True
        if self.tier >= 2:
            self.left = TO_TIER_3 if self.story.priority in TO_TIER_2 else None

    def until(self, at: int) -> None:
        """What became due on the way to that moment."""
        while self.runs and self.left is not None and self.since + self.left <= at and self.tier < 3:
            self.reach(self.tier + 1, self.since + self.left)
            self.story.rises.append((self.since, self.tier))
        if self.runs and self.left is not None:
            self.left -= at - self.since
        self.since = at

    def reach(self, tier: int, at: int) -> None:
        self.tier, self.since = tier, at
        self.left = TO_TIER_3 if tier == 2 and self.story.priority in TO_TIER_2 else None


def _told(story: Story) -> Story:
    story.opened_at = story.lines[0].at
    watch = _Watch(story, story.opened_at)
    for line in story.lines:
        jumped = _TIERS.match(line.text) if line.what == "escalated" else None
        # A rise in the very moment of a person's act comes after it, in the next look of the desk.
        watch.until(line.at if line.what == "escalated" else line.at - 1)
        if line.what == "pend":
            watch.until(line.at)
            watch.runs = False
        elif line.what == "start":
            watch.since, watch.runs = line.at if not watch.runs else watch.since, True
        elif line.what in ("resolve", "recovered"):
            watch.until(line.at)
            watch.runs, story.resolved_at = False, line.at
        elif line.what in ("reopen", "reopened"):
            story.resolved_at = None
            watch.begin(line.at)
        elif jumped and not jumped[3].startswith(_BY_TIME):
            watch.reach(int(jumped[2]), line.at)
    return story


def escalations(found: list[Story]) -> Counter[int]:
    """How often each tier was reached."""
    return Counter(
        int(told[2])
        for story in found
        for line in story.lines
        if line.what == "escalated" and (told := _TIERS.match(line.text))
    )


def in_time(found: list[Story], hours: int, now: int) -> tuple[int, int]:
    """Of those that can be judged by now: how many there are, and how many were resolved within so many hours."""
    within = hours * HOUR
    judged = [s for s in found if s.resolved_at is not None or s.opened_at + within <= now]
    good = [s for s in judged if s.resolved_at is not None and s.resolved_at - s.opened_at <= within]
    return len(judged), len(good)
