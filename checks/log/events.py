"""Lines -> events: a trace of Java, Python, Go or any other program is one event, whatever its lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from checks.masking import masked
from checks.memo_numbers import is_number
from config.conditions.patterns import Pattern

_MOST_TEXT = 1 << 16
_REMEMBERED = 4096
# What a collector puts before each line of a trace: syslog's host and program, or the stream of a container.
_FRONT = re.compile(
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ][\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?)"
    rb" (?:std(?:out|err) [FP] |\S{1,255} ([\w./@-]{1,64}(?:\[\d{1,10}\])?): ?(?=[ \t#]|\S))"
)
_DATED = re.compile(rb"\{|\[?(?:\d{4}[-/]\d\d[-/]\d\d|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d)")
_BELONGS = re.compile(rb"Caused by: |Suppressed: |\.\.\. \d+ (?:more|common)|created by |goroutine \d+ \[")
_CLASS = re.compile(rb"(?:[A-Za-z_$][\w$]*[./])+[\w$]*(?:Exception|Error|Throwable|Failure)\b")
_GO = re.compile(rb"goroutine \d+ \[|created by |\[signal |exit status \d|[\w./*()\[\]{}-]+\(.*\)$|runtime: ")
_CHAIN = (b"During handling of the above exception", b"The above exception was the direct cause")
_TRACEBACK = b"Traceback (most recent call last)"
_PANIC = (b"panic: ", b"fatal error: ", b"goroutine ")
_BLAMES = re.compile(rb"(?i)error|exception|critical|fatal|severe|panic|fail|warn|\bERR\b|unhandled|uncaught")


@dataclass(slots=True)
class Event:
    """One thing that happened: when it counts (Unix seconds), its level, its text, and what it counted as so far.

    `trace` is where in a trace its last line stands: `plain`, `frames` and `raised` and `chained` of Python, `go`;
    `ignored` says that an earlier look found in it what is to be ignored.
    """

    at: float
    level: int | None
    text: bytes
    trace: str = "plain"
    writer: str = ""
    lines: int = 1
    counted: frozenset[str] = frozenset()
    ignored: bool = False

    def add(self, text: bytes, trace: str) -> None:
        self.trace = trace
        self.lines += 1
        if len(self.text) < _MOST_TEXT:
            self.text += b"\n" + text[:_MOST_TEXT]

    def memo(self, *, ignored: bool) -> list[Any]:
        """Its text without secrets: what they could still be asked for is asked by now."""
        text = masked(self.text[: 2 * _REMEMBERED].decode("utf-8", "replace"))[:_REMEMBERED]
        counted = sorted(self.counted)
        return [self.at, self.level, text, self.trace, self.writer, self.lines, counted, ignored]


def event_from(memo: Any) -> Event | None:
    """The inverse of `Event.memo`; None for anything else."""
    match memo:
        case [
            at,
            None | int() as level,
            str(text),
            str(trace),
            str(writer),
            int(lines),
            [*counted],
            bool(ignored),
        ] if is_number(at):
            names = frozenset(str(name) for name in counted)
            said = text.encode("utf-8", "replace")
            return Event(float(at), level, said, trace, writer, lines, names, ignored)
    return None


def bare(text: bytes) -> tuple[bytes, str]:
    """The line without what a collector put before it, and the program that it names there."""
    found = _FRONT.match(text[:512])
    if found is None:
        return text, ""
    return text[found.end() :], (found[1] or b"").decode("latin-1")


def begins(line: bytes) -> str:
    """Where in a trace an event stands that begins with this line."""
    if line.startswith(_TRACEBACK):
        return "frames"
    return "go" if line.startswith(_PANIC) else "plain"


def goes_on(event: Event, line: bytes, begin: Pattern | None) -> str | None:
    """Where in its trace the event stands after this line; None when the line does not belong to it."""
    if not line.strip():
        return event.trace
    if begin is not None:
        return None if begin.found_in(line) else event.trace
    if line.startswith((b" ", b"\t", b"#011")):
        return event.trace
    if _BELONGS.match(line):
        return "go" if line.startswith((b"goroutine ", b"created ")) else event.trace
    return _in_trace(event, line)


def _in_trace(event: Event, line: bytes) -> str | None:
    if line.startswith(_TRACEBACK):
        return "frames" if event.trace == "chained" or _head_blames(event) else None
    if _DATED.match(line):
        return None
    if event.trace == "frames":
        return "raised"
    if event.trace == "raised" and line.startswith(_CHAIN):
        return "chained"
    if event.trace == "go" and _GO.match(line):
        return "go"
    if event.lines == 1 and _CLASS.match(line) and _head_blames(event):
        return event.trace
    return None


def _head_blames(event: Event) -> bool:
    """Whether the event's first line tells of something wrong: only then a trace below it is its own."""
    return event.lines == 1 and _BLAMES.search(event.text[:1000]) is not None
