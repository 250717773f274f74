"""Files + includes -> Config: every mistake at once, each with file, line and a suggestion."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.checkup import cross_check
from config.conditions import Condition, ConditionError, parse
from config.errors import ConfigError, Problem
from config.friendly import complaints, nearest, shown
from config.models import (
    ID_RULE,
    AgentConfig,
    Check,
    CheckOptions,
    Config,
    Defaults,
    KindInfo,
    Route,
    Service,
    ServiceOptions,
    Team,
    is_id,
)
from config.nodes import Where
from config.secrets import SecretError, references, resolve
from config.sources import SECTIONS, Sources, gather

M = TypeVar("M", bound=BaseModel)
_RETRY = 5.0
_TEMPLATE_KEYS = "templates"


@dataclass(slots=True)
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
    """As `load`, but mistakes and warnings come back as values."""
    try:
        sources = gather(path)
    except ConfigError as error:
        return Loaded(None, list(error.problems))
    loader = _Loader(sources, kinds)
    config = loader.config()
    cross_check(sources, config, loader.warnings)
    errors = sorted(set(sources.problems), key=lambda problem: (problem.file, problem.line, problem.column))
    return Loaded(None if errors else config, errors, loader.warnings)


class _Loader:
    """One run over the merged tree; mistakes are noted in `sources` and a default is used instead."""

    def __init__(self, sources: Sources, kinds: Mapping[str, KindInfo]) -> None:
        self.sources = sources
        self.kinds = kinds
        self.warnings: list[Problem] = []

    def config(self) -> Config:
        tree = self.sources.tree
        for section in tree:
            if section not in SECTIONS:
                self.sources.blame(
                    (section,), f'unknown section "{section[:60]}"', nearest(section, SECTIONS), key=True
                )
        agent = self._model(AgentConfig, tree.get("agent"), ("agent",)) or AgentConfig()
        defaults = self._model(Defaults, tree.get("defaults"), ("defaults",)) or Defaults()
        teams = {
            name: self._model(Team, block, ("teams", name)) or Team() for name, block in self._named("teams")
        }
        services: dict[str, Service] = {}
        for name, block in self._named("services"):
            service = self._service(name, block, defaults)
            if service is not None:
                services[name] = service
        return Config(agent, services, teams, self._routes(), tuple(self.sources.files))

    def _named(self, section: str) -> list[tuple[str, Any]]:
        blocks = self.sources.tree.get(section)
        if blocks is None:
            return []
        if not isinstance(blocks, dict):
            self.sources.blame((section,), f"expected a mapping of names, got {shown(blocks)}")
            return []
        return [(name, block) for name, block in blocks.items() if self._good_id((section, name), name)]

    def _good_id(self, where: Where, name: str) -> bool:
        if is_id(name):
            return True
        self.sources.blame(where, f'"{name[:70]}" is no id', ID_RULE, key=True)
        return False

    def _routes(self) -> tuple[Route, ...]:
        listed = self.sources.tree.get("routes")
        if listed is None:
            return ()
        if not isinstance(listed, list):
            self.sources.blame(("routes",), f"expected a list, got {shown(listed)}")
            return ()
        found = [self._model(Route, block, ("routes", number)) for number, block in enumerate(listed)]
        return tuple(route for route in found if route is not None)

    def _service(self, name: str, block: Any, defaults: Defaults) -> Service | None:
        where: Where = ("services", name)
        options = self._model(ServiceOptions, self._with_templates(block, where), where)
        if options is None:
            return None
        self._check_down_when(options.down_when, where)
        checks = {}
        for check_name, check_block in options.checks.items():
            place: Where = (*where, "checks", check_name)
            if self._good_id(place, check_name):
                check = self._check(name, check_name, check_block, defaults)
                if check is not None and options.disabled is None:
                    checks[check_name] = check
        return Service(
            name=name,
            title=options.title or name,
            criticality=options.criticality or defaults.criticality,
            team=options.team,
            policy=options.policy,
            target=options.target if options.target is not None else defaults.target,
            uptime=options.uptime,
            down_when=options.down_when,
            depends_on=options.depends_on,
            labels=options.labels,
            environment=options.environment,
            watch_for=defaults.watch_for,
            reopen_within=defaults.reopen_within,
            checks=checks,
        )

    def _with_templates(self, block: Any, where: Where) -> Any:
        """The service's block laid over the blocks it uses: its own words win, checks are merged by id."""
        if not isinstance(block, dict) or not block.get("use"):
            return block
        templates = self.sources.tree.get(_TEMPLATE_KEYS)
        known = templates if isinstance(templates, dict) else {}
        used = block["use"] if isinstance(block["use"], list) else [block["use"]]
        merged: dict[str, Any] = {}
        for name in used:
            template = known.get(name) if isinstance(name, str) else None
            if not isinstance(template, dict):
                self.sources.blame(
                    (*where, "use"), f"no template is called {shown(name)}", nearest(str(name), known)
                )
                continue
            self._borrow_marks(("templates", name), where)
            merged = _laid_over(merged, template)
        return _laid_over(merged, block)

    def _borrow_marks(self, source: Where, target: Where) -> None:
        size = len(source)
        for place in (self.sources.values, self.sources.keys):
            for where, mark in list(place.items()):
                if where[:size] == source and len(where) > size:
                    place.setdefault((*target, *where[size:]), mark)

    def _check_down_when(self, text: str, where: Where) -> None:
        words = text.split()
        if text in ("any", "all"):
            return
        if len(words) == 3 and words[1] == "of" and words[0].isdecimal() and words[2].isdecimal():
            if 1 <= int(words[0]) <= int(words[2]):
                return
        self.sources.blame((*where, "down_when"), f'expected any, all or "2 of 3", got {shown(text)}')

    def _check(self, service: str, name: str, block: Any, defaults: Defaults) -> Check | None:
        where: Where = ("services", service, "checks", name)
        if not isinstance(block, dict):
            self.sources.blame(where, f"expected a mapping with type:, got {shown(block)}")
            return None
        kind = self._kind(block, where)
        if kind is None:
            return None
        envelope = {key: value for key, value in block.items() if key in CheckOptions.model_fields}
        rest = {key: value for key, value in block.items() if key not in CheckOptions.model_fields}
        options = self._model(CheckOptions, envelope, where)
        spec = self._model(kind.spec, rest, where, also=CheckOptions.model_fields)
        if options is None or spec is None or options.disabled is not None:
            return None
        return self._complete(service, name, kind, options, spec, defaults)

    def _kind(self, block: dict[str, Any], where: Where) -> KindInfo | None:
        named = block.get("type")
        if named is None:
            self.sources.blame(where, "is missing type:", f"one of {', '.join(sorted(self.kinds))}", key=True)
            return None
        kind = self.kinds.get(named) if isinstance(named, str) else None
        if kind is None:
            hint = nearest(str(named), self.kinds) or f"known kinds: {', '.join(sorted(self.kinds))}"
            self.sources.blame((*where, "type"), f"unknown kind of check {shown(named)}", hint)
        return kind

    def _complete(
        self, service: str, name: str, kind: KindInfo, options: CheckOptions, spec: Any, defaults: Defaults
    ) -> Check:
        where: Where = ("services", service, "checks", name)
        every = options.every or defaults.every
        retry = options.retry_every or defaults.retry_every or _RETRY
        asked = kind.always_down(spec)
        down = [
            self._condition(kind, options.down or (kind.down if asked is None else None), (*where, "down"))
        ]
        down.append(self._condition(kind, asked, where))
        degraded = [self._condition(kind, options.degraded or kind.degraded, (*where, "degraded"))]
        counts = options.counts_for_uptime
        return Check(
            service=service,
            name=name,
            kind=kind.name,
            spec=spec,
            every=every,
            timeout=options.timeout or defaults.timeout,
            confirm=options.confirm or defaults.confirm,
            recover=options.recover or defaults.recover,
            retry_every=min(every, retry),
            down=tuple(condition for condition in down if condition is not None),
            degraded=tuple(condition for condition in degraded if condition is not None),
            counts_for_uptime=kind.counts_for_uptime if counts is None else counts,
            labels=options.labels,
            was=(*options.was, *((options.id,) if options.id else ())),
        )

    def _condition(self, kind: KindInfo, text: str | None, where: Where) -> Condition | None:
        if text is None:
            return None
        try:
            return parse(text, kind.value_names)
        except ConditionError as error:
            self.sources.blame(
                where,
                f"{error.message} at column {error.position + 1} of: {_around(text, error.position)}",
                error.hint,
            )
            return None

    def _model(self, model: type[M], block: Any, where: Where, also: Collection[str] = ()) -> M | None:
        """The block as a model, references in plain texts followed; None when it has mistakes (noted)."""
        if block is None:
            block = {}
        if not isinstance(block, dict):
            self.sources.blame(where, f"expected a mapping, got {shown(block)}")
            return None
        try:
            return model.model_validate(self._resolved(block, where, model))
        except ValidationError as error:
            for below, message, hint, is_key in complaints(error, {*model.model_fields, *also}):
                self.sources.blame((*where, *below), message, hint, key=is_key)
            return None

    def _resolved(self, block: dict[str, Any], where: Where, model: type[BaseModel]) -> dict[str, Any]:
        """Empty values are as good as absent; references are followed, save in the fields that stay secret."""
        result = {}
        for key, value in block.items():
            if value is None:
                continue
            field_info = model.model_fields.get(key)
            secret = field_info is not None and "Secret" in str(field_info.annotation)
            result[key] = value if secret or key == "checks" else self._follow(value, (*where, key))
        return result

    def _follow(self, value: Any, where: Where) -> Any:
        if isinstance(value, dict):
            return {key: self._follow(below, (*where, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [self._follow(below, (*where, number)) for number, below in enumerate(value)]
        if not isinstance(value, str) or not references(value):
            return value
        try:
            return resolve(value)
        except SecretError as error:
            self.sources.blame(where, str(error))
            return value


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for key in ("checks", "labels"):
        if isinstance(below.get(key), dict) and isinstance(above.get(key), dict):
            merged[key] = {**below[key], **above[key]}
    return merged


def _around(text: str, position: int) -> str:
    start = max(0, position - 30)
    return (
        ("..." if start else "") + text[start : position + 30] + ("..." if position + 30 < len(text) else "")
    )
