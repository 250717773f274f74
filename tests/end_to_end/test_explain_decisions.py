"""Why it did or did not alert, told by the installed command and held against the log and the sites' own records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.journal import Journal, was_answered, were_all
from tests.end_to_end.website import Site

QUICK = {"type": "http", "every": "1s", "timeout": "1s", "retry_every": "300ms"}
NEVER = 100  # failing readings: more than there will be
SERVICES = ("shop", "blinking", "host", "guest", "quiet", "moved")


@dataclass
class Lived:
    """A daemon that went through it all; `then` is what explanations said meanwhile, `stories` those of incidents."""

    daemon: Daemon
    sites: dict[str, Site]
    then: dict[str, Any] = field(default_factory=dict)
    stories: dict[str, Any] = field(default_factory=dict)

    @property
    def journal(self) -> Journal:
        return Journal(self.daemon.events())

    def check(self, service: str, *more: str) -> Any:
        (found,) = self.daemon.json("explain", "check", f"{service}.home", *more)["checks"]
        return found

    def breaks(self, service: str, until: str) -> None:
        """Its site turns bad, until such a decision is stored."""
        self.sites[service].turn(good=False)
        self.decided(service, until)

    def decided(self, service: str, what: str) -> None:
        query = "SELECT 1 FROM decisions WHERE what = ? AND service = ?"
        wait_for(lambda: self.daemon.rows(query, what, service), f"{service} {what}")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with ExitStack() as stack:
        sites = {name: stack.enter_context(Site()) for name in SERVICES}
        services: dict[str, Any] = {
            name: {"checks": {"home": {**QUICK, "url": sites[name].url}}} for name in SERVICES
        }
        services["blinking"]["checks"]["home"]["confirm"] = NEVER
        services["guest"]["depends_on"] = ["host"]
        alone = {"storm": {"services": 100}}
        directory = tmp_path_factory.mktemp("explained")
        daemon = stack.enter_context(Daemon(directory, services=services, incidents=alone))
        told = Lived(daemon, sites)
        daemon.start()
        wait_for(
            lambda: set(SERVICES) <= {row[0] for row in daemon.rows("SELECT service FROM readings")},
            "a look at each",
        )
        _go_through(told)
        yield told


def _go_through(told: Lived) -> None:
    tocsin, then = told.daemon.tocsin, told.then
    silence = (
        "silence",
        "add",
        "--match",
        "service=quiet",
        "--for",
        "1h",
        "--by",
        "ann",
        "--reason",
        "known",
    )
    work = ("maintenance", "add", "--service", "moved", "--for", "1h", "--reason", "new disks")
    assert (tocsin(*silence).code, tocsin(*work).code) == (0, 0)
    told.sites["blinking"].turn(good=False)
    wait_for(lambda: told.sites["blinking"].answered >= 2, "failing answers of blinking")
    then["blinking"] = told.check("blinking")
    told.sites["blinking"].turn(good=True)
    told.breaks("shop", "opened")
    told.breaks("host", "opened")
    told.breaks("guest", "folded")
    told.breaks("quiet", "held")
    told.breaks("moved", "held")
    then.update(
        {name: told.check(name) for name in SERVICES if name not in then}, status=told.daemon.json("status")
    )
    for site in told.sites.values():
        site.turn(good=True)
    for service in ("shop", "host", "guest"):
        told.decided(service, "recovered")
    for service in ("quiet", "moved"):
        told.decided(service, "passed")
    wait_for(lambda: told.daemon.rows("SELECT 1 FROM blips WHERE service = 'blinking'"), "a blip")
    for incident in told.daemon.json("incidents"):
        told.stories[incident["service"]] = told.daemon.json("explain", "incident", incident["ticket"])


def test_story_of_an_incident_is_that_of_the_log_and_of_the_site(lived: Lived) -> None:
    story = lived.stories["shop"]
    lived.journal.is_told_by(story)
    decisions = [each for each in story["story"] if each["kind"] == "decision"]
    assert [(each["what"], each["by"]) for each in decisions] == [
        ("opened", "confirm"),
        ("recovered", "recover"),
    ]
    readings = [each for each in story["story"] if each["kind"] == "reading"]
    was_answered(readings, lived.sites["shop"].given)
    for decision, status in zip(decisions, ("down", "ok"), strict=True):
        grounds = decision["facts"]["readings"]
        was_answered(grounds, lived.sites["shop"].given)
        assert [each["status"] for each in grounds[-2:]] == [status, status]
    first = next(each for each in readings if each["status"] == "down")
    assert story["opened_at"] == first["at"]


def test_check_that_alerted_names_its_incident_and_the_rule(lived: Lived) -> None:
    told = lived.then["shop"]
    assert (told["verdict"], told["decided"]["by"], told["incident"]["rule"]) == (
        "alerted",
        "confirm",
        "home",
    )
    lived.journal.confirms_all(told["decisions"])
    were_all([each for each in told["readings"] if each["at"] <= told["at"]], lived.sites["shop"].given)


def test_failing_readings_that_are_not_enough_are_counted(lived: Lived) -> None:
    told = lived.then["blinking"]
    (confirming,) = told["confirming"]
    failed = [
        each for each in lived.sites["blinking"].given if each[1] == 503 and each[0] <= _micros(told["at"])
    ]
    assert told["verdict"] == "unconfirmed"
    # The last answer may not be on the disk yet.
    assert confirming["wanted"] == NEVER and len(failed) - 1 <= confirming["seen"] <= len(failed)
    assert lived.journal.of("blinking", "home") == []
    assert told["decisions"] == [] and told["incident"] is None
    later = lived.check("blinking", "--at", confirming["since"])
    assert (later["verdict"], later["blip"]["from"]) == ("unconfirmed", confirming["since"])


def test_failure_of_a_child_is_part_of_its_parents_incident(lived: Lived) -> None:
    told, story = lived.then["guest"], lived.stories["host"]
    assert (told["verdict"], told["decided"]["by"]) == ("folded", "depends_on")
    assert told["incident"]["id"] == story["id"]
    lived.journal.is_told_by(story)
    assert story["affected"] == ["host", "guest"]
    (held_back,) = story["held_back"]
    assert (held_back["service"], held_back["check"], held_back["cause"]) == ("guest", "home", False)
    assert held_back["until"] is not None
    assert set(lived.stories) == {"shop", "host"}
    ticket = lived.daemon.json("tickets", "show", story["ticket"])
    assert [each["service"] for each in ticket["affected"]] == ["host", "guest"]
    checks = {each["service"]: each["checks"][0] for each in lived.then["status"]["services"]}
    assert (checks["guest"]["incident"], checks["guest"]["folded_into"]) == (story["id"], "host.home")
    assert (checks["host"]["incident"], checks["host"]["folded_into"]) == (story["id"], None)
    assert checks["quiet"]["incident"] is None


@pytest.mark.parametrize(
    ("service", "suppressor", "why", "reason"),
    [("quiet", "S-1", "silence", "known"), ("moved", "M-1", "maintenance", "new disks")],
)
def test_what_held_it_back_is_named(
    lived: Lived, service: str, suppressor: str, why: str, reason: str
) -> None:
    told = lived.then[service]
    assert (told["verdict"], told["decided"]["by"], told["incident"]) == ("held", suppressor, None)
    assert [(each["id"], each["why"], each["reason"]) for each in told["in_force"]] == [
        (suppressor, why, reason)
    ]
    assert suppressor in told["text"] and reason in told["text"]
    lived.journal.confirms_all(told["decisions"])
    held = [line for line in lived.journal.of(service, "home") if line.what == "held"]
    assert [line.by for line in held] == [suppressor]
    was_answered(told["readings"], lived.sites[service].given)
    passed = lived.check(service)
    assert passed["verdict"] == "well" and passed["decisions"][-1]["what"] == "passed"
    lived.journal.confirms_all(passed["decisions"])
    # The same moment, asked for later: from what was stored then.
    again = lived.check(service, "--at", told["at"])
    assert (again["verdict"], again["decided"]) == (told["verdict"], told["decided"])


def test_words_for_people_name_what_decided(lived: Lived) -> None:
    said = {}
    for name in ("blinking", "guest", "quiet"):
        ended = lived.daemon.tocsin("explain", "check", name, "--at", lived.then[name]["at"])
        assert (ended.code, ended.err) == (0, "")
        said[name] = " ".join(ended.out.split())
    assert f"of {NEVER} failing readings: not confirmed" in said["blinking"]
    assert "of host.home" in said["guest"] and "by depends_on" in said["guest"]
    assert "held back by S-1" in said["quiet"]
    story = lived.daemon.tocsin("explain", "incident", lived.stories["host"]["ticket"]).out
    assert (
        "folded guest.home by depends_on" in story and "Affected, without a ticket of their own: 1" in story
    )


def _micros(moment: str) -> int:
    return round(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1_000_000)
