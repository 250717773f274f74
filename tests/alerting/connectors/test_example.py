"""The connector of docs/connectors/writing-one.md: it passes the suite that ours pass, and costs what the page says."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from alerting.connectors.base import Connector, ConnectorType, Outcome, Setting
from alerting.messages import Comment, Desired, Known
from tests.alerting.connectors.conformance import Conformance, Rig, There
from tests.fakes.gitlab import Gitlab

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "connector"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "writing-one.md"


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("tocsin_gitlab", EXAMPLE / "tocsin_gitlab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tocsin_gitlab"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["tocsin_gitlab"]


class GitlabRig(Rig):
    secrets = (Gitlab.token,)
    create = ("POST", "/issues$")

    def __init__(self, kind: ConnectorType) -> None:
        self.kind = kind
        self.vendor: Gitlab = Gitlab()
        self.vendor.open()
        self.connector = self.made(Gitlab.token)

    def made(self, token: str) -> Connector:
        written = {"url": self.vendor.url, "project": "ops/incidents", "token": token}
        return self.kind.connect(
            self.kind.options.model_validate(written), Setting("git", "agent-1", self.vendor.now)
        )

    async def there(self) -> list[There]:
        return [
            There(
                str(each["iid"]),
                each["title"],
                each["title"] + each["description"],
                each["state"] == "closed",
                tuple(note["body"] for note in each["notes"]),
                tuple(note["body"] for note in each["notes"] if not note.get("internal")),
                ",".join(each["labels"]),
            )
            for each in self.vendor.issues
        ]

    async def human(self, what: str, id: str) -> None:
        if what == "close":
            self.vendor.close_issue(int(id))
        elif what == "assign":
            self.vendor.assign(int(id))
        else:
            self.vendor.note(int(id), "hello from Agent Two")

    async def broken(self) -> Connector:
        return self.made("glpat-somebody-elses-token")


@pytest.fixture
async def rig(example: ModuleType) -> AsyncIterator[GitlabRig]:
    rig = GitlabRig(example.TYPE)
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    pass


def wanted(**more: Any) -> Desired:
    return replace(
        Desired("toc-1", "T-1", "down", "why", "high", "high", "open", "web", "home", 0, said=1), **more
    )


@pytest.mark.anyio
async def test_a_change_of_priority_leaves_the_labels_of_people_alone(rig: GitlabRig) -> None:
    made = await rig.connector.apply(wanted(), Known("toc-1", 0))
    rig.vendor.issues[0]["labels"].append("theirs")
    known = Known("toc-1", 0, made.observed, "high")
    assert (await rig.connector.apply(wanted(priority="critical"), known)).outcome is Outcome.OK
    assert rig.vendor.issues[0]["labels"] == ["tocsin", "theirs", "priority::critical"]


@pytest.mark.anyio
async def test_a_comment_is_seen_below_a_long_discussion(rig: GitlabRig) -> None:
    made = await rig.connector.apply(wanted(), Known("toc-1", 0))
    for number in range(120):
        rig.vendor.note(1, f"said {number}")
    known = Known("toc-1", 0, made.observed, "high")
    await rig.connector.apply(wanted(comments=(Comment("c-1", 0, "news"),)), known)
    seen = (await rig.connector.read(known)).observed
    assert seen is not None
    assert seen.comments == ("c-1",)
    assert [each.text for each in seen.remarks][-1] == "said 119"


def test_the_page_says_what_the_example_costs() -> None:
    lines = (EXAMPLE / "tocsin_gitlab.py").read_text(encoding="utf-8").splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith(("#", '"""'))]
    said = re.search(r"(\d+) lines, (\d+) of them code", PAGE.read_text(encoding="utf-8"))
    assert said is not None
    assert (int(said[1]), int(said[2])) == (len(lines), len(code))
