"""Other tools that may send alerts: what must be said of them, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.registry import all_kinds
from config.loader import Loaded, examine

REST = "services: {shop: {checks: {a: {type: cpu}}}}\nagent: {id: a, state_dir: s}\n"


def look(directory: Path, block: str) -> Loaded:
    file = directory / "tocsin.yaml"
    file.write_text(f"{REST}inbound: {{one: {block}}}\n", encoding="utf-8")
    return examine(file, all_kinds())


@pytest.mark.parametrize(
    ("block", "path", "says"),
    [
        ("{type: pingdom}", "inbound.one", "write token: ${credential:NAME}"),
        ("{type: sentry}", "inbound.one", "write secret: ${credential:NAME}"),
        ("{type: datadog, secret: '${env:HOME}'}", "inbound.one", "signs nothing"),
        ("{type: pingdm, token: '${env:HOME}'}", "inbound.one.type", 'did you mean "pingdom"'),
        ("{type: generic, token: '${env:HOME}'}", "inbound.one", "needs mapping:"),
        ("{type: pingdom, token: '${env:HOME}', mapping: {key: $.a}}", "inbound.one", "is known"),
        (
            "{type: generic, token: '${env:HOME}', mapping: {key: id}}",
            "inbound.one.mapping.key",
            "write $.id",
        ),
        (
            "{type: generic, token: '${env:HOME}', mapping: {key: '$[['}}",
            "inbound.one.mapping.key",
            "not a JSON path",
        ),
        (
            "{type: generic, token: '${env:HOME}', mapping: {title: $.a}}",
            "inbound.one.mapping.key",
            "missing",
        ),
        ("{type: pingdom, token: '${env:HOME}', service: shp}", "inbound.one.service", "did you mean"),
        (
            "{type: pingdom, token: '${env:HOME}', services: {a: b}}",
            "inbound.one.services.a",
            "no service is called",
        ),
        (
            "{type: pingdom, token: '${env:HOME}', severity: {page: bad}}",
            "inbound.one.severity.page",
            "critical",
        ),
        ("{type: pingdom, tokn: abc}", "inbound.one.tokn", "unknown key"),
        ("[]", "inbound.one", "expected a mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(
    tmp_path: Path, block: str, path: str, says: str
) -> None:
    found = look(tmp_path, block).errors
    assert any(each.path == path and says in str(each) and each.line == 3 for each in found), list(
        map(str, found)
    )


def test_what_is_right_is_taken_and_no_secret_is_shown(tmp_path: Path) -> None:
    found = look(
        tmp_path, "{type: statuscake, token: canary-secret-1, service: shop, severity: {page: critical}}"
    )
    assert found.config is not None
    assert found.config.inbound["one"].severity == {"page": "critical"}
    assert "canary-secret-1" not in repr(found.config)
    assert any("stands in clear" in str(each) for each in found.warnings)
