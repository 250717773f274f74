"""Who gets a ticket: skill, tier, hours, absences, least work, fair turns, and the lead when nobody is free."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.desk.people import Burden, Choice, Need, Staff, called, weighed
from alerting.desk.roster import RosterEntry
from config.calendars import Timetable
from config.categories import Weights
from config.crews import Crew, Person, Rota, Turn
from config.hours import week_of
from tests.alerting.desk.test_oncall import at

OFFICE = Timetable("office", "Africa/Johannesburg", week_of(["mon-fri 08:00-17:00"]))
MONDAY, SUNDAY = at("2026-11-23 10:00"), at("2026-11-22 10:00")
FREE = Burden()


def person(
    name: str, *skills: str, tier: int = 1, hours: Timetable | None = None, team: str = "web"
) -> Person:
    return Person(name, team, tier=tier, skills=frozenset(skills), hours=hours)


def staff(*people: Person, lead: str = "lead@example.org", rota: Rota | None = None) -> Staff:
    return Staff({"web": Crew("web", people, lead, rota=rota)})


def away(name: str, start: int, end: int) -> RosterEntry:
    return RosterEntry(1, "away", name, "", start, end, "leave", name)


def chosen(of: Staff, need: Need = Need(), burden: Burden = FREE, now: int = MONDAY) -> Choice:  # noqa: B008
    found = of.choose("web", need, burden, now)
    assert found is not None
    return found


def test_the_cause_counts_before_the_category_and_a_skill_of_nobody_is_not_asked() -> None:
    of = staff(person("A", "technical"), person("B", "security"))
    assert chosen(of, Need(("security", "technical"))).person == "B"
    assert chosen(of, Need(("technical",))).person == "A"
    assert chosen(of, Need(("billing",)), Burden({"A": 1})).person == "B"


def test_of_those_with_as_much_to_do_the_nearest_tier_is_asked_first() -> None:
    of = staff(person("A", tier=3), person("B", tier=2), person("C"))
    late = Burden(given={"B": 30, "C": 40})
    assert [chosen(of, Need(tier=tier), late).person for tier in (1, 2, 3)] == ["C", "B", "A"]
    assert chosen(Staff(of.crews, (away("B", 0, 2**60),)), Need(tier=2)).person == "A"


def test_the_least_work_counts_before_the_nearest_tier_but_never_one_below_that_of_the_ticket() -> None:
    of = staff(person("A"), person("B", tier=2), person("C", tier=3))
    assert chosen(of, burden=Burden({"A": 2, "B": 1, "C": 1})).person == "B"
    found = chosen(of, Need(tier=2), Burden({"B": 8, "C": 4}))
    assert (found.person, found.why) == ("C", "least open work (4) of 2 free of tier 2 or above")


def test_the_least_work_then_the_longest_wait_then_the_name() -> None:
    of = staff(person("B"), person("A"), person("C"))
    assert chosen(of, burden=Burden({"A": 4, "B": 2, "C": 3})).person == "B"
    assert chosen(of, burden=Burden(given={"A": 30, "B": 20, "C": 10})).person == "C"
    assert chosen(of, burden=Burden(given={"A": 30})).person == "B"
    assert chosen(of).person == "A"


def test_out_of_hours_the_lead_keeps_it_until_the_first_is_there() -> None:
    found = chosen(staff(person("A", hours=OFFICE)), now=SUNDAY)
    assert (found.person, found.keeps, found.again_at) == ("lead@example.org", True, at("2026-11-23 06:00"))
    assert "nobody is free" in found.why
    back = Staff(staff(person("A", hours=OFFICE)).crews, (away("A", 0, at("2026-11-25 15:30")),))
    assert chosen(back).again_at == at("2026-11-26 06:00")  # back after hours: the next morning


def test_without_a_lead_it_goes_to_who_is_there_first() -> None:
    late = Timetable("late", "Africa/Johannesburg", week_of(["mon-fri 12:00-20:00"]))
    found = chosen(staff(person("A", hours=late), person("B", hours=OFFICE), lead=""), now=SUNDAY)
    assert (found.person, found.keeps) == ("B", True)
    assert found.why == "nobody is free and there is no lead: B is there first"


def test_a_lead_who_is_away_keeps_nothing() -> None:
    of = staff(person("A", hours=OFFICE), person("Lead", tier=2, hours=OFFICE), lead="Lead")
    assert chosen(Staff(of.crews, (away("Lead", 0, 2**60),)), now=SUNDAY).person == "A"


def test_who_is_on_call_comes_first_at_any_hour() -> None:
    rota = Rota("weekly", (Turn("B"),), 0, 540, "UTC", date(2026, 1, 5))
    of = staff(person("A", hours=OFFICE), person("B", hours=OFFICE), rota=rota)
    for now in (MONDAY, SUNDAY):
        assert chosen(of, burden=Burden({"B": 50}), now=now).person == "B"
    assert chosen(of, Need(tier=2)).person == "lead@example.org"  # on call, and yet not of that tier


def test_a_rotation_for_high_priority_leaves_the_rest_to_the_least_work() -> None:
    rota = Rota("weekly", (Turn("B"),), 0, 540, "UTC", date(2026, 1, 5), only_high=True)
    of = staff(person("A"), person("B"), rota=rota)
    assert [chosen(of, Need(high=high)).person for high in (True, False)] == ["B", "A"]


def test_a_tier_that_the_team_lacks_is_looked_for_in_the_others() -> None:
    front, back = (
        Crew("front", (person("A"),), "lead@example.org"),
        Crew("back", (person("B", "web", tier=3),)),
    )
    of = Staff({"front": front, "back": back})
    assert of.choose("front", Need(("web",), 3), FREE, MONDAY) == Choice(
        "B", "back", "least open work (0) of 1 free with the skill web"
    )
    found = of.choose("front", Need(("billing",), 3), FREE, MONDAY)
    assert found is not None
    assert (found.person, found.again_at) == ("lead@example.org", None)


def test_who_has_it_and_can_keeps_it() -> None:
    of = staff(person("A"), person("B", tier=2), person("C", tier=2))
    for name, tier, expected in (("C", 2, "C"), ("A", 1, "A"), ("A", 2, "B"), ("Gone", 1, "A")):
        found = of.choose("web", Need(tier=tier), FREE, MONDAY, keep=name)
        assert found is not None
        assert found.person == expected


def test_a_team_of_nobody_gives_it_to_nobody() -> None:
    assert Staff({"web": Crew("web")}).choose("web", Need(), FREE, MONDAY) is None
    assert Staff({}).choose("", Need(), FREE, MONDAY) is None


def test_people_are_known_by_login_and_by_name() -> None:
    crews = [Crew("web", (Person("Agent One", "web", login="one"), Person("one", "web")))]
    assert [found.name for who in ("one", "agent one") if (found := called(crews, who))] == ["Agent One"] * 2
    assert called(crews, "nobody") is None


days = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 20), st.integers(1, 10)), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    roster=days,
    hour=st.integers(0, 24 * 14),
    tier=st.integers(1, 3),
    loads=st.dictionaries(st.sampled_from("ABC"), st.integers(0, 9)),
    lead=st.sampled_from(["", "A", "lead@example.org"]),
)
def test_nobody_who_is_away_is_chosen_while_somebody_who_can_is_free(
    roster: list[tuple[str, int, int]], hour: int, tier: int, loads: dict[str, int], lead: str
) -> None:
    now = SUNDAY + hour * 3600 * 1_000_000
    day = 86_400 * 1_000_000
    entries = tuple(
        away(name, SUNDAY + start * day, SUNDAY + (start + long) * day) for name, start, long in roster
    )
    people = (person("A", hours=OFFICE), person("B", tier=2), person("C", hours=OFFICE, tier=3))
    of = Staff({"web": Crew("web", people, lead)}, entries)
    found = chosen(of, Need(tier=tier), Burden(loads), now)
    able = {each.name for each in people if each.tier >= tier and of.is_free(each, now)}
    if able:
        assert found.person in able
        assert not found.keeps
    else:
        assert found.person
        assert found.again_at is None or found.again_at > now


def test_weights_of_priorities_are_those_that_are_set() -> None:
    weights = Weights(high=9)
    assert [weighed(weights, name) for name in ("high", "medium", "low", "informational", "odd")] == [
        9,
        2,
        1,
        1,
        1,
    ]
