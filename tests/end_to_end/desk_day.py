"""The transcripts of docs/desk.md, run against a daemon: `python -m tests.end_to_end.desk_day` writes them anew."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import re
import shlex
import struct
import subprocess
import tempfile
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any

import yaml

from alerting.desk.oncall import next_turn, on_call_at
from config.crews import Crew, crews_of
from config.teams import Team
from tests.end_to_end.daemon import TOCSIN, Daemon, now

PAGE = Path(__file__).resolve().parents[2] / "docs" / "desk.md"
_BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROMPT = "$ "
_ON_CALL = re.compile(r"^on call (.+) \(weekly rotation\)$", re.MULTILINE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = 3600 * 1_000_000
# The smallest picture there is: what is attached in the transcripts.
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)
# What is another at each run: moments, spans of time, digests.
_CHANGING = (
    (re.compile(r"\b[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4}\b"), "DAY"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?\b"), "DAY TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DAY"),
    (re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)\b", re.IGNORECASE), "WEEKDAY"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b"), "TIME"),
    (re.compile(r"\b(\d+d ?)?(\d+h ?)?(\d+m ?)?\d+(\.\d+)?(ms|s|m|h|d)\b"), "SPAN"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
    (re.compile(r" {2,}|-{2,}|\u2500+"), " "),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A line of a transcript and what it printed."""

    line: str
    printed: str


def configuration(page: str) -> dict[str, Any]:
    """The first YAML of the page."""
    kind, text = next(iter(_BLOCK.findall(page)))
    assert kind == "yaml", "the page begins with its configuration"
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def commands(text: str) -> Iterator[Command]:
    """Those of one block."""
    for part in re.split(rf"^{re.escape(_PROMPT)}", text, flags=re.MULTILINE)[1:]:
        line, _, printed = part.partition("\n")
        yield Command(line, printed.rstrip("\n"))


def transcripts(page: str) -> list[list[Command]]:
    """The blocks of the page, in order."""
    return [list(commands(text)) for kind, text in _BLOCK.findall(page) if kind == "console"]


def alike(printed: str) -> list[str]:
    """What was printed without what is another at each run."""
    for changing, word in _CHANGING:
        printed = changing.sub(word, printed)
    return [line.strip() for line in printed.splitlines()]


def crew_of(configured: Mapping[str, Any]) -> Crew:
    """The page's first team."""
    return crews_of({"web": Team.model_validate(configured["teams"]["web"])}, {}, "UTC")["web"]


def arranged(page: str, at: int) -> dict[str, Any]:
    """The page's configuration, with the turns on call as they were on the page's day, whatever day it is.

    Who is on call there is so at that moment, and the turn passes on within a day, but not while the commands run.
    """
    written = configuration(page)
    team, who = written["teams"]["web"], _ON_CALL.findall(page)[0]
    for day, members in product(_DAYS, permutations(team["on_call"]["members"])):
        turns = {**team["on_call"], "handover": f"{day} 09:00", "members": list(members)}
        tried = {**written, "teams": {**written["teams"], "web": {**team, "on_call": turns}}}
        crew = crew_of(tried)
        holder, passes_on = on_call_at(crew, (), at), next_turn(crew, at)
        assert holder is not None
        assert passes_on is not None
        if holder.person == who and _HOUR <= passes_on - at < 25 * _HOUR:
            return tried
    raise AssertionError(f"{who} is never on call")


class Day:
    """A daemon with the page's configuration, and a person at a terminal of 80 columns beside it."""

    def __init__(self, directory: Path, page: str) -> None:
        written = arranged(page, now())
        # Whoever runs this is the person of whom the page tells.
        text = yaml.safe_dump(written).replace("login: you", f"login: {getpass.getuser()}")
        self._daemon = Daemon(directory, **yaml.safe_load(text))
        self._directory = directory
        (directory / "screen.png").write_bytes(_PICTURE)

    def __enter__(self) -> Day:
        self._daemon.__enter__()
        self._daemon.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._daemon.stop()
        self._daemon.__exit__(*error)  # type: ignore[arg-type]  # as the with statement gives them

    def run(self, line: str) -> str:
        """What the command prints; how it ended where it did not end well."""
        words = shlex.split(line, comments=True)
        assert words[0] == "tocsin", line
        environment = {
            **os.environ,
            "TOCSIN_CONFIG": str(self._daemon.config),
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        environment.pop("COLUMNS", None)  # a terminal says itself how wide it is
        said = _on_terminal([str(TOCSIN), *words[1:]], self._directory, environment).rstrip("\n")
        return "\n".join(line.rstrip() for line in said.splitlines())


def _on_terminal(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    """What the command writes on a terminal of 80 columns, and then what it complains of."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as program:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other side is closed
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
        _, complaints = program.communicate(timeout=60)
    return shown.decode().replace("\r\n", "\n") + complaints.decode()


def written_anew(page: str, directory: Path) -> str:
    """The page with what its commands print now."""
    with Day(directory, page) as day:

        def again(found: re.Match[str]) -> str:
            if found[1] != "console":
                return found[0]
            printed = [(each.line, day.run(each.line)) for each in commands(found[2])]
            lines = [f"{_PROMPT}{line}\n{said}\n" if said else f"{_PROMPT}{line}\n" for line, said in printed]
            return f"```console\n{''.join(lines)}```"

        return _BLOCK.sub(again, page)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8"), Path(made)), encoding="utf-8")
