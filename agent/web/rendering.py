"""Templates: every value is escaped, an unknown name is an error, times are shown in the viewer's zone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from agent.web.showing import FILTERS

if TYPE_CHECKING:
    from jinja2 import Environment

    from agent.web.visit import Visit


def page(visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
    """A page for somebody who is known."""
    agent = visit.daemon.config().agent
    given = {
        "person": visit.person,
        "now": visit.now,
        "zone": visit.zone,
        "agent": agent.id,
        "trouble": visit.daemon.trouble(),
    }
    # The first part of the path says which of the pages of the top bar it belongs to.
    room = "/" + visit.request.url.path.split("/")[1]
    return HTMLResponse(rendered(template, room=room, **given, **values), status)


def rendered(template: str, /, **values: Any) -> str:
    """The text of a template."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("agent.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters.update(FILTERS)
    return made
