"""Teams as they are written: defaults, hours of people and rotations, and warnings that only a whole file gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from config.crews import crews_of
from config.loader import Loaded

Look = Callable[[str], Loaded]


def test_people_take_skills_and_hours_of_their_team_where_they_have_none(look: Look) -> None:
    found = look(
        """\
        calendars: {office: {hours: "mon-fri 08:00-17:00"}, early: {hours: "06:00-14:00"}}
        teams:
          web:
            skills: [Technical, web]
            lead: Agent One
            calendar: office
            members:
              - {name: Agent One, email: one@example.org, tier: 2}
              - {name: Agent Two, skills: billing, calendar: early, login: two}
            on_call:
              rotation: follow_the_sun
              zone: Asia/Tokyo
              members: [Agent Two, {name: Agent One, hours: "24x7"}]
        services: {s: {checks: {c: {type: cpu}}}}
        """
    )
    assert found.errors == []
    assert found.config is not None
    crew = crews_of(found.config.teams, found.config.calendars, "UTC")["web"]
    assert [(sorted(each.skills), each.hours.name if each.hours else None) for each in crew.people] == [
        (["technical", "web"], "office"),
        (["billing"], "early"),
    ]
    assert ([each.tier for each in crew.people], [each.login for each in crew.people]) == (
        [2, 1],
        ["", "two"],
    )
    assert crew.rota is not None
    assert [(turn.person, turn.hours and (turn.hours.name, turn.hours.zone)) for turn in crew.rota.turns] == [
        ("Agent Two", ("early", "UTC")),
        ("Agent One", ("Agent One", "Asia/Tokyo")),
    ]


@pytest.mark.parametrize(
    ("rotation", "expected"), [("weekly", (0, 540)), ("daily", (None, 540)), ("follow_the_sun", (None, 0))]
)
def test_a_rotation_has_its_usual_handover(
    look: Look, rotation: str, expected: tuple[int | None, int]
) -> None:
    found = look(
        f"""\
        teams:
          web:
            lead: lead@example.org
            members: [{{name: Agent One}}]
            on_call: {{rotation: {rotation}, members: [Agent One]}}
        services: {{s: {{checks: {{c: {{type: cpu}}}}}}}}
        """
    )
    assert found.config is not None
    on_call = found.config.teams["web"].on_call
    assert on_call is not None
    assert on_call.passes_on == expected


@pytest.mark.parametrize(
    ("second", "warned"),
    [
        ("20:00-08:00, zone: Asia/Tokyo", []),
        ("20:00-07:00, zone: Asia/Tokyo", ["nobody is on call for 7h 00m a week, first on mon 22:00 UTC"]),
        # Of the two halves of the year the one with more hours without anybody is told.
        ("12:00-00:00, zone: Europe/Berlin", ["nobody is on call for 7h 00m a week, first on mon 22:00 UTC"]),
    ],
)
def test_hours_without_anybody_on_call_are_warned_of(look: Look, second: str, warned: list[str]) -> None:
    found = look(
        f"""\
        teams:
          sun:
            lead: lead@example.org
            members: [{{name: A}}, {{name: B}}]
            on_call:
              rotation: follow_the_sun
              members: [{{name: A, hours: "08:00-20:00", zone: Asia/Tokyo}}, {{name: B, hours: {second}}}]
        services: {{s: {{checks: {{c: {{type: cpu}}}}}}}}
        """
    )
    assert found.errors == []
    assert [each.message for each in found.warnings if each.path.startswith("teams")] == warned


def test_the_same_person_may_be_of_two_teams(look: Look) -> None:
    found = look(
        """\
        teams:
          web: {lead: Agent One, members: [{name: Agent One, email: one@example.org, login: one}]}
          net: {lead: Agent One, members: [{name: Agent One, email: one@example.org, login: one, tier: 2}]}
        services: {s: {checks: {c: {type: cpu}}}}
        """
    )
    assert (found.errors, found.warnings) == ([], [])


def test_a_rule_of_the_desk_for_what_targets_made_is_for_each_of_them(look: Look) -> None:
    found = look(
        """\
        teams: {web: {lead: lead@example.org}}
        services: {web: {targets: [a.example, b.example], checks: {c: {type: http, url: "https://${target}/"}}}}
        desk:
          categories: {pages: {service: web}}
          teams: [{match: {service: web}, team: web}]
        """
    )
    assert found.errors == []
    assert found.config is not None
    desk, names = found.config.desk, set(found.config.services)
    assert set(desk.teams[0].match.service) == set(desk.categories["pages"].service) == names


@pytest.mark.parametrize("name", ["Lead", "Lead One", "Team", "Reporter Two"])
def test_only_the_words_of_roles_themselves_are_no_names(look: Look, name: str) -> None:
    found = look(
        f"""\
        teams: {{web: {{lead: {name}, members: [{{name: {name}, email: one@example.org}}]}}}}
        services: {{s: {{checks: {{c: {{type: cpu}}}}}}}}
        """
    )
    assert (found.errors, found.warnings) == ([], [])


@pytest.mark.parametrize("role", ["lead", "supervisor", "manager", "email"])
@pytest.mark.parametrize(
    "address", ["Lead <lead@example.org>", "lead@", "a@example.org, b@example.org", "ö@example.org"]
)
def test_an_address_that_cannot_be_written_to_is_refused(look: Look, role: str, address: str) -> None:
    said = "" if role == "email" else f'{role}: "{address}"'
    mail = address if role == "email" else "one@example.org"
    found = look(
        f"""\
        teams:
          web:
            members: [{{name: Agent One, email: "{mail}"}}]
            {said}
        services: {{s: {{checks: {{c: {{type: cpu}}}}}}}}
        """
    )
    (error,) = found.errors
    assert error.path in (f"teams.web.{role}", "teams.web.members.0.email")
    assert "one@example.org" in str(error) or "lead@example.org" in str(error)
