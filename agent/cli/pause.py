"""`tocsin pause`, `resume` and `recheck`: let a check rest for a while, let it look again, let it look now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar, must_be_here, server
from agent.cli.asking import USAGE, planned, times
from agent.cli.completion import check_names
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, fail, loaded, no_such
from agent.cli.silence import ByOption, ForOption, ReasonOption, UntilOption, show
from agent.cli.source import source

if TYPE_CHECKING:
    from config.models import Config

_CANNOT_LOOK = 3
_MARGIN = 30.0
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="service or service.check.", autocompletion=check_names)
]


@also_afar
def pause(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: NameArgument,
    reason: ReasonOption,
    until: UntilOption = None,
    lasts: ForOption = None,
    by: ByOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do not look at a check, or at any of a service, for a while, at most a year.

    Its time is unknown meanwhile, and nothing is opened; an incident that is open stays open. Pausing it again gives
    the pause a new end. Times without a zone are those of agent.timezone.

    Example: tocsin pause shop.home --for 2h --reason "the server is being moved"
    """
    zone = source(config).zone
    if server() is None:
        _must_exist(loaded(config), name)
    when = times(zone, start=None, end=until, lasts=lasts)
    document = planned(config, "pause", names=[name], **when, reason=reason, by=by)
    show(zone, document, as_json=as_json)


@also_afar
def resume(
    name: NameArgument, by: ByOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """End a pause now: the check looks at once. A service is resumed with those of its checks that are paused.

    Example: tocsin resume shop.home
    """
    zone = source(config).zone
    ended = planned(config, "resume", names=[name], by=by)
    if as_json:
        print_json(ended)
        return
    for document in ended:
        show(zone, document, as_json=False)


def recheck(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="service or service.check.", autocompletion=check_names),
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the daemon look at once, and print what it saw. It counts like any other look.

    What is paused, or rests outside its active: calendar, is left out.

    Exit code: the worst of down 2, unknown 3, degraded 1, ok 0; 3 also when nothing was looked at.

    Example: tocsin recheck shop.home
    """
    from agent.cli.look import print_reading, selected, worst
    from agent.cli.look_document import as_document
    from agent.rechecks import reading_of

    configuration = loaded(config)
    chosen = {check.address: check for check in selected(configuration, names)}
    told = _asked(configuration, list(chosen))
    readings = [(chosen[name], reading_of(found)) for name, found in told["readings"].items()]
    for name, why in told["left_out"].items():
        print(f"tocsin: {name} {why}", file=sys.stderr)
    if as_json:
        print_json([as_document(*pair) for pair in readings])
    else:
        for pair in readings:
            print_reading(*pair)
    raise Ended(worst(readings) if readings else _CANNOT_LOOK)


def _asked(config: Config, names: list[str]) -> Any:
    from agent.control import NotRunning, Refused, ask

    must_be_here()

    # A look that is under way ends first.
    patience = 2 * max((check.timeout for check in config.checks()), default=0.0) + _MARGIN
    directory = Path(config.agent.state_dir)
    try:
        return ask(directory, "recheck", patience=patience, names=names)
    except NotRunning:
        remedy = "start one with `systemctl start tocsin`, or look without one: `tocsin check`"
        fail(f"no daemon runs in {directory} ({remedy})", _CANNOT_LOOK)
    except Refused as error:
        fail(str(error), _CANNOT_LOOK)


def _must_exist(config: Config, name: str) -> None:
    checks = [check.address for check in config.checks()]
    if name in config.services or name in checks:
        return
    service, _, check = name.partition(".")
    if service in config.services and check in config.services[service].disabled:
        fail(f"{name} is disabled: it is not looked at", USAGE)
    fail(no_such("service or check", name, [*config.services, *checks]), USAGE)
