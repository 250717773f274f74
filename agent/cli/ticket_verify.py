"""`tocsin tickets verify`: the checks behind a ticket are looked at again, and the outcome is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.afar import must_be_here
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json
from agent.cli.setting import ConfigOption, Ended, JsonOption, fail, loaded
from agent.cli.ticket_words import VersionOption
from agent.cli.tickets import TicketArgument

if TYPE_CHECKING:
    from config.models import Config

_EXITS = {"good": 0, "failing": 2, "unknown": 3}
_REFUSED, _UNKNOWN, _USAGE = 1, 3, 64
_MARGIN = 30.0


def verify(
    ticket: TicketArgument,
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the daemon look at the checks of a ticket now, and note on the ticket what they say.

    Those are its own check, what its incidents affect, or else all checks of its service.

    Exit code: 0 all are well, 2 one still fails, 3 it is not known.

    Example: tocsin tickets verify T-1
    """
    configuration, number = loaded(config), ticket_number(ticket)
    told = _asked(configuration, number, version)
    checks = {check.address: check for check in configuration.checks()}
    if as_json:
        from agent.cli.look_document import as_document
        from agent.rechecks import reading_of

        seen = {name: reading_of(found) for name, found in told["readings"].items()}
        readings = [as_document(checks[name], each) for name, each in seen.items() if name in checks]
        print_json({**told, "readings": readings})
    else:
        _print(told)
    raise Ended(_EXITS[told["outcome"]])


def _print(told: Any) -> None:
    for name, reading in told["readings"].items():
        message = reading.get("message") or ""
        print(f"{name}: {reading['status']}{f'  {message}' if message else ''}")
    for name, why in told["left_out"].items():
        print(f"{name} {why}")
    words = {"good": "is verified", "failing": "still fails", "unknown": "could not be verified"}
    print(f"{told['id']} {words[told['outcome']]}")


def _asked(config: Config, number: int, version: int | None) -> Any:
    from agent.control import NotRunning, Refused, ask

    must_be_here()

    # A look that is under way ends first.
    patience = 2 * max((check.timeout for check in config.checks()), default=0.0) + _MARGIN
    directory = Path(config.agent.state_dir)
    more = {} if version is None else {"version": version}
    try:
        return ask(directory, "tickets.verify", patience=patience, ticket=number, **more)
    except NotRunning:
        remedy = "start one with `systemctl start tocsin`, or look without one: `tocsin check`"
        fail(f"no daemon runs in {directory} ({remedy})", _UNKNOWN)
    except Refused as error:
        fail(str(error), _USAGE if error.usage else _REFUSED)
