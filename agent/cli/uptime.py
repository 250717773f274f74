"""`tocsin uptime`: each service's time in a period, against its target."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.afar import also_afar
from agent.cli.completion import service_names
from agent.cli.output import print_json
from agent.cli.periods_asked import AsOfOption, FromOption, PeriodOption, ToOption, ZoneOption, asked
from agent.cli.setting import ConfigOption, JsonOption
from agent.cli.source import source


@also_afar
def uptime(  # noqa: PLR0913, PLR0917 - each is an option of the command
    service: Annotated[
        str | None,
        typer.Option("--service", metavar="NAME", help="Only this service.", autocompletion=service_names),
    ] = None,
    period: PeriodOption = None,
    start: FromOption = None,
    end: ToOption = None,
    zone: ZoneOption = None,
    as_of: AsOfOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Uptime per service over a period, against its target; unseen time is shown, never counted as up.

    With it come what is left of the error budget, and the last 90 days with a mark for each. Of one service
    its outages are listed too. In a file or pipe each service has one row; colours are for terminals only, and for
    none where NO_COLOR is set.

    Example: tocsin uptime --period 2026-11 --service shop
    """
    from agent.cli.outages import print_outages
    from agent.cli.uptime_table import print_figures
    from alerting.slo.figures import rfc3339

    asked_of = source(config)
    where = asked_of.zone if zone is None else zone
    span, now = asked((period, start, end), as_of, where, asked_of.now())
    shown = asked_of.uptime(service, span, now, days=not as_json)
    if as_json:
        print_json([each.figure for each in shown])
        return
    print_figures(shown, span.zone)
    if service is not None:
        print_outages(shown[0].figure, span.zone, rfc3339(now))
