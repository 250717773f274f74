"""One run of the demo from curtain to curtain: directory, site, daemon, story, verdict, exit code."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from agent.demo.ending import Verdict, verdict
from agent.demo.process import Daemon, DaemonGone, Interrupted
from agent.demo.site import Site
from agent.demo.stage import CONFIG_NAME, DAEMON_LOG, SITE_LOG, Unusable, reserved_port, stage, write_config
from agent.demo.story import SERVICE, Stopped, Story, Stuck
from agent.demo.voice import Voice
from config.models import Config

_USAGE = 64


def run_demo(seconds: float | None, keep: Path | None) -> int:
    """Play the demo for `seconds` (None: until Ctrl-C), in `keep` or a temporary directory; the exit code.

    0 only when the store holds exactly one ticket of the site, opened and resolved; 64 when `keep` cannot be
    used; else 1, with the reason said.
    """
    voice = Voice(sys.stdout)
    try:
        with Interrupted() as interrupted, stage(keep) as directory:
            over = _end(voice, seconds, interrupted)
            _announce(voice, directory, seconds, kept=keep is not None)
            outcome = _play(directory, voice, over, seconds)
            _conclude(voice, directory, outcome, kept=keep is not None)
    except Unusable as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return _USAGE
    return 0 if outcome.held else 1


def _end(voice: Voice, seconds: float | None, interrupted: Interrupted) -> Callable[[], bool]:
    return lambda: interrupted.asked or (seconds is not None and voice.elapsed >= seconds)


def _play(directory: Path, voice: Voice, over: Callable[[], bool], seconds: float | None) -> Verdict:
    """Site and daemon run for as long as the story; the verdict is taken when both have ended."""
    failure = None
    with ExitStack() as running:
        site = running.enter_context(Site(directory / SITE_LOG))
        address = f"127.0.0.1:{running.enter_context(reserved_port())}"
        config = write_config(directory, site.url, address)
        path = directory / CONFIG_NAME
        daemon = running.enter_context(Daemon(path, directory / DAEMON_LOG, address))
        story = Story(config, site, daemon, voice, over)
        try:
            story.tell()
            _invite(voice, path, config, seconds)
            story.linger()
        except Stopped:
            voice.say("the end comes before the story was told (it takes about half a minute)")
        except (Stuck, DaemonGone) as error:
            failure = Verdict(False, str(error))
        voice.say("the daemon ends")
    return failure or verdict(config, SERVICE)


def _announce(voice: Voice, directory: Path, seconds: float | None, *, kept: bool) -> None:
    ends = f"ends after {seconds:g}s" if seconds is not None else "Ctrl-C ends it"
    voice.write("Tocsin demo: a real daemon watches a small web site that breaks and heals.", "title")
    voice.write(f"Files are in {directory}{'' if kept else ' (removed at the end)'}; {ends}.")
    voice.write()


def _invite(voice: Voice, path: Path, config: Config, seconds: float | None) -> None:
    until = f"until {seconds:g}s are over" if seconds is not None else "until Ctrl-C"
    voice.say(f"that was the story; the daemon goes on watching {until}")
    if seconds is None:
        voice.write()
        _commands(voice, path)
        voice.write(f"  curl http://{config.agent.listen}/metrics")
        voice.write()


def _conclude(voice: Voice, directory: Path, outcome: Verdict, *, kept: bool) -> None:
    voice.write()
    lead = "It held" if outcome.held else "It did not hold"
    voice.write(f"{lead}: {outcome.sentence}.", "ok" if outcome.held else "down")
    if kept:
        voice.write(f"Everything is kept in {directory}. Look around:")
        _commands(voice, directory / CONFIG_NAME)


def _commands(voice: Voice, path: Path) -> None:
    program = "tocsin" if shutil.which("tocsin") else shlex.quote(sys.argv[0])
    for command in ("status", "tickets list", "uptime"):
        voice.write(f"  {program} {command} -c {shlex.quote(str(path))}")
