"""Redmine, the real server: what it makes of our issues, and what 204 and 201 hide."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Outcome
from alerting.connectors.redmine import TYPE
from alerting.messages import Can, RemoteState
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import (
    KEY,
    NASTY,
    OTHER,
    SINCE,
    Conformance,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.delivered import life
from tests.alerting.connectors.redmine_rig import RedmineRig
from tests.servers.redmine import Redmine as Server

pytestmark = pytest.mark.anyio
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


@pytest.fixture(scope="module")
def server(program: Callable[[str, str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    puma = program("puma", "puma redmine redmine-sqlite")
    if not Path("/usr/share/redmine/Gemfile").is_file():
        pytest.skip("Redmine is not installed: apt-get install puma redmine redmine-sqlite")
    if not os.access("/etc/redmine/default/database.yml", os.R_OK):
        pytest.skip("Redmine's own set-up is readable for root and www-data only: run as one of them")
    server = Server(puma, tmp_path_factory.mktemp("redmine"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def rig(server: Server) -> AsyncIterator[RedmineRig]:
    rig = RedmineRig(server)
    yield rig
    for connector in rig.all_made:
        await connector.aclose()


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        assert "@everyone" not in ticket.whole
        assert "<script>" not in ticket.whole


async def opened(rig: RedmineRig, **changes: Any) -> Any:
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))


async def findings(rig: RedmineRig, **options: Any) -> dict[str, Any]:
    who = options.pop("who", "tocsin")
    return {each.what: each for each in await rig.made(who, **options).check()}


@pytest.mark.parametrize("markup", ["textile", "markdown"])
async def test_text_of_others_is_no_markup(rig: RedmineRig, markup: str) -> None:
    names = {"textile": "textile", "markdown": "common_mark"}
    rig.server.formatting(names[markup])
    try:
        nasty = f"{NASTY}\n{{{{macro_list}}}} [[Wiki]] <b>bold</b>"
        connector = rig.made(markup=markup)
        seen = await done(connector.apply(wanted(description=nasty), nothing_known()))
        shown = (
            rig.server.page(f"/issues/{seen.id}").partition('<div class="wiki">')[2].partition("</div>")[0]
        )
    finally:
        rig.server.formatting("textile")
    assert "macro_list" in shown
    assert ("<strong>Service" in shown) == (markup == "markdown")
    for markup_of_it in (
        "<script>",
        "<strong>bold",
        "<b>bold",
        "hello_world",
        'href="http://x.example',
        "wiki-page",
    ):
        assert markup_of_it not in shown, shown


async def test_a_closed_issue_is_found_by_its_key(rig: RedmineRig) -> None:
    seen = await opened(rig)
    rig.person(seen.id, status_id=5)
    found = await done(rig.connector.read(nothing_known()))
    assert (found.id, found.state, found.by) == (seen.id, RemoteState.RESOLVED, "Agent Two")
    assert (await done(rig.connector.apply(wanted(), nothing_known()))).id == seen.id
    assert len(rig.issues()) == 1


async def test_a_stranger_finds_nothing_out_on_a_public_project(rig: RedmineRig) -> None:
    seen = await opened(rig)
    revoked = rig.made(token="revoked-token-0815")
    for result in (
        await revoked.read(nothing_known(OTHER)),
        await revoked.read(known(seen)),
        await revoked.apply(wanted(comments=comments("news"), said=1), known(seen)),
    ):
        assert result.outcome is Outcome.BROKEN
        assert "401" in result.reason


async def test_other_issues_are_never_ours_when_the_filter_is_dropped(rig: RedmineRig) -> None:
    await opened(rig)
    wrong = rig.made(key_field=77)
    for result in (
        await wrong.read(nothing_known()),
        await wrong.apply(wanted(key=OTHER), nothing_known(OTHER)),
    ):
        assert result.outcome is Outcome.BROKEN
        assert "custom field 77" in result.reason
    assert len(rig.issues()) == 1
    assert (await findings(rig, key_field=77))["key field"].ok is False


async def test_a_key_that_did_not_stick_is_said_and_the_issue_is_known(rig: RedmineRig) -> None:
    result = await rig.made(key_field=77).apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "did not stick" in result.reason
    (issue,) = rig.issues()
    assert result.observed is not None
    assert (result.observed.id, result.observed.key) == (str(issue["id"]), None)


async def test_what_the_workflow_forbids_is_no_success(rig: RedmineRig) -> None:
    little = rig.made("little", public_comments=True)
    seen = await done(little.apply(wanted(), nothing_known()))
    result = await little.apply(OVER, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "workflow" in result.reason
    assert (await done(little.read(known(seen)))).state is RemoteState.OPEN
    told = await little.apply(wanted(comments=comments("news"), said=1), known(seen))
    assert told.outcome in (Outcome.PERMANENT, Outcome.BROKEN), told
    assert not rig.issue(seen.id)["journals"]
    rights = (await findings(rig, who="little"))["rights"]
    assert rights.ok is False
    assert "Set notes as private" in rights.text


async def test_a_note_is_never_seen_by_all_for_want_of_a_right(rig: RedmineRig) -> None:
    little = rig.made("little")
    seen = await done(little.apply(wanted(), nothing_known()))
    result = await little.apply(wanted(comments=comments("news"), said=1), known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "seen by all" in result.reason
    assert not rig.issue(seen.id)["journals"]


async def test_comments_are_public_where_the_operator_says_so(rig: RedmineRig) -> None:
    seen = await opened(rig)
    public = rig.made(public_comments=True)
    await done(public.apply(wanted(comments=comments("news"), said=1), known(seen)))
    (ticket,) = await rig.there()
    assert len(ticket.public) == 1


async def test_of_several_the_oldest_is_ours_and_twins_are_ended_with_a_private_note(rig: RedmineRig) -> None:
    first = await opened(rig)
    field = {"id": rig.server.field, "value": KEY}
    twin = {"project_id": rig.project, "subject": "twin", "custom_fields": [field]}
    made = rig.server.ask("POST", "/issues.json", {"issue": twin}, "tocsin")["issue"]["id"]
    rig.server.ask("POST", "/issues.json", {"issue": twin}, "two")
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    result, twins = await rig.connector.twins(nothing_known())
    assert result.outcome is Outcome.OK
    assert [each.id for each in twins] == [first.id, str(made)]
    for _ in range(2):
        assert (await done(rig.connector.end_twin(twins[1], first))).state is RemoteState.RESOLVED
    notes = [each for each in rig.issue(made)["journals"] if each["notes"]]
    assert [(each["private_notes"], f"issue {first.id} goes on" in each["notes"]) for each in notes] == [
        (True, True)
    ]


async def test_our_open_issues_are_listed(rig: RedmineRig) -> None:
    seen = await opened(rig)
    over = await done(rig.connector.apply(wanted(key=OTHER, state="resolved"), nothing_known(OTHER)))
    rig.server.ask("POST", "/issues.json", {"issue": {"project_id": rig.project, "subject": "x"}}, "two")
    result, ours = await rig.connector.ours(50)
    assert result.outcome is Outcome.OK
    assert [(each.id, each.key) for each in ours] == [(seen.id, KEY)]
    assert over.state is RemoteState.RESOLVED


async def test_what_is_deleted_is_gone_and_what_is_hidden_is_not(rig: RedmineRig) -> None:
    seen = await opened(rig)
    rig.server.ask("PUT", f"/projects/{rig.project}/archive.json")
    assert (await rig.connector.read(known(seen))).outcome is Outcome.BROKEN
    rig.server.ask("PUT", f"/projects/{rig.project}/unarchive.json")
    rig.server.ask("DELETE", f"/issues/{seen.id}.json")
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    news = wanted(comments=comments("news"), said=1)
    assert (await rig.connector.apply(news, known(seen))).outcome is Outcome.PERMANENT


async def test_who_was_quicker_is_acknowledged_and_named(rig: RedmineRig) -> None:
    seen = await opened(rig)
    assert not (await done(rig.connector.read(known(seen)))).acknowledged
    rig.person(seen.id, status_id=2, notes="> [tocsin 90c1d2e3-9] I am at it")
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.acknowledged, seen.assignee, seen.by, seen.comments) == (True, None, "Agent Two", ())
    assert [each.by for each in seen.remarks] == ["Agent Two"]


async def test_it_goes_on_from_an_earlier_issue(rig: RedmineRig) -> None:
    first = await opened(rig)
    after = await done(rig.connector.apply(wanted(key=OTHER, follows=first.id), nothing_known(OTHER)))
    (relation,) = rig.issue(after.id)["relations"]
    assert relation["relation_type"] == "relates"
    await done(rig.connector.apply(wanted(key=KEY + "a", follows="99999"), nothing_known(KEY + "a")))


async def test_fields_priorities_and_statuses_are_as_the_operator_said(rig: RedmineRig) -> None:
    named = rig.made(
        priorities={"high": "immediate", "low": ""},
        statuses={"resolved": "Resolved", "open": "Feedback"},
        fields={"due_date": "2030-01-31", "done_ratio": 10},
        tracker=3,
    )
    seen = await done(named.apply(wanted(), nothing_known()))
    (issue,) = rig.issues()
    assert (issue["priority"]["name"], issue["due_date"], issue["tracker"]["name"]) == (
        "Immediate",
        "2030-01-31",
        "Support",
    )
    await done(named.apply(wanted(priority="low"), known(seen)))
    assert rig.issue(seen.id)["priority"]["name"] == "Immediate"
    over = await done(named.apply(OVER, known(seen)))
    assert (over.state, rig.issue(seen.id)["status"]["name"]) == (RemoteState.RESOLVED, "Resolved")
    again = await done(named.apply(wanted(), known(over)))
    assert (again.state, again.acknowledged) == (RemoteState.OPEN, False)
    assert rig.issue(seen.id)["status"]["name"] == "Feedback"


async def test_what_is_refused_is_said_in_its_own_words(rig: RedmineRig) -> None:
    unknown = await rig.made(priorities={"high": "Mad"}).apply(wanted(), nothing_known())
    assert (unknown.outcome, "no Mad" in unknown.reason) == (Outcome.PERMANENT, True)
    refused = await rig.made(fields={"due_date": "soon"}).apply(wanted(), nothing_known())
    assert refused.outcome is Outcome.PERMANENT
    assert "Due date is not a valid date" in refused.reason
    for wrong in ({"project": "nowhere"}, {"tracker": "Storm"}):
        assert (await rig.made(**wrong).apply(wanted(), nothing_known())).outcome is Outcome.BROKEN
    assert rig.issues() == []


async def test_a_check_up_says_what_is_wrong(rig: RedmineRig) -> None:
    sound = await findings(rig)
    assert [*sound] == [
        "login", f"project {rig.project}", "tracker", "key field", "priorities", "statuses", "rights"
    ]  # fmt: skip
    assert sound["login"].text == "as tocsin"
    wrong = await findings(
        rig, tracker="Storm", priorities={"low": "Mad"}, statuses={"resolved": "Over"}, who="stranger"
    )
    assert {name: each.ok for name, each in wrong.items() if each.ok is not True} == {
        "tracker": False,
        "priorities": False,
        "statuses": False,
        "rights": None,
    }
    assert "Bug, Feature, Support" in wrong["tracker"].text
    assert (await findings(rig, project="nowhere"))["project nowhere"].ok is False
    by_admin = await findings(rig, who="admin", key_field=77)
    assert "key_field:" in by_admin["key field"].text


async def test_a_site_that_breaks_and_heals_is_one_issue(rig: RedmineRig, tmp_path: Path) -> None:
    async with life(tmp_path, TYPE, **rig.written()) as alive:
        await alive.breaks()
        (issue,) = rig.issues()
        assert not issue["status"]["is_closed"]
        await alive.heals()
        (issue,) = rig.issues()
        assert issue["status"]["is_closed"]
        assert alive.entry.observed is not None
        assert alive.entry.observed.id == str(issue["id"])


async def test_what_it_can(rig: RedmineRig) -> None:
    assert rig.connector.capabilities == frozenset(Can) - {Can.DEDUPE}
    assert rig.made(timeout=10).limits.deadline == 40


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("token: x, project: ops", "key_field"),
        ("token: x, project: ops, key_field: 1, labels: [x]", "no labels"),
        ("token: x, project: ops, key_field: 1, fields: {assigned_to: 1}", "assigned_to_id"),
        ("token: x, project: ops, key_field: 1, statuses: {closed: Closed}", "statuses"),
        ("token: x, project: ops, key_field: 1, markup: wiki", "markup"),
        ("token: x, project: '../etc', key_field: 1", "project"),
        ("project: ops, key_field: 1", "token"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    block = f"{{type: redmine, url: 'https://a.example', {written}}}"
    path.write_text(f"services: {{}}\nhelpdesks:\n  rm: {block}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"redmine": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)


async def test_what_breaks_again_is_opened_again_and_a_persons_closing_is_followed(
    rig: RedmineRig, tmp_path: Path
) -> None:
    async with life(tmp_path, TYPE, section="helpdesks", poll_every="1m", **rig.written()) as alive:
        for begins, closed in ((alive.breaks, False), (alive.heals, True), (alive.breaks, False)):
            await begins()
            (issue,) = rig.issues()
            assert issue["status"]["is_closed"] is closed
        rig.person(issue["id"], status_id=5)  # while it still fails
        await alive.passes(180)
        (issue,) = rig.issues()
        assert issue["status"]["is_closed"]
        assert alive.driven.app.pipeline.world.tickets[1].state.value == "resolved"
