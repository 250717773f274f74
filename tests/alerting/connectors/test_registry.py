"""Types of connectors that other distributions bring: those that cannot be used are named, the others work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alerting.connectors.registry import Connectors
from tests.connector_table import PAGE, written_anew
from tests.fakes.connector import install

SHIPPED = tuple(name for name in Connectors() if name != "fakedesk")

BROKEN = {
    "import nothing_of_that_name": "ModuleNotFoundError",
    "raise SystemExit('bye')": "SystemExit: bye",
    "TYPE = {}": "leads to a dict",
    "TYPE = ConnectorType('fakedesk', '', Options, print)": 'there is a type "fakedesk" already',
    "TYPE = ConnectorType('Odd Name', '', Options, print)": "is no name for a type",
    "TYPE = ConnectorType('odd', '', dict, print)": "its options are no subclass",
    "TYPE = ConnectorType('odd', '', Options, None)": "its connect cannot be called",
    "raise Exception('two\\nlines \\x1b[31m')": "two\\nlines",
}


def test_broken_ones_are_named_and_the_others_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path)
    for number, code in enumerate(BROKEN):
        facts = tmp_path / f"zz_broken_{number}-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: zz-broken-{number}\nVersion: 1.0\n")
        entry = f"[tocsin.connectors]\nbroken_{number} = zz_broken_{number}:TYPE\n"
        (facts / "entry_points.txt").write_text(entry)
        begin = "from alerting.connectors.base import ConnectorType, Options\n"
        (tmp_path / f"zz_broken_{number}.py").write_text(f"{begin}{code}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Connectors()
    assert set(found) - set(SHIPPED) == {"fakedesk"}
    assert found["fakedesk"].summary == "a tracker for tests"
    assert len(found.refused) == len(BROKEN)
    for told, reason in zip(found.refused, BROKEN.values(), strict=True):
        assert reason in told


def test_every_type_that_ships_has_a_page_and_is_no_surprise_to_the_configuration() -> None:
    pages = {path.stem for path in PAGE.parent.glob("*.md")} - {"README", "writing-one"}
    assert pages == set(SHIPPED)


def test_the_table_of_the_docs_is_what_connectors_say_of_themselves() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written_anew(page) == page
    assert page.count("](webhook.md)") == 2


@pytest.mark.parametrize("name", sorted(set(Connectors()) - {"fakedesk"}))
def test_each_option_says_what_it_is(name: str) -> None:
    options = Connectors()[name].options
    assert [option for option, info in options.model_fields.items() if not info.description] == []


def test_reading_a_configuration_loads_nothing_that_speaks_http() -> None:
    looked = "import sys; from alerting.connectors.registry import Connectors; list(Connectors()); "
    code = f"{looked}sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
