"""What a document says, asked without a server."""

from __future__ import annotations

import json
from typing import Any

from checks.status_page.dialects import Provider, read
from checks.status_page.document import parse
from checks.status_page.moments import moment
from checks.status_page.verdict import Finding, find

NOW = moment("2026-11-22T12:00:00Z") or 0.0


def said(document: Any, *components: str, provider: Provider = "auto") -> Finding:
    """The finding; `document` is text as served, or a value to be served as JSON. Raises Unreadable."""
    text = document if isinstance(document, str) else json.dumps(document)
    _, page = read(parse(text), provider, NOW)
    return find(page, components)


def shape(finding: Finding) -> tuple[str, str | None, float | None]:
    """Indicator, title and start."""
    incident = finding.incident
    return finding.indicator.value, incident.title if incident else None, incident.since if incident else None
