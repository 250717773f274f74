"""Moments as helpdesks write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from alerting.slo.periods import micros


def moment(text: Any) -> int:
    """Microseconds UTC of a moment in ISO 8601 (one without a zone is UTC); 0 for what is none."""
    try:
        read = datetime.fromisoformat(str(text))
        return micros(read if read.tzinfo is not None else read.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return 0
