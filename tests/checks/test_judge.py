"""What was seen reaches the reading without what must not be shown, and only failing readings are searched."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from checks.base import Kind, Observation, Reading, Spec, Status, Value
from checks.judge import Rules, judge
from checks.registry import KINDS
from config.conditions import parse

SECRETS = ("hunter2", "jane@example.com", "abcdef123456", "deadbeef")
BODY = "DSN postgres://app:hunter2@db:5432/app mail jane@example.com token=abcdef123456 and more"


def judged(seen: Observation, down: str = "status > 1") -> Reading:
    return judge(seen, Rules(KINDS["http"], [parse(down)], []), 0, 0.1)


def answer(body: str = BODY) -> Observation:
    return Observation(
        values={"status": 500, "ip": "token=abcdef123456"},
        headers=(("set-cookie", "session=deadbeef"), ("set-cookie", "x=deadbeef")),
        body=body,
        notes=("sent to http://a:hunter2@b/",),
    )


def shown(reading: Reading) -> str:
    return json.dumps(asdict(reading))


@pytest.mark.parametrize(
    "condition",
    [
        'body contains "token"',
        'body not contains "welcome" or status == 200',
        'header "Set-Cookie" contains "session"',
        'exists header "set-cookie"',
        'body matches "DSN"',
        "status > 1 for 5m",
        'header "Set-Cookie" == "x" or status > 1',
    ],
)
def test_no_secret_of_a_failing_answer_is_in_its_reading(condition: str) -> None:
    reading = judged(answer(), condition)
    assert reading.status is Status.DOWN
    for secret in SECRETS:
        assert secret not in shown(reading)


def test_json_evidence_hides_by_name_and_keeps_the_rest() -> None:
    body = '{"db": {"password": "hunter2", "port": 5432}, "token": {"raw": "deadbeef"}}'
    reading = judged(answer(body), "exists json $.db and exists json $.token")
    first, second = reading.conditions[0].leaves
    assert first.value == {"password": "***", "port": 5432}
    assert second.value == {"raw": "***"}
    assert "hunter2" not in shown(reading)
    assert "deadbeef" not in json.dumps(asdict(reading.conditions[0])) + reading.message


def test_a_secret_at_the_cut_of_what_is_shown_is_hidden_too() -> None:
    for filling in range(40, 200):
        reading = judged(answer("x" * filling + " postgres://app:hunter2@db/x"), 'body contains "x"')
        assert "hunt" not in shown(reading)


def test_the_operators_own_words_and_numbers_stay_readable() -> None:
    reading = judged(answer('{"port": 5432}'), 'status != 200 and body not contains "password: ok"')
    assert reading.message == (
        'status != 200 (status = 500); body not contains "password: ok" (body = "{"port": 5432}")'
    )
    assert [leaf.value for leaf in reading.conditions[0].leaves] == [500, '{"port": 5432}']


REASON = "cannot reach http://app:hunter2@proxy:3128 as jane@example.com"
VALUES = {"ip": "token=abcdef123456"}


@pytest.mark.parametrize("seen", [Observation(VALUES, failure=REASON), Observation(VALUES, blind=REASON)])
def test_the_reason_of_a_look_that_failed_is_masked(seen: Observation) -> None:
    text = shown(judged(seen))
    assert "proxy:3128" in text
    for secret in SECRETS:
        assert secret not in text


def test_a_good_reading_shows_no_secret_but_persons_and_numbers_as_they_are() -> None:
    """What cannot reach a ticket is shown, stored and exported all the same."""
    reading = judged(answer(), "status == 200")
    assert (reading.status, reading.excerpt) == (Status.OK, "")
    assert reading.values["ip"] == "token=***"
    plain = judged(Observation({"status": 200, "ip": "postmaster@example.com"}), "status == 500")
    assert plain.values["ip"] == "postmaster@example.com"


def test_what_stands_for_a_message_of_ones_own_word_is_masked_as_well() -> None:
    async def probe(spec: Spec, context: object) -> Observation:
        return Observation()

    own = Kind("own", "a kind", Spec, probe, (Value("who", "", "a name", text=True),), True, "type: own\n")
    seen = Observation({"who": "jane@example.org password=hunter2"}, says=Status.DEGRADED)
    reading = judge(seen, Rules(own, [], []), 7, 0.1)
    assert (reading.status, reading.message) == (Status.DEGRADED, "who *** password=***")


def said(says: Status, text: str = "ALL GOOD", **values: float) -> Observation:
    """Of a program that judges by itself."""
    return Observation({"status": 200, **values}, says=says, text=text, long_text="more")


@pytest.mark.parametrize(
    ("says", "condition", "status", "firm"),
    [
        (Status.OK, "status == 500", Status.OK, Status.OK),
        (Status.OK, "status == 200", Status.DOWN, Status.DOWN),
        (Status.OK, "status == 200 for 5m", Status.DOWN, Status.OK),
        (Status.OK, "json $.a == 1", Status.UNKNOWN, Status.UNKNOWN),
        (Status.DEGRADED, "status == 500", Status.DEGRADED, Status.DEGRADED),
        (Status.DEGRADED, "status == 200", Status.DOWN, Status.DOWN),
        (Status.DEGRADED, "status == 200 for 5m", Status.DOWN, Status.DEGRADED),
        (Status.DEGRADED, "json $.a == 1", Status.DEGRADED, Status.DEGRADED),
        (Status.DOWN, "status == 500", Status.DOWN, Status.DOWN),
        (Status.DOWN, "json $.a == 1", Status.DOWN, Status.DOWN),
        (Status.UNKNOWN, "status == 200", Status.UNKNOWN, Status.UNKNOWN),
    ],
)
def test_conditions_make_what_a_program_says_worse_and_never_better(
    says: Status, condition: str, status: Status, firm: Status
) -> None:
    reading = judged(said(says), condition)
    assert (reading.status, reading.firm) == (status, firm)
    assert (reading.text, reading.long_text) == ("ALL GOOD", "more")


def test_first_line_of_a_program_is_the_message_behind_what_it_did_not_find_itself() -> None:
    assert judged(said(Status.OK), "status == 500").message == "ALL GOOD"
    assert judged(said(Status.UNKNOWN), "status == 500").message == "ALL GOOD"
    assert judged(said(Status.DOWN), "status == 200").message == "ALL GOOD"
    worse = judged(said(Status.OK), "status == 200")
    assert worse.message == "status == 200 (status = 200); it says: ALL GOOD"


def test_what_a_program_wrote_is_masked_when_it_may_reach_a_ticket() -> None:
    seen = said(Status.DOWN, "password=hunter2 is wrong")
    reading = judged(seen, "status == 500")
    assert reading.message == reading.text == "password=*** is wrong"


def test_one_reason_for_several_values_is_told_once() -> None:
    seen = Observation({"status": 200}, unread={"ip": "no /proc", "size": "no /proc", "tls": "no TLS"})
    assert judged(seen).notes == ("ip, size: no /proc", "tls: no TLS")
