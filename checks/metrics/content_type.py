"""Metrics: which formats are asked for, and which one an answer is in."""

from __future__ import annotations

import re
from enum import StrEnum

from checks.text import visible


class Format(StrEnum):
    """The two text formats of exporters."""

    OPENMETRICS = "openmetrics"
    PROMETHEUS = "prometheus"


_TEXT = "text/plain;version=0.0.4"
_OPEN = "application/openmetrics-text;version=1.0.0"
# The older one is preferred where both are spoken: programs in Go offer an OpenMetrics page that breaks its rules.
ACCEPT = {
    None: f"{_TEXT},{_OPEN};q=0.5,*/*;q=0.1",
    Format.OPENMETRICS: f"{_OPEN},*/*;q=0.1",
    Format.PROMETHEUS: f"{_TEXT},*/*;q=0.1",
}
_OPENMETRICS = "application/openmetrics-text"
# What servers of files and small scripts say of text.
_TEXTS = frozenset({"", "text/plain", "application/octet-stream", "text/openmetrics"})
_VERSION = re.compile(r";\s*version\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_READ = {"", "0.0.1", "1.0.0", "1.0", "1.0.1"}


class NoMetrics(Exception):
    """The answer says of itself that it is something else."""


def format_of(content_type: str | None) -> Format:
    """The format that a Content-Type names; the older one where it names none. Raises NoMetrics."""
    said = (content_type or "").strip()
    media = said.partition(";")[0].strip().lower()
    found = _VERSION.search(said)
    version = found[1] if found else ""
    if media == _OPENMETRICS:
        if version in _READ:
            return Format.OPENMETRICS
        raise NoMetrics(f"the page is OpenMetrics {visible(version, 20)}, and 1.0.0 was asked for")
    if media in _TEXTS:
        return Format.PROMETHEUS
    remedy = "does url: lead to an exporter's page, such as /metrics? if so, write format:"
    raise NoMetrics(f"the answer is {visible(media, 60)}, no text of metrics ({remedy})")
