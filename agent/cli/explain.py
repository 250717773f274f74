"""`tocsin explain`: why a figure is what it is, why there was, or was not, an alert, and where it would go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.asking import moment
from agent.cli.completion import check_names, service_names
from agent.cli.output import print_json
from agent.cli.periods_asked import AsOfOption, FromOption, PeriodOption, ToOption, ZoneOption, asked
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded, no_such
from checks.text import visible

if TYPE_CHECKING:
    from agent.explanation.answer import Answer
    from agent.explanation.uptime import Explanation
    from agent.store.reader import Reader
    from alerting.incidents.incident import Incident
    from alerting.slo.periods import Period
    from config.models import Config, Service

app = typer.Typer(
    help="Why a figure is what it is, why a check did or did not alert, and where a ticket would go.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_USAGE = 64


@app.callback()
def _group() -> None:
    """Why a figure is what it is, why a check did or did not alert, and where a ticket would go."""


@app.command()
def incident(
    name: Annotated[str, typer.Argument(metavar="ID", help="Its number, or its ticket, such as T-3.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the story of an incident: what was seen, what was decided of it, by which rule or suppressor, and when.

    Example: tocsin explain incident T-3
    """
    from agent.cli.explained_incident import print_story
    from agent.clock import SystemClock
    from agent.explanation.incident import tell
    from agent.store.reader import NoStore, reading
    from agent.views.explained_incident import as_document

    configuration = loaded(config)
    agent, asked_for = configuration.agent, _asked_for(name)
    try:
        with reading(Path(agent.state_dir), agent.id) as store:
            story = tell(store, _incident(store, *asked_for), SystemClock().now())
    except NoStore as error:
        fail(str(error), 1)
    if as_json:
        print_json(as_document(story))
    else:
        print_story(story, agent.timezone)


@app.command()
def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A check, such as shop.home, or a service.", autocompletion=check_names
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="T", help="At that moment, as 2026-11-21T14:00, or 2h (ago). Default: now."
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a check did or did not alert at a moment: its readings, what was decided of them, what held it back.

    A time without a zone is one of agent.timezone. What has passed is told from what was stored then; nothing is
    decided anew.

    Example: tocsin explain check shop.home --at "2026-11-21 14:00"
    """
    from agent.cli.explained_check import print_answer
    from agent.cli.output import rfc3339
    from agent.views.explained_check import as_document

    configuration = loaded(config)
    zone = configuration.agent.timezone
    moment, answers = _answers(configuration, name, at)
    if as_json:
        checks = [as_document(each) for each in answers]
        print_json({"service": name.partition(".")[0], "at": rfc3339(moment), "checks": checks})
        return
    for number, answer in enumerate(answers):
        print(end="\n" if number else "")
        print_answer(answer, zone)
    if not answers:
        print(f"{name} has no checks")


@app.command()
def routes(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A service, or a check, such as shop.home.", autocompletion=check_names
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="Opened at that moment, as 2026-11-21T03:00. Default: now."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which routes a ticket of a service would take, where they lead and when, and why it takes no others.

    It is told for what is down, and for what is degraded. What a ticket that exists did take stands in its timeline.

    Example: tocsin explain routes shop --at 2026-11-21T03:00
    """
    from agent.cli.explained_routes import as_document, print_routes
    from agent.cli.output import local, rfc3339
    from agent.clock import SystemClock
    from agent.explanation.routes import foretell_routes
    from agent.rulebook import Rulebook

    configuration = loaded(config)
    zone, (service, _, check) = configuration.agent.timezone, name.partition(".")
    checks = _checks(configuration, service, check)
    opened = SystemClock().now() if at is None else moment(at, zone, ago=True)
    found = foretell_routes(Rulebook.of(configuration), service, checks, opened)
    if as_json:
        tickets = [as_document(each, service, configuration.helpdesks) for each in found]
        print_json({"service": service, "at": rfc3339(opened), "tickets": tickets})
    else:
        print_routes(found, name, local(opened, zone))


def _checks(config: Config, service: str, check: str) -> tuple[str, ...]:
    """The one that is asked for, else all of the service; it need have none. What is unknown ends the command (64)."""
    if service not in config.services:
        fail(no_such("service", service, config.services), _USAGE)
    known = config.services[service].checks
    if check and check not in known:
        fail(no_such("check", f"{service}.{check}", [f"{service}.{each}" for each in known]), _USAGE)
    return (check,) if check else tuple(known) or ("",)


def _asked_for(name: str) -> tuple[str, int]:
    """Whether a ticket or an incident is meant, and its number."""
    what = "ticket" if name[:2].upper() == "T-" else "incident"
    digits = name[2:] if what == "ticket" else name
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        fail(
            f'"{visible(name)}" is no incident: expected a number such as 12, or its ticket, such as T-12',
            _USAGE,
        )
    return what, int(digits)


def _incident(store: Reader, what: str, number: int) -> Incident:
    """The incident of that number, or that the ticket was opened for."""
    if what == "incident":
        found = store.decisions().incident(number)
        if found is None:
            fail(f"there is no incident {number}", 1)
        return found
    served = store.decisions().of_ticket(number)
    if not served:
        fail(f"no incident has the ticket T-{number}", 1)
    if len(served) > 1:
        numbers = ", ".join(str(each.id) for each in served)
        fail(f"T-{number} is for several incidents: name one of {numbers}", 1)
    return served[0]


def _answers(config: Config, name: str, at: str | None) -> tuple[int, list[Answer]]:
    from agent.clock import SystemClock
    from agent.explanation.check import explain_check, known_rule, rules_of
    from agent.store.reader import NoStore, reading

    given = None if at is None else moment(at, config.agent.timezone, ago=True)
    now, (service, _, rule) = SystemClock().now(), name.partition(".")
    when = now if given is None else given
    if when > now:
        fail("that is still to come", _USAGE)
    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            if (
                service not in config.services
                and not store.knows(service)
                and not store.decisions().rules_of(service)
            ):
                fail(no_such("service", service, config.services), _USAGE)
            if rule and not known_rule(store, config, (service, rule)):
                names = [check.address for check in config.checks()]
                fail(no_such("check", name, names), _USAGE)
            rules = [rule] if rule else rules_of(store, config, service, when)
            return when, [explain_check(store, config, (service, each), when, now) for each in rules]
    except NoStore as error:
        fail(str(error), 1)


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
    from agent.cli.explained import print_explanation
    from agent.views.explained_uptime import as_document

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
