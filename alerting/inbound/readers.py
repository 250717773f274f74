"""The readers by the tool that they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from alerting.inbound import alertmanager, datadog, generic, newrelic, pingdom, sentry, statuscake
from alerting.inbound.alert import Read
from config.inbound import Inbound

READERS: Mapping[str, Callable[[Any], Read]] = {
    "alertmanager": alertmanager.read,
    "datadog": datadog.read,
    "newrelic": newrelic.read,
    "pingdom": pingdom.read,
    "sentry": sentry.read,
    "statuscake": statuscake.read,
}


def read(body: Any, source: Inbound) -> Read:
    """The alerts in a webhook's body. Raises NotRead."""
    if source.mapping is not None:
        return generic.read(body, source.mapping)
    return READERS[source.type](body)
