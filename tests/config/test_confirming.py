"""`confirm: 3 of 5`, `recover_after:` and `flapping:` as operators write them, wherever they may stand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from config.confirming import USUAL, Thresholds
from config.models import Check
from tests.config.conftest import Examine as Look

NEVER = Thresholds(Fraction(1), Fraction(1))


def one(look: Look, options: str, before: str = "", service: str = "") -> Check:
    text = f"{before}\nservices: {{s: {{{service} checks: {{c: {{type: tcp, host: localhost, port: 1, {options}}}}}}}}}"
    found = look(text)
    assert found.config is not None, found.errors
    return found.config.services["s"].checks["c"]


def complaint(look: Look, options: str) -> tuple[str, str | None]:
    found = look(f"services: {{s: {{checks: {{c: {{type: tcp, host: localhost, port: 1, {options}}}}}}}}}")
    (problem,) = found.errors
    return problem.message, problem.hint


def confirmed(check: Check) -> tuple[int, int | None]:
    return check.confirm, check.confirm_of


def test_without_a_word_two_in_a_row_confirm_and_a_third_of_change_flaps(look: Look) -> None:
    check = one(look, "")
    assert (*confirmed(check), check.recover, check.recover_after) == (2, None, 2, 0.0)
    assert check.flapping == USUAL == Thresholds(Fraction(3, 10), Fraction(1, 4))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3", (3, None)),
        ("3 of 5", (3, 5)),
        ("' 2  of 2 '", (2, 2)),
        ("64 of 64", (64, 64)),
        ("100", (100, None)),
    ],
)
def test_confirm_is_a_number_or_a_share_of_the_latest(
    look: Look, written: str, read: tuple[int, int | None]
) -> None:
    assert confirmed(one(look, f"confirm: {written}")) == read


def test_the_nearest_word_counts(look: Look) -> None:
    defaults = "defaults: {confirm: 3 of 5, recover_after: 3m, flapping: {enter: 40%, leave: 20%}}"
    check = one(look, "", defaults)
    assert (*confirmed(check), check.recover_after) == (3, 5, 180.0)
    assert check.flapping == Thresholds(Fraction(4, 10), Fraction(2, 10))
    check = one(look, "confirm: 1, recover_after: 0, flapping: on", defaults)
    assert (*confirmed(check), check.recover_after, check.flapping) == (1, None, 0.0, USUAL)
    template = "templates: {t: {confirm: 2 of 4, recover_after: 1m, flapping: off}}\n"
    check = one(look, "use: t", template + defaults)
    assert (*confirmed(check), check.recover_after, check.flapping) == (2, 4, 60.0, NEVER)
    assert one(look, "", defaults, "flapping: off,").flapping == NEVER
    assert one(look, "flapping: {enter: 50%}", defaults, "flapping: off,").flapping.enter == Fraction(1, 2)


def test_a_kind_that_is_believed_at_one_look_is_so_at_its_recovery(look: Look) -> None:
    beat = "{type: heartbeat, every: 1h, grace: 5m%s}"
    text = f"defaults: {{recover_after: 3m, confirm: 3 of 5}}\nservices: {{s: {{checks: {{c: {beat}}}}}}}"
    for options, after in (("", 0.0), (", recover_after: 2m", 120.0)):
        found = look(text % options)
        assert found.config is not None, found.errors
        check = found.config.services["s"].checks["c"]
        assert (*confirmed(check), check.recover_after) == (1, None, after)


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ("confirm: 6 of 5", 'M of N needs 1 <= M <= N <= 64, got "6 of 5"', "did you mean 5 of 6?"),
        ("confirm: 0 of 5", 'M of N needs 1 <= M <= N <= 64, got "0 of 5"', None),
        ("confirm: 3 of 65", 'M of N needs 1 <= M <= N <= 64, got "3 of 65"', None),
        ("confirm: 3/5", 'expected a whole number, got "3/5"', "did you mean 3 of 5?"),
        ("confirm: 3 out of 5", 'expected a whole number, got "3 out of 5"', "did you mean 3 of 5?"),
        ("confirm: often", 'expected a whole number, got "often"', "write 3, or 3 of 5"),
        ("confirm: [3, 5]", "expected a whole number, got a list", "write 3, or 3 of 5"),
        ("confirm: 101", 'must be at most 100, got "101"', None),
        ("recover: 2 of 3", 'expected a whole number, got "2 of 3"', None),
        ("recover_after: 180", 'expected a duration like 30s or 1h30m, got "180"', "did you mean 180s?"),
        (
            "flapping: maybe",
            'expected on, off or shares of change, got "maybe"',
            "write {enter: 30%, leave: 25%}",
        ),
        (
            "flapping: {enter: 20%}",
            "leave (25%) must not be more than enter (20%)",
            "write a lower leave: too",
        ),
        ("flapping: {enter: 30}", 'expected a share between 0% and 100%, got "30"', "did you mean 30%?"),
        ("flapping: {leave: 0%}", 'must be more than 0%, got "0%"', None),
        ("flapping: {entr: 20%}", 'unknown key "entr"', 'did you mean "enter"?'),
        ("flap_detection: off", 'unknown key "flap_detection"', 'did you mean "flapping"?'),
    ],
)
def test_a_mistake_is_named_with_its_remedy(look: Look, options: str, message: str, hint: Any) -> None:
    assert complaint(look, options) == (message, hint)


@pytest.mark.parametrize(
    ("options", "warning"),
    [
        ("confirm: 1 of 5", "1 of 5 is met by the first failing reading alone"),
        ("recover_after: 4s", "adds nothing: recover (2) takes 5s anyway"),
        ("recover_after: 2d", "a recovery is believed after more than a day only"),
        ("confirm: 3 of 5, recover_after: 3m", None),
        ("confirm: 1 of 1", None),
        ("recover_after: 0", None),
    ],
)
def test_what_is_legal_and_unwise_is_warned_of(look: Look, options: str, warning: str | None) -> None:
    found = look(f"services: {{s: {{checks: {{c: {{type: tcp, host: localhost, port: 1, {options}}}}}}}}}")
    assert [problem.message for problem in found.warnings] == ([warning] if warning else [])
