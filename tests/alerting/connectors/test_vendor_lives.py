"""Zendesk, ServiceNow and Freshdesk as delivery uses them: lost answers, quick people, merges, lost rights."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors import freshdesk, servicenow, zendesk
from alerting.connectors.base import ConnectorType
from alerting.messages import RemoteState
from alerting.outgoing import Standing
from tests.alerting.connectors.delivered import Life, life
from tests.fakes.freshdesk import Freshdesk
from tests.fakes.servicenow import ServiceNow
from tests.fakes.vendor import Fault, Vendor
from tests.fakes.zendesk import Zendesk

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Kind:
    """One vendor: how it is made, what a configuration says of it, and its tickets as (id, status, texts) each."""

    type: ConnectorType
    vendor: Callable[[], Any]
    options: dict[str, object]
    tickets: Callable[[Any], list[tuple[str, str, list[str]]]]
    over: dict[str, object]  # what a person sets who ends a ticket
    create: str = r"/tickets$"


def _of_servicenow(vendor: ServiceNow) -> list[tuple[str, str, list[str]]]:
    return [
        (each["sys_id"], each["state"], [note["value"] for note in vendor.notes(each["sys_id"])])
        for each in vendor.incidents
    ]


KINDS = {
    "zendesk": Kind(
        zendesk.TYPE,
        Zendesk,
        {"user": Zendesk.user, "token": Zendesk.token},
        lambda vendor: [
            (str(each["id"]), each["status"], [said["body"] for said in each["comments"][1:]])
            for each in vendor.tickets
        ],
        {"status": "solved"},
    ),
    "servicenow": Kind(
        servicenow.TYPE,
        ServiceNow,
        {"user": ServiceNow.user, "password": ServiceNow.password},
        _of_servicenow,
        {"state": "6"},
        r"/incident$",
    ),
    "freshdesk": Kind(
        freshdesk.TYPE,
        Freshdesk,
        {"token": Freshdesk.token, "requester": "monitoring@example.org"},
        lambda vendor: [
            (str(each["id"]), str(each["status"]), [note["body_text"] for note in each["notes"]])
            for each in vendor.tickets
        ],
        {"status": 4},
    ),
}
OPEN = {"zendesk": ("new", "open"), "servicenow": ("1", "2"), "freshdesk": ("2",)}
ENDED = {"zendesk": "solved", "servicenow": "6", "freshdesk": "4"}
each_kind = pytest.mark.parametrize("name", [*KINDS])


@asynccontextmanager
async def living(path: Path, name: str, **options: object) -> AsyncIterator[tuple[Life, Any]]:
    """A life, and the vendor that its tickets go to."""
    kind = KINDS[name]
    vendor: Vendor = kind.vendor()
    with vendor:
        given: dict[str, Any] = {**kind.options, "url": vendor.url, "poll_every": "1m", **options}
        async with life(path, kind.type, **given) as its:
            vendor.now = its.now
            yield its, vendor
    assert vendor.wrong == []


@each_kind
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.BUSY])
async def test_one_ticket_whatever_happens_to_the_answers(tmp_path: Path, name: str, fault: Fault) -> None:
    kind = KINDS[name]
    async with living(tmp_path, name) as (its, vendor):
        vendor.misbehave(fault, "POST", kind.create)
        await its.breaks(600)
        ((number, status, _),) = kind.tickets(vendor)
        assert status in OPEN[name]
        assert (its.entry.state, its.entry.observed and its.entry.observed.id) == (Standing.DONE, number)
        for method in ("PUT", "PATCH", "POST"):
            vendor.misbehave(fault, method)
        await its.heals(600)
        ((_, status, said),) = kind.tickets(vendor)
        assert status == ENDED[name]
        assert len([text for text in said if "recovered" in text]) == 1
        vendor.behave()
        await its.breaks(600)
        ((_, status, _),) = kind.tickets(vendor)
        assert status in OPEN[name]


@pytest.mark.parametrize(
    ("name", "policy"),
    [("zendesk", "respect"), ("servicenow", "respect"), ("servicenow", "new"), ("freshdesk", "reopen")],
)
async def test_a_person_ends_it_while_the_problem_lasts(tmp_path: Path, name: str, policy: str) -> None:
    kind = KINDS[name]
    async with living(tmp_path, name, on_remote_close=policy) as (its, vendor):
        await its.breaks()
        ((number, _, _),) = kind.tickets(vendor)
        vendor.person(number, **kind.over)
        await its.passes(600)
        statuses = [status for _, status, _ in kind.tickets(vendor)]
        ours = its.driven.app.pipeline.world.tickets[1].state.value
        match policy:
            case "respect":
                assert (statuses, ours) == ([ENDED[name]], "resolved")
            case "reopen":
                assert len(statuses) == 1
                assert statuses[0] in OPEN[name]
            case _:
                assert len(statuses) == 2
                assert statuses[0] == ENDED[name]
                assert statuses[1] in OPEN[name]


async def test_what_is_closed_for_good_goes_on_in_another(tmp_path: Path) -> None:
    async with living(tmp_path, "zendesk", on_remote_close="reopen") as (its, vendor):
        await its.breaks()
        vendor.person("1", status="closed")
        await its.passes(600)
        assert [each["status"] for each in vendor.tickets] == ["closed", "new"]
        assert vendor.find("2")["followup"] == 1
        await its.heals(600)
        assert [each["status"] for each in vendor.tickets] == ["closed", "solved"]


@pytest.mark.parametrize("seen_first", [True, False])
async def test_news_of_a_merged_ticket_is_told_once_where_it_went(tmp_path: Path, seen_first: bool) -> None:
    async with living(tmp_path, "zendesk") as (its, vendor):
        await its.breaks()
        kept = vendor.add()
        vendor.merge("1", kept)
        if seen_first:
            await its.passes(120)
        await its.heals(900)
        said = [each["body"] for each in vendor.find(kept)["comments"] if "recovered" in each["body"]]
        assert len(said) == 1
        assert vendor.find(kept)["status"] == "new"
        assert (its.entry.state, its.entry.desired.comments) == (Standing.DONE, ())
        assert its.entry.observed is not None
        assert (its.entry.observed.id, its.entry.observed.state) == (kept, RemoteState.MERGED)
        before = len(vendor.writes)
        await its.passes(900)
        assert len(vendor.writes) == before


async def test_lost_rights_stop_everything_and_lose_nothing(tmp_path: Path) -> None:
    async with living(tmp_path, "servicenow") as (its, vendor):
        vendor.add()
        await its.breaks()
        vendor.hidden = True
        await its.heals(1200)
        assert its.entry.state is Standing.WAITING
        assert "mend our roles" in (its.entry.last_error or "")
        vendor.hidden = False
        await its.passes(1200)
        _, (_, status, said) = _of_servicenow(vendor)
        assert status == "6"
        assert len([text for text in said if "recovered" in text]) == 1


@each_kind
async def test_a_key_that_is_revoked_at_night_stops_everything_and_loses_nothing(
    tmp_path: Path, name: str
) -> None:
    kind = KINDS[name]
    async with living(tmp_path, name) as (its, vendor):
        vendor.misbehave(Fault.REVOKED, times=10_000)
        await its.breaks(300)
        assert kind.tickets(vendor) == []
        vendor.behave()
        await its.passes(1200)
        await its.heals(600)
        ((_, status, _),) = kind.tickets(vendor)
        assert status == ENDED[name]
