"""The state directory of a file is found even when the file cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.home import state_dir


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("agent: {state_dir: /srv/state}\nservices: {}\n", "/srv/state"),
        ("agent: {state_dir: state, listne: x}\nservcies: 3\n", "HERE/state"),
        ("services: {a: {checks: {b: {type: cpu}}}}\n", "/var/lib/tocsin"),
        ("agent:\n  state_dir: /srv/state # here\nservices: [\n", "/srv/state"),
        ("agent: {id: x, state_dir: '/srv/state'}\nservices: [\n", "/srv/state"),
        ('{"agent": {"state_dir": "state"}, "services": [\n', "HERE/state"),
        ("services: [\n", "/var/lib/tocsin"),
        ("include: [more.yaml]\n", "/srv/included"),
        ("include: [gone.yaml]\nagent: {state_dir: /srv/state}\n", "/srv/state"),
    ],
)
def test_where_the_state_is(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "tocsin.yaml").write_text(text)
    (tmp_path / "more.yaml").write_text("agent: {state_dir: /srv/included}\n")
    assert str(state_dir(tmp_path / "tocsin.yaml")) == found.replace("HERE", str(tmp_path))


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_bytes(b"\xff\xfea\0")
    with pytest.raises(ConfigError, match="is UTF-16"):
        state_dir(tmp_path / "tocsin.yaml")
    with pytest.raises(ConfigError, match="no such file"):
        state_dir(tmp_path / "gone.yaml")
