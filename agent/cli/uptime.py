"""`tocsin uptime`: each service's time in a period, against its target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completion import service_names
from agent.cli.output import print_json
from agent.cli.periods_asked import AsOfOption, FromOption, PeriodOption, ToOption, ZoneOption, asked
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such

if TYPE_CHECKING:
    from agent.views.uptime import Shown
    from alerting.slo.periods import Period
    from config.models import Config

_USAGE = 64


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
    from alerting.slo.periods import midnights
    from alerting.slo.strip import DAYS

    configuration = loaded(config)
    where = configuration.agent.timezone if zone is None else zone
    span, now = asked((period, start, end), as_of, where)
    # The days of the strip end with the period, or with the day that it is shown on.
    bounds = () if as_json else midnights(min(now, span.end), span.zone, DAYS)
    shown = _figures(configuration, service, (span, bounds), now)
    if as_json:
        print_json([each.figure for each in shown])
        return
    print_figures(shown, span.zone)
    if service is not None:
        print_outages(shown[0].figure, span.zone, rfc3339(now))


def _figures(
    config: Config, service: str | None, asked_for: tuple[Period, tuple[int, ...]], now: int
) -> list[Shown]:
    from agent.store.reader import NoStore, reading
    from agent.views.uptime import NoSuchService, figures

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return figures(config, store, service, asked_for, now)
    except NoStore as error:
        if service is None or service in config.services:
            fail(str(error), 1)
        fail(no_such("service", service, [*config.services]), _USAGE)
    except NoSuchService as error:
        fail(no_such("service", error.name, error.known), _USAGE)
