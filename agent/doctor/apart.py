"""Looks in processes of their own, all at once: one that hangs or falls says nothing of the others."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - both are imported late by others, and a child may not be able to
import encodings.idna  # noqa: F401
import json
import os
import resource
from collections.abc import Sequence
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import perf_counter

from agent.doctor.finding import Finding, finding, from_document
from agent.doctor.ground import Ground, Look
from agent.doctor.who import become

_MOST_FINDINGS = 100
_LONGEST_LINE = 64 * 1024


class _Running:
    """One look under way, and what it has found."""

    def __init__(self, look: Look, ground: Ground) -> None:
        self.look, self.found, self.ended = look, list[Finding](), False
        fork = get_context("fork")
        self.ours, theirs = fork.Pipe(duplex=False)
        self.process: BaseProcess = fork.Process(target=_child, args=(look, ground, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.until = perf_counter() + look.seconds

    def hear(self) -> None:
        """Take what has come; the end of it is a line that is empty."""
        try:
            line = self.ours.recv_bytes(_LONGEST_LINE)
            if line and len(self.found) < _MOST_FINDINGS:
                self.found.append(from_document(json.loads(line)))
            self.ended = self.ended or not line
        except (EOFError, OSError, ValueError):
            self._say("the look itself has ended without a word")

    def give_up(self) -> None:
        """It has had its time."""
        self._say(f"no answer within {self.look.seconds:g}s", "ask again when the host is less busy")

    def end(self) -> None:
        """No process is left."""
        self.process.kill()
        self.process.join()
        self.ours.close()

    def _say(self, text: str, remedy: str = "") -> None:
        self.found.append(finding(self.look.topic, "look", "fail", text, remedy))
        self.ended = True


def look_at(looks: Sequence[Look], ground: Ground) -> list[Finding]:
    """What all of them have found, in their order; it lasts as long as the longest of them may, at most."""
    running = [_Running(each, ground) for each in looks]
    try:
        while waiting := [each for each in running if not each.ended]:
            left = min(each.until for each in waiting) - perf_counter()
            heard = wait([each.ours for each in waiting], max(left, 0.0))
            for each in waiting:
                if each.ours in heard:
                    each.hear()
                elif perf_counter() >= each.until:
                    each.give_up()
    finally:
        for each in running:
            each.end()
    return [found for each in running for found in each.found]


def _child(look: Look, ground: Ground, out: Connection) -> None:
    """In the process of a look: nothing but findings comes out of it, and no core with what it knows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    try:
        if look.as_service:
            become(ground.who)
        for each in look.look(ground):
            out.send_bytes(json.dumps(asdict(each)).encode())
    except Exception as error:
        reason = f"could not be looked at: {type(error).__name__}: {error}"
        remedy = f"let {ground.who.name} read where it points to" if isinstance(error, OSError) else ""
        each = finding(look.topic, "look", "fail", reason, remedy)
        out.send_bytes(json.dumps(asdict(each)).encode())
    out.send_bytes(b"")
