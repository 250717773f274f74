"""Mistakes about people: two of one name, names that lead nowhere, rotations with holes, rules for no team."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from config.categories import CategoryOptions, categories_of, words_of
from config.coverage import uncovered
from config.crews import crews_of
from config.field_types import ID_RULE, is_id, is_mail_address
from config.friendly import nearest, shown
from config.models import Config, Member, Team
from config.places import Where
from config.sources import Sources

Known = Callable[[Where, str | None, Collection[str], str], None]
_LEADERS = ("lead", "supervisor", "manager")
_FEW = 8


def look_at_people(sources: Sources, config: Config, known: Known, calendars: Collection[str]) -> None:
    """Note mistakes and warnings in `sources`; `known` notes a name that is not among those that there are."""
    _twice(sources, config.teams)
    people = {member.name: member for team in config.teams.values() for member in team.members}
    for name, team in config.teams.items():
        where: Where = ("teams", name)
        for number, member in enumerate(team.members):
            known((*where, "members", number, "calendar"), member.calendar, calendars, "calendar")
        for role in _LEADERS:
            _leader(sources, (*where, role), getattr(team, role), people)
        _turns(sources, where, team)
        if team.members and not team.lead:
            hint = "such as lead: lead@example.org; tickets go to somebody who is not there meanwhile"
            sources.warn(where, "has no lead: nobody gets what nobody is free for", hint, key=True)
    _holes(sources, config)


def look_at_categories(sources: Sources, config: Config, known: Known, services: Collection[str]) -> None:
    """Note mistakes and warnings about categories and about which team takes what."""
    categories = categories_of(config.desk.categories)
    for name, category in config.desk.categories.items():
        where: Where = ("desk", "categories", name)
        if not is_id(name):
            sources.blame(where, f"{shown(name)} is no id", ID_RULE, key=True)
        _all((*where, "service"), category.service, services, "service", known)
    _unreachable(sources, config.desk.categories)
    for number, rule in enumerate(config.desk.teams):
        where = ("desk", "teams", number)
        known((*where, "team"), rule.team, config.teams, "team")
        _all((*where, "match", "service"), rule.match.service, services, "service", known)
        _all((*where, "match", "category"), rule.match.category, categories, "category", known)


def _all(where: Where, names: Collection[str], there: Collection[str], what: str, known: Known) -> None:
    for number, name in enumerate(names):
        known((*where, number), name, there, what)


def _members(teams: Mapping[str, Team]) -> Iterator[tuple[Where, str, Member]]:
    for name, team in teams.items():
        for number, member in enumerate(team.members):
            yield ("teams", name, "members", number), name, member


def _twice(sources: Sources, teams: Mapping[str, Team]) -> None:
    """Who is in several teams is one person: by one name, one address and one login."""
    seen: dict[str, tuple[str, Member]] = {}
    logins: dict[str, str] = {}
    for where, team, member in _members(teams):
        other = seen.setdefault(member.name.casefold(), (team, member))
        if other[1] is not member:
            _same_name(sources, where, (team, member), other)
        login = member.login
        if login and logins.setdefault(login, member.name) != member.name:
            sources.blame((*where, "login"), f"{shown(login)} is the login of {logins[login]} already")


def _same_name(sources: Sources, where: Where, here: tuple[str, Member], there: tuple[str, Member]) -> None:
    (team, member), (other_team, other) = here, there
    place = (*where, "name")
    if team == other_team:
        hint = "name each once, or write the whole names"
        sources.blame(place, f"{shown(member.name)} is in the team already", hint)
    elif (member.name, member.email) != (other.name, other.email):
        hint = "the same person has the same name and email everywhere"
        sources.blame(place, f"another member of {other_team} is called {shown(other.name)}", hint)


def _leader(sources: Sources, where: Where, who: str | None, people: Mapping[str, Member]) -> None:
    if who is None or is_mail_address(who):
        return
    if "@" in who:
        message = f"mail cannot be sent to {shown(who)}"
        sources.blame(where, message, "write one address like lead@example.org, without a name beside it")
        return
    member = people.get(who)
    named = [name for team in sources.tree.get("teams") or () for name in _written(sources, team)]
    if member is None and who not in named and sources.whole:
        hint = nearest(who, named) or "write an address, or the name of a member"
        sources.blame(where, f"no member is called {shown(who)}, and it is no address", hint)
    elif member is not None and member.email is None:
        sources.warn(where, f"{who} has no email: nobody is told", "give the member an email")


def _written(sources: Sources, team: str) -> list[str]:
    """The names of a team's members, of those too in whom something is wrong."""
    block = (sources.tree.get("teams") or {}).get(team)
    members = block.get("members") if isinstance(block, dict) else None
    blocks = members if isinstance(members, list) else []
    names = [each.get("name") for each in blocks if isinstance(each, dict)]
    return [name for name in names if isinstance(name, str)]


def _turns(sources: Sources, where: Where, team: Team) -> None:
    if team.on_call is None:
        return
    names = _written(sources, str(where[-1]))
    for number, turn in enumerate(team.on_call.members):
        place = (*where, "on_call", "members", number)
        if turn.name not in names and sources.whole:
            known = f"known: {', '.join(names)}" if 0 < len(names) <= _FEW else "name members of the team"
            message = f"no member of the team is called {shown(turn.name)}"
            sources.blame(place, message, nearest(turn.name, names) or known)


def _holes(sources: Sources, config: Config) -> None:
    """Rotations that follow the sun: hours in which nobody is on call, and turns without hours."""
    for name, crew in crews_of(config.teams, config.calendars, config.agent.timezone).items():
        where: Where = ("teams", name, "on_call", "members")
        if crew.rota is None or crew.rota.rotation != "follow_the_sun":
            continue
        for number, turn in enumerate(crew.rota.turns):
            if turn.hours is None and len(crew.rota.turns) > 1:
                hint = "write {name: …, hours: 08:00-16:00}, or give the member a calendar"
                message = f"has no hours: {turn.person} would be on call all the time"
                sources.blame((*where, number), message, hint)
        tables = [turn.hours for turn in crew.rota.turns]
        found = uncovered([each for each in tables if each is not None]) if all(tables) else None
        if found is not None:
            minutes, first = found
            message = (
                f"nobody is on call for {minutes // 60}h {minutes % 60:02}m a week, first on {first} UTC"
            )
            sources.warn(where, message, "add hours, or leave it so: the lead gets what comes then")


def _unreachable(sources: Sources, written: Mapping[str, CategoryOptions]) -> None:
    """Keywords that an earlier category takes already."""
    taken: dict[tuple[str, ...], str] = {}
    for name, category in written.items():
        for number, keyword in enumerate(category.keywords):
            first = taken.setdefault(words_of(keyword), name)
            if first != name:
                where: Where = ("desk", "categories", name, "keywords", number)
                sources.warn(where, f"{shown(keyword)} makes tickets {first} already, which stands before")
