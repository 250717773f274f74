"""Files + includes -> Config: every mistake at once, each with file, line and a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.calendars import read_calendars
from config.check_reader import CheckReader
from config.checkup import cross_check
from config.desk import DeskOptions
from config.errors import ConfigError, Problem, one_line
from config.expansion import expand
from config.friendly import list_hint, meant, shown
from config.groups import with_groups
from config.helpdesks import read_helpdesks
from config.inbound import Inbound
from config.incidents import IncidentOptions
from config.includes import gather, gather_again
from config.itself import read_itself, refuse_targets
from config.maintenance import read_windows
from config.models import (
    ITSELF,
    AgentConfig,
    Config,
    ConnectorInfo,
    Defaults,
    Helpdesk,
    KindInfo,
    Route,
    Service,
    ServiceOptions,
    Team,
)
from config.policy_reader import read_policies
from config.reader import Reader, good_id
from config.service_reader import ServiceReader
from config.severity import read_severity
from config.sources import SECTIONS, Referred, Sources, TooManyProblems
from config.status_pages import StatusPage
from config.templates import Templates
from config.unused import look_at_unused
from config.vendors import Vendor


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading: a Config when there is no mistake, and everything there is to say.

    `texts` are the configuration files as they were read, packed; files of targets are not among them.
    """

    config: Config | None
    errors: list[Problem]
    warnings: list[Problem] = field(default_factory=list)
    secrets: list[Referred] = field(default_factory=list)
    texts: Mapping[str, bytes] = field(default_factory=dict)


_NO_CONNECTORS: Mapping[str, ConnectorInfo] = {}


def load(
    path: Path, kinds: Mapping[str, KindInfo], connectors: Mapping[str, ConnectorInfo] = _NO_CONNECTORS
) -> Config:
    """The configuration in `path`; raises ConfigError with every mistake."""
    loaded = examine(path, kinds, connectors)
    if loaded.config is None:
        raise ConfigError(loaded.errors)
    return loaded.config


def examine(
    path: Path,
    kinds: Mapping[str, KindInfo],
    connectors: Mapping[str, ConnectorInfo] = _NO_CONNECTORS,
    *,
    texts: Mapping[str, bytes] | None = None,
) -> Loaded:
    """As `load`, but mistakes and warnings come back as values, in the order of the files.

    With the `texts` of an earlier time only the files of targets are read anew.
    """
    sources, config = Sources(), None
    try:
        if texts is None:
            gather(path, sources)
        else:
            gather_again(texts, sources)
        config = _config(sources, kinds, connectors)
        cross_check(sources, config)
    except TooManyProblems:
        config = None
    errors = sources.in_order(sources.problems)
    warnings = sources.in_order(sources.warnings)
    if errors or config is None:
        return Loaded(None, errors, warnings, sources.referred)
    return Loaded(with_groups(config, sources.groups), [], warnings, sources.referred, sources.texts)


def _config(
    sources: Sources, kinds: Mapping[str, KindInfo], connectors: Mapping[str, ConnectorInfo]
) -> Config:
    """What can be made of the tree; mistakes are noted, and a default is used instead."""
    for section in sources.tree:
        if section not in SECTIONS:
            hint = meant(section, SECTIONS) or f"known here: {', '.join(SECTIONS)}"
            sources.blame((section,), f'unknown section "{one_line(section, 60)}"', hint, key=True)
    _named(sources, "templates")
    reader = Reader(sources)
    agent = reader.model(AgentConfig, sources.tree.get("agent"), ("agent",)) or AgentConfig()
    defaults = reader.model(Defaults, sources.tree.get("defaults"), ("defaults",)) or Defaults()
    calendars = read_calendars(reader, _named(sources, "calendars"), agent.timezone)
    templates, checks = Templates(sources), CheckReader(reader, kinds, defaults, calendars)
    services, itself = _services(ServiceReader(reader, checks, defaults, agent.timezone), templates)
    look_at_unused(templates, CheckReader(Reader(sources, partial=True), kinds, defaults, calendars))
    return Config(
        agent=_at_home(agent, sources),
        calendars=calendars,
        maintenance=read_windows(reader, _named(sources, "maintenance"), agent.timezone),
        services=services,
        itself=itself,
        teams=_teams(reader),
        policies=read_policies(reader, _named(sources, "policies"), calendars),
        incidents=reader.model(IncidentOptions, sources.tree.get("incidents"), ("incidents",))
        or IncidentOptions(),
        desk=reader.model(DeskOptions, sources.tree.get("desk"), ("desk",)) or DeskOptions(),
        severity=read_severity(reader),
        routes=_routes(reader),
        files=tuple(sources.files),
        targets_files=tuple(sources.targets_files),
        helpdesks=_helpdesks(reader, connectors),
        inbound=_inbound(reader),
        status_pages=_status_pages(reader),
        vendors=_vendors(reader),
    )


def _helpdesks(reader: Reader, connectors: Mapping[str, ConnectorInfo]) -> dict[str, Helpdesk]:
    """Both sections: they share their names, and routes name either."""
    found: dict[str, Helpdesk] = {}
    for section in ("channels", "helpdesks"):
        found |= read_helpdesks(reader, section, _named(reader.sources, section), connectors)
    return found


def _status_pages(reader: Reader) -> dict[str, StatusPage]:
    blocks = _named(reader.sources, "status_pages")
    found = {name: reader.model(StatusPage, block, ("status_pages", name)) for name, block in blocks.items()}
    return {name: page for name, page in found.items() if page is not None}


def _inbound(reader: Reader) -> dict[str, Inbound]:
    blocks = _named(reader.sources, "inbound")
    found = {name: reader.model(Inbound, block, ("inbound", name)) for name, block in blocks.items()}
    return {name: source for name, source in found.items() if source is not None}


def _vendors(reader: Reader) -> dict[str, Vendor]:
    blocks = _named(reader.sources, "vendors")
    found = {name: reader.model(Vendor, block, ("vendors", name)) for name, block in blocks.items()}
    return {name: vendor for name, vendor in found.items() if vendor is not None}


def _at_home(agent: AgentConfig, sources: Sources) -> AgentConfig:
    """Its directory and files do not depend on where the daemon, or a command, was started."""
    home = Path(sources.files[0]).absolute().parent if sources.files else Path("/")
    web, tls = agent.web, agent.web.tls
    if tls is not None:
        files = {"cert": str(home / tls.cert), "key": str(home / tls.key)}
        web = web.model_copy(update={"tls": tls.model_copy(update=files)})
    return agent.model_copy(update={"state_dir": str(home / agent.state_dir), "web": web})


def _teams(reader: Reader) -> dict[str, Team]:
    blocks = _named(reader.sources, "teams")
    return {name: reader.model(Team, block, ("teams", name)) or Team() for name, block in blocks.items()}


def _services(reader: ServiceReader, templates: Templates) -> tuple[dict[str, Service], Service]:
    """The services that are configured, and the daemon itself."""
    found: dict[str, Service] = {}
    sources = reader.sources
    written = refuse_targets(sources, _in_place(sources, _named(sources, "services")))
    blocks = expand(written, sources, templates)
    itself = read_itself(reader, blocks.pop(ITSELF, None))
    for name, block in blocks.items():
        service = reader.read(name, block)
        if service is not None:
            found[name] = service
    return found, itself


def _in_place(sources: Sources, services: dict[str, object]) -> dict[str, object]:
    """Without what was to stand inside a service: below an empty one its options look like its neighbours."""
    if None not in services.values():
        return services
    misplaced = [name for name in services if name in ServiceOptions.model_fields]
    if not misplaced:
        return services
    hint = "indent it below the id of its service"
    sources.blame(("services", misplaced[0]), "stands where the id of a service belongs", hint, key=True)
    return {name: block for name, block in services.items() if block is not None and name not in misplaced}


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
        sources.blame((section,), f"expected a mapping of names, got {shown(blocks)}", list_hint(blocks))
        return {}
    for name in blocks:
        good_id(sources, (section, name))
    return dict(blocks)
