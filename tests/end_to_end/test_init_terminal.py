"""`tocsin init` on a real terminal: it asks five questions at most, and what is answered stands in the file."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.end_to_end.daemon import PATIENCE, TOCSIN

QUESTIONS = ("called?", "Time zone", "web address", "gets mail", "takes the mail?")


def on_a_terminal(directory: Path, answers: list[str], *words: str) -> tuple[int, str]:
    """Exit code, and all that was to be seen; each answer is typed when its question stands there."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "TOCSIN_CONFIG"}
    process = subprocess.Popen(
        [str(TOCSIN), "init", *words],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=directory, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen, heard, deadline = "", 0, time.monotonic() + PATIENCE
    try:
        while True:
            assert time.monotonic() < deadline, f"it waits, after {seen!r}"
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
            if not piece:
                break
            seen += piece.decode("utf-8", "replace")
            if answers and seen[heard:].rstrip(" ").endswith((":", "]:")):
                heard = len(seen)
                os.write(ours, answers.pop(0).encode() + b"\n")
        return process.wait(PATIENCE), seen
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_what_is_answered_stands_in_the_file(tmp_path: Path) -> None:
    answers = [
        "Web 01", "web-01", "Mars", "Africa/Harare", "shop.example/start", "ops@shop.example", "smtp.shop.example:465",
    ]  # fmt: skip
    code, seen = on_a_terminal(tmp_path, answers)
    assert code == 0, seen
    assert [seen.count(question) for question in QUESTIONS] == [2, 2, 1, 1, 1]
    text = (tmp_path / "tocsin.yaml").read_text()
    validated = subprocess.run(
        [str(TOCSIN), "validate", "--config", "tocsin.yaml"],
        cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert validated.returncode == 0, validated.stderr
    assert 'to: "ops@shop.example", server: "smtp.shop.example:465", tls: "tls"' in text
    assert "id: web-01" in text and "timezone: Africa/Harare" in text
    assert "url: https://shop.example/start" in text or 'url: "https://shop.example/start"' in text
    assert "tocsin doctor --config tocsin.yaml" in seen


def test_enter_takes_what_was_found(tmp_path: Path) -> None:
    code, seen = on_a_terminal(tmp_path, [""] * 4)
    assert code == 0, seen
    assert [seen.count(question) for question in QUESTIONS] == [1, 1, 1, 1, 0]
    assert "# Nobody hears of anything yet" in (tmp_path / "tocsin.yaml").read_text()


@pytest.mark.parametrize("words", [("--yes",), ("-y", "--stdout")])
def test_with_yes_nothing_is_asked(words: tuple[str, ...], tmp_path: Path) -> None:
    code, seen = on_a_terminal(tmp_path, [], *words)
    assert code == 0, seen
    assert not any(question in seen for question in QUESTIONS)


def test_who_ends_the_questions_has_no_file(tmp_path: Path) -> None:
    code, _ = on_a_terminal(tmp_path, ["web-01", "\x04"])
    assert code == 130
    assert list(tmp_path.iterdir()) == []
