"""The tables of options in docs/configuration.md, made from the models: `python -m config.page` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from config.desk import DeskOptions
from config.inbound import Inbound
from config.incidents import IncidentOptions
from config.markdown import filled_in, write
from config.models import (
    AgentConfig,
    CalendarOptions,
    CheckOptions,
    Defaults,
    HelpdeskOptions,
    MaintenanceOptions,
    Route,
    ServiceOptions,
    SeverityRule,
    Team,
)
from config.option_table import option_table, options_of
from config.policy_options import PolicyOptions
from config.status_pages import StatusPage
from config.vendors import Vendor

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
PARTS: Mapping[str, type[BaseModel]] = {
    "agent": AgentConfig,
    "defaults": Defaults,
    "service": ServiceOptions,
    "check": CheckOptions,
    "team": Team,
    "route": Route,
    "helpdesk": HelpdeskOptions,
    "severity": SeverityRule,
    "incidents": IncidentOptions,
    "desk": DeskOptions,
    "policy": PolicyOptions,
    "inbound": Inbound,
    "status-page": StatusPage,
    "vendor": Vendor,
    "calendar": CalendarOptions,
    "maintenance": MaintenanceOptions,
}


def parts() -> dict[str, str]:
    """Each table by the name that its marker has in the page."""
    return {name: option_table(options_of(model, defaults=Defaults)) for name, model in PARTS.items()}


if __name__ == "__main__":
    write(PAGE, filled_in(PAGE.read_text(encoding="utf-8"), parts()))
