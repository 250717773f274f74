"""Logs: JSON under systemd, readable on a terminal; secrets masked; Sentry only when asked for."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from config.secrets import mask

Event = MutableMapping[str, Any]


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
            structlog.processors.format_exc_info,
            _masked,
            ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=_StderrFactory(),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _masked(_logger: Any, _name: str, event: Event) -> Event:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask(value)
    return event


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


def report_to_sentry(dsn: str) -> None:
    """Send our own unexpected faults to Sentry, without anything about the host, its targets or its secrets."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        default_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        server_name="",
        before_send=_scrubbed,
    )


def _scrubbed(event: Any, _hint: Any) -> Any:
    """The exception's type and our own frames; texts masked."""
    for entry in event.get("exception", {}).get("values", ()):
        entry["value"] = mask(str(entry.get("value", "")))[:200]
    event.pop("extra", None)
    event.pop("request", None)
    return event
