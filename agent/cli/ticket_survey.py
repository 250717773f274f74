"""`tocsin tickets confirm`, `survey` and `surveys`: what reporters say at the end, and the figures of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.afar import also_afar
from agent.cli.desk_asking import ticket_number
from agent.cli.output import print_json, print_table, rfc3339
from agent.cli.setting import ConfigOption, JsonOption, fail, loaded
from agent.cli.ticket_asking import ask_ticket
from agent.cli.ticket_words import VersionOption
from agent.cli.tickets import TicketArgument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from alerting.desk.survey import Figures
    from alerting.desk.ticket import Ticket
    from config.models import Config
    from config.policies import Policy

_USAGE = 64


@also_afar
def confirm(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    satisfied: Annotated[
        bool | None,
        typer.Option("--satisfied/--not-satisfied", help="Whether it is mended for the reporter."),
    ] = None,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What the reporter said.")] = "",
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter what the reporter of a resolved ticket said by phone or mail.

    A ticket that is confirmed is closed. One whose reporter is not satisfied is opened again and escalated, or stays
    resolved and its assignee is told, as its policy says (on_unsatisfied).

    Example: tocsin tickets confirm T-1 --not-satisfied "it is still slow in the evening"
    """
    if satisfied is None:
        fail("say either --satisfied or --not-satisfied", _USAGE)
    asked = {"satisfied": satisfied, "text": text or None, "version": version}
    answer = ask_ticket(config, "confirm", ticket_number(ticket), **asked)
    if as_json:
        print_json(answer)
        return
    print(f"{answer['id']}: the reporter {'confirmed it' if satisfied else 'is not satisfied'}")


@also_afar
def survey(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ticket: TicketArgument,
    clarity: Annotated[int, typer.Option("--clarity", metavar="1-5", help="How clear we were.")],
    time: Annotated[int, typer.Option("--time", metavar="1-5", help="How content with the time it took.")],
    overall: Annotated[int, typer.Option("--overall", metavar="1-5", help="How content all in all.")],
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help="In their words.")] = "",
    version: VersionOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter how the reporter rated a ticket, by phone or mail; once for each ticket.

    Example: tocsin tickets survey T-1 --clarity 5 --time 4 --overall 5
    """
    asked: dict[str, Any] = {"clarity": clarity, "time": time, "overall": overall}
    asked |= {"comment": comment or None, "version": version}
    answer = ask_ticket(config, "survey", ticket_number(ticket), **asked)
    if as_json:
        print_json(answer)
        return
    print(f"{answer['id']} is rated {answer['overall']} all in all")


def surveys(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print how reporters rate tickets, by policy, against its targets; with --json each answer as well.

    Example: tocsin tickets surveys
    """
    from alerting.desk.survey import figures

    configuration = loaded(config)
    tickets, policies = _rated(configuration)
    by_policy: dict[str, list[Ticket]] = {}
    for each in tickets:
        by_policy.setdefault(policies[each.number].name, []).append(each)
    found = {}
    for name, listed in sorted(by_policy.items()):
        # The newest of them was opened under the policy as it is now, or was last.
        policy = policies[max(each.number for each in listed)]
        found[name] = figures((each.survey for each in listed if each.survey), policy.ending), policy
    if as_json:
        answers = [_answer(each, policies[each.number]) for each in tickets]
        print_json({"policies": [_document(*each) for each in found.values()], "surveys": answers})
        return
    rows = [_row(*each) for each in found.values()]
    columns = ["policy", "sent", "answers", "clarity", "time", "overall", "target", "satisfied", "target"]
    print_table(columns, rows, empty="no reporter was asked yet")


def _rated(config: Config) -> tuple[list[Ticket], Mapping[int, Policy]]:
    """The tickets that have a survey, the newest first, and the policy of each."""
    from agent.store.reader import NoStore, reading
    from config.policies import DEFAULT_POLICY

    try:
        with reading(Path(config.agent.state_dir), config.agent.id) as store:
            tickets, policies = [each for each in store.tickets() if each.survey], store.policies()
    except NoStore as error:
        fail(str(error), 1)
    return tickets, {each.number: policies.get(each.policy, DEFAULT_POLICY) for each in tickets}


def _answer(ticket: Ticket, policy: Policy) -> dict[str, Any]:
    from alerting.desk.survey import QUESTIONS, satisfied

    survey = ticket.survey
    assert survey is not None
    return {
        "ticket": ticket.id,
        "policy": policy.name,
        "sent_at": rfc3339(survey.at),
        "answered_at": rfc3339(survey.answered_at),
        **{name: getattr(survey, name) for name in QUESTIONS},
        "comment": survey.comment,
        "satisfied": satisfied(survey, policy.ending),
    }


def _document(figures: Figures, policy: Policy) -> dict[str, Any]:
    return {
        "policy": policy.name,
        "sent": figures.asked,
        "answered": figures.answered,
        **{name: _rounded(mean) for name, mean in figures.means.items()},
        "target": float(policy.ending.rating_target),
        "satisfied": _rounded(figures.satisfied, 4),
        "satisfied_target": float(policy.ending.satisfied_target),
        "met": figures.meets(policy.ending),
    }


def _row(figures: Figures, policy: Policy) -> list[object]:
    from config.units import show_ratio

    means = [_rounded(each) for each in figures.means.values()]
    share = None if figures.satisfied is None else f"{float(figures.satisfied):.1%}"
    targets = policy.ending
    rating, satisfied = f"{float(targets.rating_target):g}", show_ratio(targets.satisfied_target)
    return [policy.name, figures.asked, figures.answered, *means, rating, share, satisfied]


def _rounded(value: Fraction | None, places: int = 2) -> float | None:
    return None if value is None else round(float(value), places)
