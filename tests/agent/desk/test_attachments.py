"""Attachments: hostile names, types and sizes are refused with the reason; what is taken is on the disk, once."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.desk.asked import Asked, CannotDo
from agent.desk.file_names import Unfit, checked_name, checked_type
from agent.desk.files import with_files
from agent.store.files import Lost, content_of, keep, place, tidy
from alerting.desk.attachment import sort_of
from config.attachments import AttachmentOptions
from tests.agent.desk.stored_desk import StoredDesk

PNG, PDF = b"\x89PNG\r\n\x1a\nrest", b"%PDF-1.7 rest"
LIMITS = AttachmentOptions.model_validate({"max_size": "1KiB", "max_count": 3})


def sent(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def taken(directory: Path, *files: Any) -> list[dict[str, Any]]:
    asked = with_files(Asked({"attachments": list(files)}, "root", 1), LIMITS, directory)
    found: list[dict[str, Any]] = asked.arguments["attachments"]
    return found


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "no name"),
        ("   ", "no name"),
        ("../../etc/passwd", "a name, not a path"),
        ("/etc/passwd", "a name, not a path"),
        ("..\\..\\boot.txt", "a name, not a path"),
        ("C:\\x.txt", "a name, not a path"),
        ("..", "neither begins with a dot"),
        (".", "neither begins with a dot"),
        (".bashrc", "neither begins with a dot"),
        ("-rf.txt", "neither begins with a dot, a dash"),
        ("a.txt.", "nor ends with a dot"),
        ("a.txt ", "nor ends with a dot or a space"),
        ("a\x00.txt", "cannot be seen"),
        ("a\nb.txt", "cannot be seen"),
        ("a\x1b[2J.txt", "cannot be seen"),
        ("exe.\u202egnp.txt", "cannot be seen"),
        ("a\u200b.txt", "cannot be seen"),
        ("a\ud800.txt", "cannot be seen"),
        ("a.txt:stream", "holds :"),
        ("a|b.txt", "holds |"),
        ("CON", "name of a device"),
        ("con.txt", "name of a device"),
        ("LPT1.tar.txt", "name of a device"),
        ("nul .txt", "name of a device"),
        ("x" * 151, "longer than 150"),
        ("\u00e9" * 120, "or 200 bytes"),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(Unfit) as caught:
        checked_name(name)
    assert why in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("screen.png", "screen.png"),
        ("Screenshot at 10.00.00\u202fAM.png", "Screenshot at 10.00.00 AM.png"),
        ("re\u0301sume\u0301.pdf", "r\u00e9sum\u00e9.pdf"),
        ("\u65e5\u672c\u8a9e.txt", "\u65e5\u672c\u8a9e.txt"),
        ("console.txt", "console.txt"),
    ],
)
def test_usual_names_are_kept_with_plain_spaces(name: str, kept: str) -> None:
    assert checked_name(name) == kept


@given(st.text(max_size=60))
def test_a_name_that_is_taken_stays_in_its_folder_and_is_taken_again(name: str) -> None:
    try:
        kept = checked_name(name)
    except Unfit:
        return
    assert Path("/folder", kept).parent == Path("/folder")
    assert kept.isprintable()
    assert checked_name(kept) == kept


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.png", PDF, "ends in .png, but is application/pdf"),
        ("a.jpg", PNG, "ends in .jpg, but is image/png"),
        ("a", PNG, "has no ending, but is image/png"),
        ("a.exe", PNG, "files that end in .exe are not taken"),
        ("bill.EXE.png", PNG, "files that end in .exe are not taken"),
        ("a.svg", b"<svg onload='x'/>", "files that end in .svg are not taken"),
        ("a.html", b"<script>x</script>", "files that end in .html are not taken"),
        ("a.sh", b"#!/bin/sh\n", "files that end in .sh are not taken"),
        ("a.txt", b"MZ\x90\x00\x03", "of no type that is known"),
        ("a.txt", b"\x7fELF\x02", "of no type that is known"),
        ("a.txt", b"\xff\xfeh\x00i\x00", "of no type that is known"),
        (
            "a.zip",
            b"PK\x03\x04rest",
            "is application/zip by its content; taken are png, jpeg, gif, pdf, text",
        ),
        ("a.docx", b"PK\x03\x04rest", "is application/zip by its content"),
    ],
)
def test_what_a_file_is_its_bytes_say_and_its_name_must_agree(name: str, content: bytes, why: str) -> None:
    with pytest.raises(Unfit) as caught:
        checked_type(name, content, LIMITS.types)
    assert why in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_have_one_type_or_none(content: bytes) -> None:
    found = sort_of(content)
    assert found != "text" or content.decode().encode() == content


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (sent("a.txt", b""), '"a.txt" is empty'),
        (sent("a.txt", b"x" * 1025), "at most 1KiB are taken"),
        ({"name": "a.txt", "content": "not base64!"}, "the content is no base64"),
        ({"name": "a.txt", "content": "aG\u00e4="}, "the content is no base64"),
        ({"name": "a.txt", "content": "aGk"}, "the content is no base64"),
        ({"name": "a.txt", "content": "A" * 1_000_000}, "at most 1KiB"),
        ({"name": "a.txt"}, "expected a name and its content"),
        (
            {"name": "a.txt", "sha256": "0" * 64, "type": "text/plain", "size": 1},
            "expected a name and its content",
        ),
        ("a.txt", "expected a name and its content"),
    ],
)
def test_nothing_is_written_of_a_request_with_one_bad_file(tmp_path: Path, file: Any, why: str) -> None:
    with pytest.raises(CannotDo) as caught:
        taken(tmp_path, sent("good.txt", b"good"), file)
    assert why in str(caught.value)
    assert caught.value.usage
    assert not list(tmp_path.iterdir())


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotDo, match="a list of at most 3 files"):
        taken(tmp_path, *[sent("a.txt", b"x")] * 4)


def test_the_same_bytes_are_kept_once_for_the_daemon_alone(tmp_path: Path) -> None:
    one, two = taken(tmp_path, sent("a.png", PNG), sent("b.png", PNG))
    assert (one["name"], two["name"], one["type"], one["sha256"]) == (
        "a.png",
        "b.png",
        "image/png",
        two["sha256"],
    )
    (file,) = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert file == place(tmp_path, one["sha256"])
    assert (stat.S_IMODE(file.stat().st_mode), file.read_bytes()) == (0o600, PNG)
    assert content_of(tmp_path, one["sha256"]) == PNG


def test_bytes_that_changed_on_the_disk_are_not_given_out(tmp_path: Path) -> None:
    sha256 = keep(tmp_path, b"good")
    place(tmp_path, sha256).write_bytes(b"evil")
    with pytest.raises(Lost, match="have changed on the disk"):
        content_of(tmp_path, sha256)
    place(tmp_path, sha256).unlink()
    with pytest.raises(Lost, match="no such file"):
        content_of(tmp_path, sha256)
    with pytest.raises(ValueError, match="sha256"):
        place(tmp_path, "../../etc/passwd")


def test_only_what_no_ticket_has_and_is_old_is_tidied_away(tmp_path: Path) -> None:
    mine, nobodys = keep(tmp_path, b"mine"), keep(tmp_path, b"nobody's")
    written = place(tmp_path, nobodys).stat().st_mtime
    assert tidy(tmp_path, {mine}, written - 10) == 0
    assert tidy(tmp_path, {mine}, written + 10) == 1
    assert (place(tmp_path, mine).exists(), place(tmp_path, nobodys).exists()) == (True, False)


def test_a_ticket_has_only_so_many_files_and_notes_each(tmp_path: Path) -> None:
    desk = StoredDesk(tmp_path, desk={"attachments": {"max_count": 3}})
    number = desk.open()
    for place_, public in ((1, True), (2, False)):
        files = taken(tmp_path / "state", sent(f"{place_}.txt", b"log"))
        added = desk.ask("tickets.attach", ticket=number, attachments=files, public=public)
        assert [(each["number"], each["internal"]) for each in added["attachments"]] == [(place_, not public)]
    files = taken(tmp_path / "state", sent("3.txt", b"log"), sent("4.txt", b"log"))
    with pytest.raises(CannotDo, match="T-1 has 2 attachments: it can have 3 at most"):
        desk.ask("tickets.attach", ticket=number, attachments=files)
    assert desk.rows("SELECT name, type, size FROM attachments") == [
        ("1.txt", "text/plain", 3),
        ("2.txt", "text/plain", 3),
    ]
    assert desk.lines("attached") == ["attached 1.txt (3B)", "attached 2.txt (3B)"]
    desk.close()
