"""`tocsin explain`: why a figure is what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.completion import service_names
from agent.cli.output import print_json
from agent.cli.periods_asked import AsOfOption, FromOption, PeriodOption, ToOption, ZoneOption, asked
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such

if TYPE_CHECKING:
    from agent.explanation.uptime import Explanation
    from agent.store.reader import Reader
    from alerting.slo.periods import Period
    from config.models import Config, Service

app = typer.Typer(help="Why a figure is what it is.", no_args_is_help=True, rich_markup_mode=None)
_USAGE = 64


@app.callback()
def _group() -> None:
    """Why a figure is what it is."""


@app.command()
def uptime(  # noqa: PLR0913, PLR0917 - each is an option of the command
    service: Annotated[str, typer.Argument(metavar="SERVICE", autocompletion=service_names)],
    period: PeriodOption = None,
    start: FromOption = None,
    end: ToOption = None,
    zone: ZoneOption = None,
    as_of: AsOfOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the time that was plainly up, however long the list.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trace each second of a service's uptime to the reading, gap or planned work that gave it its class.

    Example: tocsin explain uptime shop --period 2026-11
    """
    from agent.cli.explained import as_document, print_explanation

    configuration = loaded(config)
    where = configuration.agent.timezone if zone is None else zone
    span, now = asked((period, start, end), as_of, where)
    explanation = _explained(configuration, service, span, now)
    if as_json:
        print_json(as_document(explanation))
    else:
        print_explanation(explanation, span, everything=everything)


def _explained(config: Config, name: str, period: Period, now: int) -> Explanation:
    from agent.explanation.uptime import explain
    from agent.store.reader import NoStore, reading

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            return explain(store, _service(config, store, name), period, now, config.maintenance.values())
    except NoStore as error:
        if name not in config.services:
            fail(no_such("service", name, config.services), _USAGE)
        fail(str(error), 1)


def _service(config: Config, store: Reader, name: str) -> Service:
    """The service; also one that is configured no more, with the usual agreement."""
    from agent.uptime import retired

    if name in config.services:
        return config.services[name]
    if not store.knows(name):
        fail(no_such("service", name, config.services), _USAGE)
    return retired(name)
