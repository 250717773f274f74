"""New configurations: read aside, taken over one after another; whoever asks meanwhile shares the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from agent.changes import MOST_NAMES, Changes, differences
from agent.threads import ProbeThreads, StillHangs
from alerting.connectors.base import ConnectorType
from checks.base import Kind
from config.errors import ConfigError, Problem
from config.loader import Loaded, examine
from config.models import Config
from config.targets_file import Stamp, stamp

log = structlog.get_logger()
WATCH = 5.0
_LONGEST_READ = 60.0
_MOST_WARNINGS = 20
Use = Callable[[Config], Awaitable[Changes]]
Refuse = Callable[[list[str]], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a configuration comes from. `texts`: the files as they were read; None where nobody kept them."""

    path: Path
    kinds: Mapping[str, Kind]
    texts: Mapping[str, bytes] | None = None
    connectors: Mapping[str, ConnectorType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reload ended: what changed, or (None) that it was refused for the errors, and the old one stays."""

    config: Config
    changes: Changes | None
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


class Reloads:
    """`use` goes on under a new configuration, `refuse` is told why one is not taken.

    `under_way` hears True when a reload begins that somebody asked for, and False when it has ended. `refused` is
    whether the latest of those was: files of targets that are followed by themselves do not make up for it.
    """

    def __init__(self, config: Config, origin: Origin, use: Use, refuse: Refuse) -> None:
        self.under_way: Callable[[bool], None] = lambda _begins: None
        self.refused = False
        self._config, self._origin = config, origin
        self._use, self._refuse = use, refuse
        self._texts = origin.texts
        self._stamp: Stamp | None = None
        self._lock = asyncio.Lock()
        self._next: asyncio.Task[Outcome] | None = None
        self._tasks: set[asyncio.Task[Outcome]] = set()
        self._threads = ProbeThreads(2)

    def ask(self) -> asyncio.Task[Outcome]:
        """A reload that begins after this moment; thousands who ask at once get one and the same."""
        if self._next is None:
            self._next = asyncio.create_task(self._asked_for(), name="reload")
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        return self._next

    async def watch(self) -> None:
        """Take over targets files that were changed; other edits wait until somebody asks for them."""
        files = self._config.targets_files
        if not files:
            return
        try:
            async with asyncio.timeout(WATCH):
                seen = await self._threads.run("stamp", lambda: stamp(files))
        except (TimeoutError, StillHangs):  # a mount that hangs: what was read before stays in force
            return
        if seen == self._stamp:
            return
        async with self._lock:
            if files == self._config.targets_files and seen != self._stamp:
                await self._attempt(only_targets=True)

    async def stop(self) -> None:
        """Wait for nothing more: what has not ended by now is cut off."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _asked_for(self) -> Outcome:
        async with self._lock:
            self._next = None
            self.under_way(True)
            try:
                outcome = await self._attempt(only_targets=False)
                self.refused = outcome.changes is None
                return outcome
            finally:
                self.under_way(False)

    async def _attempt(self, *, only_targets: bool) -> Outcome:
        try:
            return await self._taken_over(only_targets=only_targets)
        except Exception as error:  # a fault of ours must neither pass in silence nor end all reloading
            log.exception("reload.failed")
            return self._refused([Problem(f"our own fault: {type(error).__name__}")])

    async def _taken_over(self, *, only_targets: bool) -> Outcome:
        files = self._config.targets_files
        try:
            async with asyncio.timeout(_LONGEST_READ):
                seen, loaded = await self._read(self._texts if only_targets else None)
        except (TimeoutError, StillHangs):
            return self._refused([Problem("the files cannot be read: the operating system does not answer")])
        first = self._stamp is None  # it was read by a start or reload, just before anybody knew its stamp
        if only_targets:
            self._stamp = seen  # broken or not, it is read again when it has changed again
        else:
            for problem in loaded.warnings[:_MOST_WARNINGS]:
                log.warning("config.warning", reason=str(problem))
        if loaded.config is None:
            return self._refused(loaded.errors, loaded.warnings)
        if only_targets and first and not differences(self._config, loaded.config):
            return Outcome(self._config, Changes(), (), loaded.warnings)
        try:
            changes = await self._use(loaded.config)
        except ConfigError as error:
            return self._refused(error.problems, loaded.warnings)
        self._config, self._texts = loaded.config, loaded.texts
        # Only what was stamped before it was read is known to be what was read.
        self._stamp = seen if files == loaded.config.targets_files else None
        return Outcome(loaded.config, changes, (), loaded.warnings)

    async def _read(self, texts: Mapping[str, bytes] | None) -> tuple[Stamp, Loaded]:
        files, origin = self._config.targets_files, self._origin

        def read() -> tuple[Stamp, Loaded]:
            return stamp(files), examine(origin.path, origin.kinds, origin.connectors, texts=texts)

        return await self._threads.run("files", read)

    def _refused(self, errors: Sequence[Problem], warnings: Sequence[Problem] = ()) -> Outcome:
        self._refuse([str(problem) for problem in errors])
        return Outcome(self._config, None, errors, warnings)


def document(outcome: Outcome, path: Path) -> dict[str, Any]:
    """What the command is told: JSON of bounded size; `counts` are of everything."""
    changes = outcome.changes or Changes()
    told = asdict(changes)
    return {
        "ok": outcome.changes is not None,
        "file": str(path),
        "services": len(outcome.config.services),
        "checks": len(outcome.config.checks()),
        **{name: _first(value) for name, value in told.items()},
        "counts": {name: len(value) for name, value in told.items()},
        "errors": [asdict(problem) for problem in outcome.errors],
        "warnings": [asdict(problem) for problem in outcome.warnings],
    }


def log_changes(config: Config, changes: Changes) -> None:
    """Say what a configuration that was taken over has changed, and what of it waits for a restart."""
    told = changes.lines()
    restart = told.pop("restart", None)
    log.info("config.reloaded", checks=len(config.checks()), **{"added": [], "removed": [], **told})
    if restart:
        log.warning("config.restart_wanted", options=restart, reason="these count after a restart only")


def _first(names: Any) -> Any:
    if isinstance(names, Mapping):
        return dict(list(names.items())[:MOST_NAMES])
    return list(names)[:MOST_NAMES]
