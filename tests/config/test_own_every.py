"""A kind that has `every` as an option of its own: what the envelope makes of it."""

from __future__ import annotations

from pathlib import Path

from checks.registry import all_kinds
from config.loader import Loaded, examine
from config.models import Check


def _examined(directory: Path, options: str, more: str = "") -> Loaded:
    file = directory / "tocsin.yaml"
    file.write_text(f"{more}services:\n  s:\n    checks:\n      c: {{type: heartbeat, {options}}}\n")
    return examine(file, all_kinds())


def _check(directory: Path, options: str, more: str = "") -> Check:
    loaded = _examined(directory, options, more)
    assert loaded.config is not None, loaded.errors
    return loaded.config.services["s"].checks["c"]


def test_every_is_the_interval_of_the_job_and_the_beat_follows_by_itself(tmp_path: Path) -> None:
    nightly = _check(tmp_path, "every: 24h")
    assert (nightly.spec.every, nightly.every) == (86400.0, 60.0)
    often = _check(tmp_path, "every: 5s")
    assert (often.spec.every, often.every, often.timeout) == (5.0, 5.0, 5.0)
    by_cron = _check(tmp_path, "cron: '0 2 * * *'", "defaults: {every: 7s}\n")
    assert (by_cron.spec.every, by_cron.every) == (None, 60.0)


def test_a_short_interval_is_no_reason_for_a_warning(tmp_path: Path) -> None:
    assert [str(warning) for warning in _examined(tmp_path, "every: 5s").warnings] == []


def test_one_look_confirms_unless_the_check_itself_says_otherwise(tmp_path: Path) -> None:
    check = _check(tmp_path, "every: 1h", "defaults: {confirm: 5, recover: 4}\n")
    assert (check.confirm, check.recover) == (1, 1)
    check = _check(tmp_path, "every: 1h, confirm: 3, recover: 2")
    assert (check.confirm, check.recover) == (3, 2)


def test_a_mistake_in_every_is_told_once_at_its_place(tmp_path: Path) -> None:
    (error,) = _examined(tmp_path, "every: soon").errors
    assert (error.path, error.line) == ("services.s.checks.c.every", 4)


def test_what_is_lacking_or_too_much_is_told(tmp_path: Path) -> None:
    (error,) = _examined(tmp_path, "grace: 1h").errors
    assert "every:, cron: or on_calendar:" in str(error)
    (error,) = _examined(tmp_path, "every: 1h, cron: '@daily'").errors
    assert "takes one of every:, cron:" in str(error)
    (error,) = _examined(tmp_path, "cron: '61 * * * *'").errors
    assert "bad minute" in str(error)


def test_every_may_come_from_a_template(tmp_path: Path) -> None:
    check = _check(tmp_path, "use: job", "templates: {job: {every: 2h, grace: 10m}}\n")
    assert (check.spec.every, check.spec.grace) == (7200.0, 600.0)


def test_a_secret_key_may_be_a_reference(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef")
    (tmp_path / "key").chmod(0o600)
    check = _check(tmp_path, f"every: 1h, key: '${{file:{tmp_path / 'key'}}}'")
    assert check.spec.key.reveal() == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(check)
