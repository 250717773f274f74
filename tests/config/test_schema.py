"""The JSON Schema: whole, described, and of one mind with the loader about what may be written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from checks.registry import KINDS
from config import models
from config.loader import Loaded
from config.schema import schema
from config.sources import SECTIONS

SCHEMA = json.loads(json.dumps(schema(KINDS)))
VALIDATOR = Draft202012Validator(SCHEMA)
ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted(Path(str(files("config") / "examples")).glob("*.yaml"))
MODELS = [
    model for model in vars(models).values() if isinstance(model, type) and issubclass(model, models.Model)
]
SPECS = [kind.spec for kind in KINDS.values()]


class EditorLoader(yaml.SafeLoader):
    """YAML as editors read it (1.2): a date is a text."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _complaints(text: str) -> list[str]:
    """What an editor would underline."""
    tree = yaml.load(text, Loader=EditorLoader)
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(tree)]


def _within(node: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the schema."""
    if isinstance(node, dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _within(below)


def _options() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, definition in SCHEMA["$defs"].items():
        for key, option in definition.get("properties", {}).items():
            yield f"{name}.{key}", option


def test_schema_is_one_of_the_named_draft_and_knows_every_section() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(SCHEMA["properties"]) == set(SECTIONS)
    assert SCHEMA["additionalProperties"] is False


def test_every_reference_leads_somewhere_and_every_definition_is_used() -> None:
    targets = {node["$ref"] for node in _within(SCHEMA) if isinstance(node.get("$ref"), str)}
    assert {target.removeprefix("#/$defs/") for target in targets} == set(SCHEMA["$defs"])


@pytest.mark.parametrize("model", [*MODELS, *SPECS], ids=lambda model: model.__name__)
def test_every_option_has_a_description(model: type[BaseModel]) -> None:
    inner = [found for field in model.model_fields.values() for found in _models_in(field.annotation)]
    for found in (model, *inner):
        assert found.__doc__
        assert [name for name, field in found.model_fields.items() if not field.description] == []


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    for part in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part


def test_every_option_says_what_it_is_for_in_an_editor() -> None:
    assert [name for name, option in _options() if not option.get("description")] == []
    assert [name for name, section in SCHEMA["properties"].items() if not _told(section)] == []


def _told(section: Mapping[str, Any]) -> bool:
    """Whether the section, or the definition it leads to, has a description."""
    inner = [part.get("$ref", "").rpartition("/")[2] for part in section.get("anyOf", ())]
    return "description" in section or any("description" in SCHEMA["$defs"].get(name, {}) for name in inner)


def test_every_option_shows_what_it_looks_like() -> None:
    """By an example, a default, a choice, a number, or options of its own."""
    assert [name for name, option in _options() if not _shows_its_form(option)] == []


def _shows_its_form(option: Mapping[str, Any]) -> bool:
    known = option.get("examples") or option.get("default") or {"enum", "const", "$ref"} & set(option)
    kinds = option["type"] if isinstance(option.get("type"), list) else [option.get("type")]
    inner = [
        *option.get("anyOf", ()),
        *filter(None, [option.get("items"), option.get("additionalProperties")]),
    ]
    return bool(known) or "integer" in kinds or any(_shows_its_form(part) for part in inner)


def test_every_default_and_example_fits_where_it_stands() -> None:
    for name, option in _options():
        given = [option["default"]] if "default" in option else []
        for value in (*given, *option.get("examples", ())):
            wrong = list(VALIDATOR.evolve(schema={**option, "$defs": SCHEMA["$defs"]}).iter_errors(value))
            assert wrong == [], f"{name}: {value!r}"


def test_defaults_are_written_as_people_write_them() -> None:
    defaults = SCHEMA["$defs"]["Defaults"]["properties"]
    assert {key: option.get("default") for key, option in defaults.items()} == {
        "every": "1m",
        "timeout": "10s",
        "confirm": 2,
        "recover": 2,
        "recover_after": "0s",
        "flapping": {"enter": "30%", "leave": "25%"},
        "retry_every": None,
        "target": "99%",
        "watch_for": "15m",
        "reopen_within": "1d",
        "criticality": "medium",
        "burn": True,
        "blind_after": "1h",
    }
    assert SCHEMA["$defs"]["Check_http"]["properties"]["max_body"]["default"] == "10MiB"


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("confirm: 3", True),
        ("confirm: 3 of 5", True),
        ("confirm: often", False),
        ("confirm: 101", False),
        ("flapping: off", True),
        ("flapping: {enter: 40%}", True),
        ("flapping: maybe", False),
        ("flapping: {enter: 40%, exit: 30%}", False),
    ],
)
def test_what_may_be_a_word_a_number_or_a_mapping_fits_as_each(written: str, fits: bool) -> None:
    check = f"services: {{s: {{checks: {{c: {{type: tcp, host: localhost, port: 1, {written}}}}}}}}}"
    assert (_complaints(check) == []) is fits
    assert (_complaints(f"defaults: {{{written}}}") == []) is fits


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_shipped_example_fits(path: Path) -> None:
    assert _complaints(path.read_text()) == []


def _shown_in_docs() -> Iterator[str]:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(
            r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            if set(yaml.load(block, Loader=EditorLoader)) <= set(SECTIONS):
                yield block


def test_every_configuration_in_the_docs_fits() -> None:
    blocks = list(_shown_in_docs())
    assert len(blocks) > 5
    assert [complaint for block in blocks for complaint in _complaints(block)] == []


def test_of_the_example_of_the_contract_nothing_is_marked(shared: Path) -> None:
    text = (shared / "example.yaml").read_text()
    assert _complaints(text) == []


FINE = {
    "words that YAML takes for numbers and truths": """
        services: {s: {target: 0.99, checks: {c: {type: http, url: http://localhost, ip: 4, http_version: 1.1,
          keep_alive: yes, max_body: 1024, accept_status: 200, labels: {rack: 12, spare: true}}}}}""",
    "references where numbers, times and choices belong": """
        services: {s: {checks: {c: {type: tcp, host: "${env:HOST}", port: "${env:PORT}", every: "${env:EVERY}",
          tls: "${env:TLS}"}}}}""",
    "numbers in quotes": 'services: {s: {checks: {c: {type: tcp, host: localhost, port: "25", confirm: "3"}}}}',
    "spaces in times": "services: {s: {checks: {c: {type: cpu, timeout: 1m 30s, every: 1h, was: old}}}}",
    "options left empty": """
        agent: {id: a, timezone: }
        teams:
        services: {s: {title: , checks: {c: {type: cpu, every: , down: , labels: }}}}""",
    "a template that has the type": """
        templates: {host: {checks: {disk: {type: disk}}}}
        services: {s: {use: host, checks: {disk: {every: 5m}}}}""",
    "a template that has what the kind requires": """
        templates: {site: {checks: {home: {type: http, url: "http://localhost/"}}}}
        services: {s: {use: [site], checks: {home: {type: http, every: 5m}}}}""",
    "a template without a type that only changes checks": """
        templates: {host: {checks: {disk: {type: disk}}}, slow: {checks: {disk: {every: 1h}}, target: 95%}}
        services: {s: {use: [host, slow]}}""",
    "a list of one, and the one alone": """
        teams: {web: {skills: [web]}}
        services: {s: {team: web, checks: {c: {type: cpu}}}, t: {depends_on: s, checks: {c: {type: cpu}}}}""",
    "every section empty": "agent: {}\ndefaults: {}\nservices: {}\nroutes: []\ntemplates: {}\ninclude: []",
}

WRONG = {
    "kind that is misspelt": "services: {s: {checks: {c: {type: tpc}}}}",
    "check without a type": "services: {s: {checks: {c: {host: localhost, port: 1}}}}",
    "check without what its kind requires": "services: {s: {checks: {c: {type: http}}}}",
    "time without a unit": "services: {s: {checks: {c: {type: cpu, every: 30}}}}",
    "time with an unknown unit": "services: {s: {checks: {c: {type: cpu, every: 30 sec}}}}",
    "option of another kind": "services: {s: {checks: {c: {type: cpu, path: /}}}}",
    "number in another notation": 'services: {s: {checks: {c: {type: tcp, host: localhost, port: "0x50"}}}}',
    "number too large": "services: {s: {checks: {c: {type: tcp, host: localhost, port: 70000}}}}",
    "neither yes nor no": "services: {s: {checks: {c: {type: tcp, host: localhost, port: 1, tls: maybe}}}}",
    "half a reading": "services: {s: {checks: {c: {type: cpu, confirm: 1.5}}}}",
    "unknown section": "service: {s: {checks: {c: {type: cpu}}}}",
    "unknown option of a service": "services: {s: {titel: S, checks: {c: {type: cpu}}}}",
    "unknown option inside an option": """
        services: {s: {checks: {c: {type: http, url: "http://localhost", tls: {verfy: no}}}}}""",
    "unknown option in a check of a template": """
        templates: {host: {checks: {c: {type: cpu, pth: /}}}}
        services: {s: {use: host}}""",
    "name that is no id": "services: {Web Server: {checks: {c: {type: cpu}}}}",
    "checks as a list": "services: {s: {checks: [{type: cpu}]}}",
    "choice that does not exist": "services: {s: {criticality: urgent, checks: {c: {type: cpu}}}}",
    "route to nowhere": "services: {s: {checks: {c: {type: cpu}}}}\nroutes: [{match: {service: s}}]",
    "share without its sign": "defaults: {target: 99}\nservices: {s: {checks: {c: {type: cpu}}}}",
    "share of more than all": "defaults: {target: 99 percent}\nservices: {s: {checks: {c: {type: cpu}}}}",
    "helpdesk without a type": "helpdesks: {h: {url: http://localhost}}\nservices: {}",
}


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_what_the_loader_understands_is_allowed(
    text: str, look: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOST": "localhost", "PORT": "25", "EVERY": "30s", "TLS": "yes"}.items():
        monkeypatch.setenv(name, value)
    assert [str(problem) for problem in look(text).errors] == []
    assert _complaints(text) == []


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_what_the_loader_refuses_is_marked(text: str, look: Callable[[str], Loaded]) -> None:
    assert look(text).errors
    assert _complaints(text)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_example_of_each_kind_fits(kind: Any) -> None:
    assert _complaints(f"services:\n  s:\n    checks:\n      c:\n{indent(kind.example, ' ' * 8)}") == []
