"""Mistakes on a terminal: folded to its width, coloured if that is wanted, the caret under its word."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

TOCSIN = Path(sys.executable).with_name("tocsin")
COLUMNS = 60
LONG = """\
services:
  shop:
    checks:
      home:
        type: http
        url: https://shop.example/
        down: status not in 200..399 or not body contains "a text that runs on and on" and latncy > 5s and size < 9KB
"""


def _seen_on_terminal(folder: Path, **environment: str) -> list[str]:
    """What the command writes on a terminal 60 columns wide, line by line."""
    (folder / "tocsin.yaml").write_text(LONG)
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    done = subprocess.run(
        [str(TOCSIN), "validate", "--config", "tocsin.yaml"],
        cwd=folder,
        env={**plain, **environment},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # how Linux says that the other side is closed
        pass
    finally:
        os.close(ours)
    assert done.returncode == 78
    return shown.decode().replace("\r\n", "\n").splitlines()


def test_a_long_line_is_folded_and_the_caret_stays_under_the_wrong_word(tmp_path: Path) -> None:
    lines = _seen_on_terminal(tmp_path)
    assert lines[0].startswith("\x1b[1;31merror\x1b[0m: tocsin.yaml:7:15:")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    assert max(map(len, plain)) <= COLUMNS
    *_, condition, caret, count = plain
    assert condition[caret.index("^") :].startswith("latncy > 5s")
    assert count == "1 error"


def test_no_colour_is_used_where_none_is_wanted(tmp_path: Path) -> None:
    assert "\x1b" not in "".join(_seen_on_terminal(tmp_path, NO_COLOR="1"))
