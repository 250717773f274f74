"""Logs: fields in the journal, readable on a terminal, else JSON; secrets masked; Sentry only when asked for."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import structlog

from agent import journal
from agent.log_lines import Aside, Descriptor, Lines, Outlet
from agent.repeats import Repeats
from checks.masking import masked, masked_value
from config.errors import ConfigError
from config.secrets import mask

Event = MutableMapping[str, Any]
_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
_LONGEST = 200
_LONGEST_MASKED = 64 * 1024
_LAST_WORDS = 2.0
_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
_FOR_SENTRY = {
    "event_id", "timestamp", "level", "platform", "exception", "release", "sdk", "tags", "fingerprint",
}  # fmt: skip


def set_up(*, readable: bool | None = None, lowest: int = logging.INFO) -> None:
    """Send every log line from level `lowest` up to stderr; `readable` overrides the choice by where stderr leads."""
    _configure(lambda *_args: _Into(_to_stderr), lowest, _rendering(readable))


def set_up_apart() -> None:
    """The daemon's way: a thread writes the lines, and all that is printed to stderr; repeats are held back.

    They go to the journal when stderr leads there, else to stderr. Whoever does not read them, or is gone, stops
    nobody.
    """
    way, repeats = _way_out(), Repeats(time.perf_counter)
    lines = _Apart.lines = Lines(
        way.outlet,
        due=lambda at_end: map(way.line, repeats.due(at_end=at_end)),
        told=lambda number: way.line(_STAMP(None, "", _lost(number))),
    )

    def ending(_logger: Any, _name: str, event: Event) -> bytes:
        if not repeats.passes(event):
            raise structlog.DropEvent
        return way.line(event)

    _configure(lambda *_args: _Into(lines.put), logging.INFO, ending)
    logging.captureWarnings(capture=True)
    sys.stderr = Aside(lambda text: lines.put(way.words(text)))
    atexit.register(lines.close, _LAST_WORDS)


def lost() -> int:
    """How many lines were dropped since the start, because nobody took them."""
    return 0 if _Apart.lines is None else _Apart.lines.lost


class _Apart:
    """The lines on their way, once a thread writes them."""

    lines: Lines | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """Where lines go, and how lines and bare words look there."""

    outlet: Outlet
    line: Callable[[Mapping[str, Any]], bytes]
    words: Callable[[str], bytes]


def _way_out() -> _Way:
    descriptor = sys.stderr.fileno()
    if journal.leads_there(descriptor) and Path(journal.SOCKET).exists():
        with contextlib.suppress(OSError):
            return _Way(journal.Journal(), journal.entry, journal.words)
    render = _rendering(None)
    return _Way(Descriptor(descriptor), lambda line: _ended(render(None, "", dict(line))), _ended)


def _ended(text: str) -> bytes:
    return f"{text}\n".encode(errors="backslashreplace")


def _lost(number: int) -> Event:
    return {"event": "log.lines_lost", "level": "warning", "lost": number, "reason": "nobody took them"}


def _rendering(readable: bool | None) -> Any:
    if readable is None:
        readable = sys.stderr.isatty() and "JOURNAL_STREAM" not in os.environ
    if readable:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _configure(factory: Any, lowest: int, ending: Any) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _STAMP,
            _reported,
            structlog.processors.format_exc_info,
            _masked,
            ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Relay()])
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


class _Relay(logging.Handler):
    """What libraries log comes out like our own lines; their texts may hold anything, and are masked as such."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except Exception:  # arguments that do not fit the text are no reason to lose it
            said = str(record.msg)
        level = next((each for each in _LEVELS if record.levelno >= each), logging.DEBUG)
        extra = {"exc_info": record.exc_info} if record.exc_info else {}
        structlog.get_logger().log(level, _masked_text(said), logger=record.name, **extra)


def _masked(_logger: Any, _name: str, event: Event) -> Event:
    if isinstance(event.get("exception"), str):
        event["exception"] = _masked_text(event["exception"])
    return {key: masked_value(value, key, mask) for key, value in event.items()}


def _masked_text(text: str) -> str:
    return masked(text[:_LONGEST_MASKED])


class _Into:
    """What structlog calls with a finished line."""

    def __init__(self, put: Callable[[Any], None]) -> None:
        self.msg = put
        self.log = self.debug = self.info = self.warning = self.error = self.critical = put
        self.exception = self.fatal = self.failure = self.err = self.warn = put


def _to_stderr(line: str) -> None:
    """To whatever stderr is now; a broken pipe or a closed one never stops the command."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


class _Sentry:
    """Whether faults are reported; until then nothing of Sentry is imported."""

    on = False


def report_to_sentry(dsn: str) -> None:
    """Send our own unexpected faults to Sentry, without anything about the host, its targets or its secrets.

    Raises ConfigError for what is no DSN.
    """
    import sentry_sdk
    from sentry_sdk.utils import Dsn

    try:
        Dsn(dsn)
    except ValueError:
        hint = "copy it from the project's settings: https://KEY@HOST/NUMBER"
        raise ConfigError(f"agent.sentry_dsn: is not the DSN of a Sentry project ({hint})") from None
    sentry_sdk.init(
        dsn=dsn,
        release=_release(),
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        enable_backpressure_handling=False,
        send_client_reports=False,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        server_name="",
        spotlight=False,
        before_send=_scrubbed,
    )
    if not _Sentry.on:
        atexit.register(sentry_sdk.flush, _LAST_WORDS)
    _Sentry.on = True


def report(error: BaseException, event: str) -> None:
    """Tell Sentry of a fault, when it was set up; `event` is a name of ours, no text from elsewhere."""
    if _Sentry.on:
        import sentry_sdk

        sentry_sdk.capture_exception(error, tags={"event": event})


def _reported(_logger: Any, _name: str, event: Event) -> Event:
    told = event.get("exc_info")
    if told and _Sentry.on and not str(event.get("logger", "")).startswith("sentry_sdk"):
        error = told[1] if isinstance(told, tuple) else told if isinstance(told, BaseException) else None
        error = error or sys.exc_info()[1]
        if error is not None:
            report(error, event.get("logger") or event["event"])
    return event


def _scrubbed(event: Any, _hint: Any) -> Any:
    """The exceptions' types, texts (masked) and frames without variables; nothing else."""
    for entry in event.get("exception", {}).get("values", ()):
        entry["value"] = _masked_text(str(entry.get("value", "")))[:_LONGEST]
    return {key: value for key, value in event.items() if key in _FOR_SENTRY}


def _release() -> str:
    """Named by us: Sentry would look for one in the environment and ask git."""
    try:
        return f"tocsin@{version('tocsin')}"
    except PackageNotFoundError:
        return "tocsin"
