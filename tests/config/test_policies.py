"""Policies as operators write them: what is not said stays as it was, and mistakes are told with their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from alerting.connectors.registry import all_connectors
from checks.registry import all_kinds
from config import policy_options
from config.loader import Loaded, examine
from config.models import Config
from config.policies import (
    DEFAULT_POLICY,
    Ending,
    Jump,
    Overall,
    Policy,
    PriorityRule,
    Rise,
    RootCauseRules,
    Targets,
    TicketMatch,
    VendorRules,
)
from config.shipped_policies import SHIPPED
from config.terms import Term, read_term, read_term_or_never, show_term
from config.ticket_targets import TargetOptions
from config.units import DAY, HOUR

Look = Callable[[str], Loaded]
SERVICE = "services: {s: {checks: {c: {type: cpu}}}}\n"
EXAMPLE = Path(str(files("config") / "examples" / "saypro.yaml"))


A_TIME = "expected a time like 4h or 1 business day, got"
THE_LAST = "the last one is 3 (raise highest_tier, or write at most 3)"


def policies(look: Look, text: str) -> dict[str, Policy]:
    loaded = look(SERVICE + text)
    assert loaded.errors == []
    assert loaded.config is not None
    return dict(loaded.config.policies)


def told(loaded: Loaded) -> list[str]:
    return [str(each).partition(": ")[2] for each in (*loaded.errors, *loaded.warnings)]


def test_the_default_and_the_shipped_policies_are_always_there(look: Look) -> None:
    assert policies(look, "") == {"default": DEFAULT_POLICY, **SHIPPED}


def test_the_example_writes_the_shipped_policies_out_in_full(tmp_path: Path) -> None:
    """Under other names nothing is inherited from the shipped ones, and the default is made quite another."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for name in SHIPPED:
        text = text.replace(f"  {name}:\n", f"  my-{name}:\n").replace(
            f"policy: {name}\n", f"policy: my-{name}\n"
        )
    other = (
        "policies:\n  default: {highest_tier: 9, pauses: none, predict: [50%], targets: {low: {begin: 5m}}}\n"
    )
    file = tmp_path / "tocsin.yaml"
    file.write_text(text.replace("policies:\n", other), encoding="utf-8")
    config = examine(file, all_kinds(), all_connectors()).config
    assert config is not None
    for name, shipped in SHIPPED.items():
        mine = config.policies[f"my-{name}"]
        assert replace(mine, name=name, calendar=None) == _said(shipped)
        assert mine.calendar == config.calendars["office"]


def _said(policy: Policy) -> Policy:
    """What is never is written too: the same for a priority as nothing at all."""
    every = dict.fromkeys(("high", "medium", "low", "informational"), ())
    return replace(policy, rises={**every, **policy.rises}, follow_ups={**every, **policy.follow_ups})


def test_the_example_has_all_that_its_policies_need(tmp_path: Path) -> None:
    loaded = examine(EXAMPLE, all_kinds(), all_connectors())
    config = loaded.config
    assert config is not None
    assert {service.policy for service in config.services.values()} == set(SHIPPED)
    assert config.calendars["office"].regions == ("ZA",)
    assert all(config.teams[service.team or ""].lead for service in config.services.values())


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (policy_options.PolicyOptions, Policy),
        (policy_options.EndingOptions, Ending),
        (policy_options.VendorRuleOptions, VendorRules),
        (policy_options.RootCauseOptions, RootCauseRules),
        (policy_options.RiseOptions, Rise),
        (policy_options.JumpOptions, Jump),
        (policy_options.OverallOptions, Overall),
        (policy_options.PriorityRuleOptions, PriorityRule),
        (policy_options.TicketMatchOptions, TicketMatch),
        (TargetOptions, Targets),
    ],
)
def test_every_figure_is_a_setting(model: type[BaseModel], value: type[object]) -> None:
    assert is_dataclass(value)
    figures = {each.name for each in fields(value)} - {"name"}
    assert figures == set(model.model_fields) - {"extends"}


def test_a_policy_says_only_what_differs(look: Look) -> None:
    found = policies(look, "policies: {quick: {targets: {high: {resolve: 4h, update: never}}}}")
    high = found["quick"].targets["high"]
    assert (high.resolve, high.update, high.begin) == (Term(4 * HOUR), None, Term(HOUR))
    assert found["quick"].targets["low"] == DEFAULT_POLICY.targets["low"]
    assert (found["quick"].name, found["quick"].title) == ("quick", "quick")


def test_a_shipped_name_changes_the_shipped_policy(look: Look) -> None:
    found = policies(look, "policies: {scmr-17: {overall: [], highest_tier: 4}}")
    assert found["scmr-17"] == replace(SHIPPED["scmr-17"], overall=(), highest_tier=4)


def test_policies_extend_one_another_in_any_order(look: Look) -> None:
    found = policies(
        look,
        """
policies:
  c: {extends: b, ending: {silent_after: 2d}}
  b: {extends: scmr-5, targets: {low: {resolve: 1 business day}}, pauses: [vendor]}
  default: {predict: [50%]}
  d:
""",
    )
    assert found["c"].targets["low"].resolve == Term(business_days=1)
    assert (found["c"].pauses, found["c"].priorities) == (("vendor",), SHIPPED["scmr-5"].priorities)
    assert found["c"].ending == replace(DEFAULT_POLICY.ending, silent_after=Term(2 * DAY))
    assert found["d"].predict == (Fraction(1, 2),)
    assert found["scmr-5"].predict == DEFAULT_POLICY.predict


def test_everything_can_be_said_at_once(look: Look) -> None:
    found = policies(
        look,
        """
calendars: {office: {hours: "mon-fri 08:00-17:00"}}
teams: {web: {lead: lead@example.org}}
policies:
  all:
    clock_starts: reported
    calendar: office
    business: [low, informational]
    priorities:
      - {match: {users: 50, urgent: yes, team: web, channel: phone}, priority: high}
    overall: [{share: 95%, within: 3d}]
    predict: [90%, 50%, 90%]
    rises: {low: [{after: 2 business days, tell: [lead, manager]}]}
    jumps: [{unhappy: yes, tier: 2, tell: none}]
    follow_ups: {high: [1h, 2h]}
    root_cause: {severity: [critical, high], recurring: never}
    vendor: {expected: 5 business days}
""",
    )["all"]
    assert found.business == ("low", "informational")
    assert found.priorities == (
        PriorityRule("high", TicketMatch(users=50, urgent=True, team=("web",), channel=("phone",))),
    )
    assert found.predict == (Fraction(1, 2), Fraction(9, 10))
    assert found.rises["low"] == (Rise(Term(business_days=2), None, ("lead", "manager")),)
    assert found.rises["high"] == DEFAULT_POLICY.rises["high"]
    assert found.jumps == (Jump(2, unhappy=True, tell=()),)
    assert found.follow_ups["high"] == (Term(HOUR), Term(2 * HOUR))
    assert found.root_cause == RootCauseRules(("critical", "high"), None)
    assert found.vendor.expected == Term(business_days=5)
    assert found.calendar is not None
    assert found.overall == (Overall(Fraction(95, 100), Term(3 * DAY)),)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{a: {extends: scmr5}}", 'no policy is called "scmr5" (did you mean "scmr-5"?)'),
        ("{a: {extends: b}, b: {extends: a}}", "extends itself: a -> b -> a (take one of these lines out)"),
        ("{a: {extends: a}}", "extends itself: a -> a (take one of these lines out)"),
        (
            "{a: {calendar: office}}",
            'no calendar is called "office" (there is no calendar in the configuration)',
        ),
        ("{a: {target: {}}}", 'unknown key "target" (did you mean "targets"?)'),
        ("{a: {targets: {hgh: {}}}}", 'unknown key "hgh" (did you mean "high"?)'),
        ("{a: {targets: {low: {resolv: 1h}}}}", 'unknown key "resolv" (did you mean "resolve"?)'),
        (
            "{a: {targets: {low: {resolve: 1hour}}}}",
            f'{A_TIME} "1hour" (did you mean 1h?)',
        ),
        (
            "{a: {targets: {low: {resolve: 4}}}}",
            f'{A_TIME} "4" (did you mean 4s?)',
        ),
        ("{a: {targets: {low: {resolve: 10ms}}}}", 'must be at least 1s, got "10ms"'),
        ("{a: {targets: {low: {resolve: 400d}}}}", 'must be at most 366d, got "400d"'),
        (
            "{a: {targets: {low: {resolve: 0 business days}}}}",
            'must be 1 to 260 business days, got "0 business days"',
        ),
        (
            "{a: {targets: {low: {resolve: 8 business hours}}}}",
            'expected a time like 4h or 1 business day, got "8 business hours" '
            "(write 8h, and the priority in business: of the policy)",
        ),
        ("{a: {ending: {rating_target: 7}}}", "must be 1 to 5, as ratings are, got 7"),
        ("{a: {predict: [75%, 100%]}}", 'must be less than 100%, got "100%"'),
        ("{a: {pauses: [vendors]}}", 'expected reporter or vendor, got "vendors" (did you mean "vendor"?)'),
        (
            "{a: {jumps: [{tier: 2}]}}",
            "every ticket would jump (write match:, missed_follow_ups: or unhappy: yes)",
        ),
        (
            "{a: {jumps: [{tier: 4, unhappy: yes}]}}",
            f"there is no tier 4: {THE_LAST}",
        ),
        ("{a: {rises: {low: [{after: 1h}]}}}", "nothing would happen (write tier: or tell:)"),
        (
            "{a: {rises: {low: [{after: 1h, tier: 5}]}}}",
            f"there is no tier 5: {THE_LAST}",
        ),
        (
            "{a: {rises: {low: [{after: never, tier: 2}]}}}",
            f'{A_TIME} "never"',
        ),
        ("{a: {priorities: [{priority: hot}]}}", 'expected high, medium, low or informational, got "hot"'),
        (
            "{a: {priorities: [{priority: low, match: {priority: low}}]}}",
            "cannot be asked for by a rule that gives it (write severity:)",
        ),
        (
            "{a: {priorities: [{priority: low, match: {service: shp}}]}}",
            'no service is called "shp" (known: s)',
        ),
        (
            "{a: {jumps: [{tier: 2, match: {team: web}}]}}",
            '"web" (there is no team in the configuration)',
        ),
        (
            "{a: {overall: [{share: 95, within: 24h}]}}",
            'got "95" (did you mean 95%?)',
        ),
        ("[a]", "expected a mapping of names, got a list (begin each with its id and a colon, not with a -)"),
    ],
)
def test_mistakes_are_told_with_their_remedy(look: Look, written: str, message: str) -> None:
    found = told(look(f"{SERVICE}policies: {written}\n"))
    assert len(found) == 1
    assert found[0].endswith(message), found[0]


OUT_OF_REACH = "95% resolved within 24h is out of reach where tickets use up their own targets: "


@pytest.mark.parametrize(
    ("written", "slow"),
    [
        ("{a: {overall: [{share: 95%, within: 24h}]}}", "medium 48h, low 72h, informational 5 business days"),
        (
            "{a: {overall: [{share: 95%, within: 24h}], targets: {medium: {resolve: 24h}, low: {resolve: 24h}}}}",
            "informational 5 business days",
        ),
        (
            "{a: {overall: [{share: 95%, within: 24h}], business: high, targets: {medium: {resolve: 24h}, "
            "low: {resolve: 24h}, informational: {resolve: 1h}}}}",
            "high 24h",
        ),
        (
            "{a: {overall: [{share: 95%, within: 24h}], targets: {medium: {resolve: 24h}, low: {resolve: never}, "
            "informational: {resolve: 1 business day}}}}",
            "low never",
        ),
    ],
)
def test_targets_that_make_an_overall_target_unreachable_are_warned_of(
    look: Look, written: str, slow: str
) -> None:
    found = [each for each in told(look(f"{SERVICE}policies: {written}\n")) if "out of reach" in each]
    assert len(found) == 1
    assert OUT_OF_REACH + slow + " (" in found[0]
    assert "policies.a.overall" in found[0]


def test_overall_targets_that_can_be_kept_are_not_warned_of(look: Look) -> None:
    found = told(look(f"{SERVICE}policies: {{a: {{overall: [{{share: 95%, within: 8d}}]}}}}\n"))
    assert not any("out of reach" in each for each in found)


def test_a_shipped_policy_in_use_is_warned_of_once_where_it_is_named_first(look: Look) -> None:
    block = "{policy: scmr-17, checks: {c: {type: cpu}}}"
    text = f"services: {{s: {block}, t: {block}}}\n"
    found = [each for each in told(look(text)) if "out of reach" in each]
    assert len(found) == 1
    assert "services.s.policy: 95% resolved within 24h" in found[0]


def test_a_service_that_is_slower_than_its_policy_is_warned_of(look: Look) -> None:
    text = """
policies: {a: {overall: [{share: 95%, within: 8d}]}}
services: {s: {policy: a, ticket_targets: {low: {resolve: 9d}}, checks: {c: {type: cpu}}}}
"""
    found = [each for each in told(look(text)) if "out of reach" in each]
    assert len(found) == 1
    assert "services.s.ticket_targets: 95% resolved within 8d" in found[0]


def test_a_service_that_targets_made_stands_for_each_of_them_in_rules(look: Look) -> None:
    text = """
services: {web: {targets: [a.example, b.example], checks: {c: {type: http, url: "https://${target}/"}}}}
policies: {a: {priorities: [{match: {service: web}, priority: high}], jumps: [{match: {service: web}, tier: 2}]}}
"""
    config = look(text).config
    assert isinstance(config, Config)
    made = set(config.services)
    assert set(config.policies["a"].priorities[0].match.service) == made
    assert set(config.policies["a"].jumps[0].match.service) == made


@pytest.mark.parametrize(
    ("text", "term", "shown"),
    [
        ("4h", Term(4 * HOUR), "4h"),
        ("90m", Term(90 * 60), "1h30m"),
        ("1d", Term(DAY), "24h"),
        ("5d", Term(5 * DAY), "5d"),
        ("1 business day", Term(business_days=1), "1 business day"),
        ("5 Business Days", Term(business_days=5), "5 business days"),
        ("2 working days", Term(business_days=2), "2 business days"),
        ("1s", Term(1), "1s"),
    ],
)
def test_a_term_is_read_and_shown_as_people_write_it(text: str, term: Term, shown: str) -> None:
    assert read_term(text) == term
    assert show_term(term) == shown
    assert read_term(shown) == term


def test_never_is_a_word() -> None:
    assert read_term_or_never("never") == Term()
    assert show_term(None) == "never"
