"""Keys of jobs: found by digest, one check each, unusable ones named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.keys import FILE_NAME, Keys, keys_of, read_secret, secret_in
from checks.registry import all_kinds
from config.loader import load
from config.models import Check


def _checks(directory: Path, **options: str) -> list[Check]:
    lines = [f"      {name}: {{type: heartbeat, every: 1h{more}}}" for name, more in options.items()]
    file = directory / "tocsin.yaml"
    file.write_text("\n".join(["services:", "  jobs:", "    checks:", *lines, ""]))
    return load(file, all_kinds()).checks()


def test_a_key_leads_to_its_check_and_any_other_text_nowhere(tmp_path: Path) -> None:
    keys = keys_of(_checks(tmp_path, a=", key: key-of-the-job-a", b=", key: key-of-the-job-b"), b"secret")
    assert keys.find("key-of-the-job-a") == ("jobs", "a")
    assert keys.find("key-of-the-job-b") == ("jobs", "b")
    for other in ("", "key-of-the-job-", "KEY-OF-THE-JOB-A", "key-of-the-job-a ", "\ud800", "\0"):
        assert keys.find(other) is None
    assert Keys().find("key-of-the-job-a") is None


def test_neither_keys_nor_what_they_are_made_of_are_shown(tmp_path: Path) -> None:
    keys = keys_of(_checks(tmp_path, a=", key: key-of-the-job-a"), b"secret")
    assert "key-of-the-job-a" not in repr(keys)
    assert all(b"key-of-the-job-a" not in digest for digest in keys.known)


def test_a_key_that_two_checks_have_counts_for_the_first_and_the_second_is_told(tmp_path: Path) -> None:
    keys = keys_of(_checks(tmp_path, a=", key: one-for-the-two", b=", key: one-for-the-two"), b"")
    assert keys.find("one-for-the-two") == ("jobs", "a")
    assert keys.wrong == {"jobs.b": "jobs.a has the same key: its reports count there"}


def test_a_key_that_can_no_longer_be_read_or_is_none_is_told_and_spoils_no_other(tmp_path: Path) -> None:
    file, short = tmp_path / "gone", tmp_path / "short"
    file.write_text("a-key-that-goes-away")
    short.write_text("short")
    file.chmod(0o600)
    short.chmod(0o600)
    checks = _checks(
        tmp_path,
        a=f", key: '${{file:{file}}}'",
        b=f", key: '${{file:{short}}}'",
        c=", key: key-of-the-job-c",
    )
    file.unlink()
    keys = keys_of(checks, b"")
    assert set(keys.wrong) == {"jobs.a", "jobs.b"}
    assert "8 to 128" in keys.wrong["jobs.b"]
    assert keys.find("key-of-the-job-c") == ("jobs", "c")


def test_the_secret_is_made_once_and_for_our_eyes_only(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path)
    made = secret_in(tmp_path)
    assert len(made) == 64
    assert secret_in(tmp_path) == read_secret(tmp_path) == made
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_made_keys_differ_by_check_and_by_secret(tmp_path: Path) -> None:
    checks = _checks(tmp_path, a="", b="")
    one, other = keys_of(checks, b"one"), keys_of(checks, b"other")
    assert len(one.known) == len(other.known) == 2
    assert one.wrong == {}
