"""Logs: JSON under systemd, readable on a terminal; secrets masked; Sentry only when asked for."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import MutableMapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog

from checks.masking import masked, masked_value
from config.errors import ConfigError
from config.secrets import mask

Event = MutableMapping[str, Any]
_LEVELS = (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO)
_LONGEST = 200
_LONGEST_MASKED = 64 * 1024
_LAST_WORDS = 2.0
_FOR_SENTRY = {
    "event_id", "timestamp", "level", "platform", "exception", "release", "sdk", "tags", "fingerprint",
}  # fmt: skip


def set_up(*, readable: bool | None = None, lowest: int = logging.INFO) -> None:
    """Send every log line from level `lowest` up to stderr; `readable` overrides the choice by where stderr leads."""
    if readable is None:
        readable = sys.stderr.isatty() and "JOURNAL_STREAM" not in os.environ
    ending: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if readable
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _reported,
            structlog.processors.format_exc_info,
            _masked,
            ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=_StderrFactory(),
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


class _StderrFactory:
    def __call__(self, *_args: Any) -> _Stderr:
        return _Stderr()


class _Stderr:
    """Writes lines to whatever stderr is now; a broken pipe or a closed one never stops the daemon."""

    def msg(self, message: str) -> None:
        try:
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            return

    log = debug = info = warning = error = critical = exception = fatal = failure = err = warn = msg


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
