"""Why a check did or did not alert, from rows that no daemon decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.explanation.answer import Answer, Verdict
from agent.explanation.check import explain_check, rules_of
from agent.store.suppressions import Suppressions
from agent.views.check_words import in_words, progress_words
from agent.views.explained_check import as_document
from alerting.incidents.decision import Decided
from alerting.incidents.incident import IncidentState
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Match, Suppression
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap
from alerting.slo.gaps import Why as GapWhy
from checks.base import Status
from tests.agent.explaining import AGENT, Rows, at, check, configured

KEY = ("shop", "home")


def asked(rows: Rows, tmp_path: Path, second: float, now: float = 5000, **options: Any) -> Answer:
    config = configured(tmp_path, {"shop": check(**options)})
    with rows.reader() as store:
        return explain_check(store, config, KEY, at(second), at(now))


def words(answer: Answer) -> str:
    return in_words(answer, lambda moment: f"<{(moment - at(0)) / 1_000_000:g}>")


def test_failing_readings_are_counted_against_what_confirming_takes(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("oodd")
    answer = asked(rows, tmp_path, 35, confirm=3)
    assert answer.verdict is Verdict.UNCONFIRMED
    assert words(answer) == "ok since <0>; 2 of 3 failing readings: not confirmed"
    assert asked(rows, tmp_path, 25, confirm=3).progress[0].seen == 1
    assert asked(rows, tmp_path, 15, confirm=3).verdict is Verdict.WELL


def test_unknown_readings_neither_count_nor_break_the_row(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("odud")
    (way,) = asked(rows, tmp_path, 35, confirm=3).progress
    assert (way.seen, way.wanted, way.since) == (2, 3, at(10))


def test_readings_too_far_apart_are_not_in_a_row(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("od")
    rows.looks("d", first=100)
    (way,) = asked(rows, tmp_path, 101, confirm=3).progress
    assert (way.seen, way.since) == (1, at(100))


def test_m_of_n_counts_with_good_readings_in_between(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("oododo")
    answer = asked(rows, tmp_path, 51, confirm="3 of 5")
    assert [progress_words(each) for each in answer.progress] == [
        "2 of 3 failing readings among the last 5: not confirmed"
    ]
    assert answer.progress[0].since == at(20)


def test_what_was_seen_before_a_recovery_does_not_count(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("ddoodo")
    rows.flips(30, Status.OK, 20)
    (way,) = asked(rows, tmp_path, 51, confirm="3 of 5").progress
    assert way.seen == 1


def test_holding_time_of_a_condition_says_how_long_it_held(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("o" + "g" * 13)
    answer = asked(rows, tmp_path, 131, degraded="latency > 1s for 5m")
    assert [progress_words(each) for each in answer.progress] == ["must hold 5m, held 2m: not confirmed"]


def test_recovery_by_time_says_how_long_it_is_well(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("dd" + "o" * 7)
    rows.flips(10, Status.DOWN, 0)
    answer = asked(rows, tmp_path, 81, recover_after="3m")
    assert progress_words(answer.progress[-1]) == "must stay so 3m, held 1m: recovery is not confirmed"
    assert answer.state is Status.DOWN


def test_restless_readings_are_told_in_shares(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("od" * 11)
    unrest = asked(rows, tmp_path, 215, confirm=5).unrest
    assert unrest is not None
    assert (round(unrest.share, 2), unrest.enter, unrest.leave) == (0.99, 0.3, 0.25)
    assert "flapping begins above 30%" in words(asked(rows, tmp_path, 215, confirm=5))


def test_blip_of_the_moment_is_named_when_it_is_over(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("odo")
    rows.draft.blips.append((KEY, Blip(at(10), at(20), Status.DOWN, 1, "refused")))
    assert "1 failing reading from <10> to <20>, never confirmed: refused" in words(asked(rows, tmp_path, 12))
    assert asked(rows, tmp_path, 21).verdict is Verdict.WELL


def held(rows: Rows) -> None:
    rows.looks("oddddd")
    rows.flips(20, Status.DOWN, 10)
    rows.decides(
        20, Decided.HELD, "M-3", facts={"why": "maintenance", "until": at(40)}, reason="kernel: refused"
    )
    rows.decides(40, Decided.OPENED, "confirm", incident=7, ticket=7, reason="refused")
    rows.incident(7, 40)


def test_held_problem_names_its_suppressor_until_it_opens(tmp_path: Path) -> None:
    rows = Rows()
    held(rows)
    before, after = asked(rows, tmp_path, 30), asked(rows, tmp_path, 45)
    assert before.verdict is Verdict.HELD
    assert words(before) == "down since <10>; held back by M-3 until <40> since <20>: kernel: refused"
    assert [each.what for each in before.later] == [Decided.OPENED]
    assert after.verdict is Verdict.ALERTED
    assert "opened incident 7 (T-7) at <40> by confirm: refused" in words(after)
    assert [each.what for each in after.decisions] == [Decided.HELD, Decided.OPENED]


def test_failure_that_was_confirmed_but_not_decided_on_says_when_it_was(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("odd")
    rows.flips(20, Status.DOWN, 10)
    rows.decides(22, Decided.OPENED, "confirm", incident=1, ticket=1)
    rows.incident(1, 10)
    answer = asked(rows, tmp_path, 21)
    assert answer.verdict is Verdict.NOT_DECIDED
    assert "decided at <22>: opened by confirm" in words(answer)


def test_folded_problem_names_whose_incident_it_is(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("oddd")
    rows.flips(20, Status.DOWN, 10)
    rows.incident(3, 5, service="host")
    rows.decides(
        20, Decided.FOLDED, "depends_on", incident=3, ticket=3, reason="host.home is the cause: refused"
    )
    answer = asked(rows, tmp_path, 30)
    assert answer.verdict is Verdict.FOLDED
    assert "folded into incident 3 of host.home (T-3) at <20> by depends_on: host.home is the cause" in words(
        answer
    )


def test_after_a_recovery_an_earlier_incident_is_no_answer(tmp_path: Path) -> None:
    rows = Rows()
    held(rows)
    rows.looks("oo", first=60)
    rows.flips(70, Status.OK, 60)
    rows.decides(70, Decided.RECOVERED, "recover", incident=7, ticket=7)
    answer = asked(rows, tmp_path, 75)
    assert (answer.verdict, answer.incident) == (Verdict.WELL, None)


def test_incident_of_a_version_that_noted_no_decisions_is_found_by_its_row(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("oddd")
    rows.flips(20, Status.DOWN, 10)
    rows.incident(4, 10, state=IncidentState.RESOLVED, resolved_at=at(100))
    answer = asked(rows, tmp_path, 30)
    assert answer.verdict is Verdict.ALERTED
    assert "incident 4 (T-4), opened at <10>; why is not stored" in words(answer)
    assert asked(rows, tmp_path, 101).incident is None


def test_readings_that_are_kept_no_more_are_missed_aloud(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("o")
    rows.draft.readings.clear()
    answer = asked(rows, tmp_path, 100)
    assert not answer.kept
    assert "single readings of then are kept no more" in words(answer)


def test_unknown_reading_is_no_reason_to_alert(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("ou")
    answer = asked(rows, tmp_path, 12)
    assert answer.verdict is Verdict.UNKNOWN
    assert "neither opens nor closes anything: seen u" in words(answer)


def test_old_reading_is_not_believed(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("o")
    assert asked(rows, tmp_path, 29).verdict is Verdict.WELL
    assert "nothing was seen of it since <0>" in words(asked(rows, tmp_path, 31))


def test_gap_and_stopped_agent_are_no_time_to_alert(tmp_path: Path) -> None:
    rows = Rows()
    rows.looks("oo")
    rows.draft.gaps.append(Gap(at(15), at(25), GapWhy.STOPPED))
    assert "nobody looked from <15> to <25> (stopped)" in words(asked(rows, tmp_path, 20))
    config = configured(tmp_path, {"shop": check()})
    with rows.reader(alive=30, running=False) as store:
        answer = explain_check(store, config, KEY, at(40), at(40))
    assert "the agent does not run; its last sign of life was at <30>" in words(answer)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"disabled": "moved to web-02"}, "disabled: moved to web-02"), ({}, "nothing was seen of it")],
)
def test_check_without_readings_says_why(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert said in words(asked(Rows(), tmp_path, 10, **options))


def silence(second: float, until: float, **match: Any) -> tuple[int, Suppression]:
    told = Suppression("S-0", Why.SILENCE, at(second), at(until), "known", "ann", Match(**match))
    return at(second), told


def test_silence_is_in_force_as_it_stood_then(tmp_path: Path) -> None:
    rows, config = Rows(), configured(tmp_path, {"shop": check()})
    rows.looks("oo")
    with rows.reader() as store:
        suppressions = Suppressions(store._connection, AGENT)
        for start, until, match in ((5, 100, {"names": ("shop",)}), (5, 100, {"names": ("mail",)})):
            now, told = silence(start, until, **match)
            suppressions.add(told, now)
        suppressions.end(suppressions.found(Why.SILENCE, 1), "ann", at(50))
        in_force = {
            second: [each.id for each in explain_check(store, config, KEY, at(second), at(200)).in_force]
            for second in (4, 40, 60)
        }
    assert in_force == {4: [], 40: ["S-1"], 60: []}


def test_other_rules_of_a_service_are_told_while_they_are_in_trouble(tmp_path: Path) -> None:
    rows, config = Rows(), configured(tmp_path, {"shop": check()})
    rows.looks("oo")
    rows.decides(10, Decided.OPENED, "confirm", rule="budget", incident=1, ticket=1)
    rows.decides(50, Decided.RECOVERED, "recover", rule="budget", incident=1, ticket=1)
    rows.incident(1, 10, rule="budget")
    with rows.reader() as store:
        assert rules_of(store, config, "shop", at(20)) == ["home", "budget"]
        assert rules_of(store, config, "shop", at(60)) == ["home"]
        told = explain_check(store, config, ("shop", "budget"), at(20), at(100))
        before = explain_check(store, config, ("shop", "budget"), at(5), at(100))
    assert told.verdict is Verdict.ALERTED
    assert words(before) == "there was nothing to alert about"


def test_document_has_moments_as_all_documents_have_them(tmp_path: Path) -> None:
    rows = Rows()
    held(rows)
    document = as_document(asked(rows, tmp_path, 30))
    assert document["decided"]["facts"] == {"why": "maintenance", "until": "2027-01-15T08:00:40Z"}
    assert (document["since"], document["readings"][0]["at"]) == (
        "2027-01-15T08:00:10Z",
        "2027-01-15T08:00:00Z",
    )
