"""A fault of ours: told in a line, and with TOCSIN_TRACEBACK where it was; never with a secret."""

from __future__ import annotations

import errno
import os

import pytest

from agent.cli.frame import OUR_FAULT, _failed
from config.masks import remember

SECRET = "kept-in-no-traceback-4711"


def fail() -> None:
    given = {"token": SECRET}
    raise RuntimeError(f"it was refused: {given}")


@pytest.mark.parametrize("whole", [True, False])
def test_what_went_wrong_is_told_without_secrets(
    whole: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remember(SECRET)
    monkeypatch.setenv("TOCSIN_TRACEBACK", "1" if whole else "")
    try:
        fail()
    except RuntimeError as error:
        assert _failed(error) == OUR_FAULT
    said = capsys.readouterr().err
    assert "it was refused" in said
    assert ("in fail" in said) is whole
    assert SECRET not in said


def test_too_few_open_files_are_no_fault_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert _failed(OSError(errno.EMFILE, os.strerror(errno.EMFILE), "/x.py")) == OUR_FAULT
    assert capsys.readouterr().err == (
        "tocsin: too many open files: raise LimitNOFILE= of the service, or: ulimit -n\n"
    )
