"""Files + includes -> Config: every mistake at once, each with file, line and a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.check_reader import CheckReader
from config.checkup import cross_check
from config.errors import ConfigError, Problem, one_line
from config.friendly import nearest, shown
from config.includes import gather
from config.models import AgentConfig, Config, Defaults, KindInfo, Route, Service, Team
from config.reader import Reader, good_id
from config.service_reader import ServiceReader
from config.sources import SECTIONS, Sources, TooManyProblems


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading: a Config when there is no mistake, and everything there is to say."""

    config: Config | None
    errors: list[Problem]
    warnings: list[Problem] = field(default_factory=list)


def load(path: Path, kinds: Mapping[str, KindInfo]) -> Config:
    """The configuration in `path`; raises ConfigError with every mistake."""
    loaded = examine(path, kinds)
    if loaded.config is None:
        raise ConfigError(loaded.errors)
    return loaded.config


def examine(path: Path, kinds: Mapping[str, KindInfo]) -> Loaded:
    """As `load`, but mistakes and warnings come back as values, in the order of the files."""
    sources, config = Sources(), None
    try:
        gather(path, sources)
        config = _config(sources, kinds)
        cross_check(sources, config)
    except TooManyProblems:
        config = None
    errors = sources.in_order(sources.problems)
    return Loaded(None if errors else config, errors, sources.in_order(sources.warnings))


def _config(sources: Sources, kinds: Mapping[str, KindInfo]) -> Config:
    """What can be made of the tree; mistakes are noted, and a default is used instead."""
    for section in sources.tree:
        if section not in SECTIONS:
            hint = nearest(section, SECTIONS) or f"known here: {', '.join(SECTIONS)}"
            sources.blame((section,), f'unknown section "{one_line(section, 60)}"', hint, key=True)
    reader = Reader(sources)
    agent = reader.model(AgentConfig, sources.tree.get("agent"), ("agent",)) or AgentConfig()
    defaults = reader.model(Defaults, sources.tree.get("defaults"), ("defaults",)) or Defaults()
    return Config(
        agent=_at_home(agent, sources),
        services=_services(reader, kinds, defaults),
        teams=_teams(reader),
        routes=_routes(reader),
        files=tuple(sources.files),
    )


def _at_home(agent: AgentConfig, sources: Sources) -> AgentConfig:
    """The state directory does not depend on where the daemon, or a command, was started."""
    home = Path(sources.files[0]).absolute().parent if sources.files else Path("/")
    return agent.model_copy(update={"state_dir": str(home / agent.state_dir)})


def _teams(reader: Reader) -> dict[str, Team]:
    blocks = _named(reader.sources, "teams")
    return {name: reader.model(Team, block, ("teams", name)) or Team() for name, block in blocks.items()}


def _services(reader: Reader, kinds: Mapping[str, KindInfo], defaults: Defaults) -> dict[str, Service]:
    service_reader = ServiceReader(reader, CheckReader(reader, kinds, defaults), defaults)
    found = {}
    for name, block in _named(reader.sources, "services").items():
        service = service_reader.read(name, block)
        if service is not None:
            found[name] = service
    return found


def _routes(reader: Reader) -> tuple[Route, ...]:
    listed = reader.sources.tree.get("routes")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        reader.sources.blame(
            ("routes",), f"expected a list, got {shown(listed)}", "begin each route with a -"
        )
        return ()
    found = [reader.model(Route, block, ("routes", number)) for number, block in enumerate(listed)]
    return tuple(route for route in found if route is not None)


def _named(sources: Sources, section: str) -> dict[str, object]:
    """The blocks of a section by id; a bad id is noted, and what it names is looked at all the same."""
    blocks = sources.tree.get(section)
    if blocks is None:
        return {}
    if not isinstance(blocks, dict):
        sources.blame((section,), f"expected a mapping of names, got {shown(blocks)}")
        return {}
    for name in blocks:
        good_id(sources, (section, name))
    return dict(blocks)
