"""Secrets: late-bound, never shown, and missed at once when they are not there."""

from __future__ import annotations

import copy
import json
import os
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from checks.http.spec import HttpSpec
from checks.registry import KINDS
from config.json_value import JsonValue
from config.loader import Loaded
from config.masks import leave_plain, mask, remember
from config.models import AgentConfig
from config.schema import schema
from config.secrets import HIDDEN, Secret, SecretError
from config.shapes import Shape, shape_of

Look = Callable[[str], Loaded]
CANARY = "canary-4711-sings"
PING = "https://hc.example.org/ping/"
# Where entries stand in a list, which have no names.
LISTS = {("tcp", "dialog")}


def _secret_places(shape: Shape) -> Iterator[tuple[str, ...]]:
    """The path of every field below a model that is a secret."""
    if shape.secret:
        yield ()
    for name, inner in (shape.fields or {}).items():
        for below in _secret_places(inner):
            yield (name, *below)
    if shape.item is not None and shape.item is not shape:
        for below in _secret_places(shape.item):
            yield ("Authorization", *below)


KIND_PLACES = [(name, place) for name, kind in KINDS.items() for place in _secret_places(shape_of(kind.spec))]
AGENT_PLACES = [("agent", place) for place in _secret_places(shape_of(AgentConfig))]


def _config_with(owner: str, place: tuple[str, ...], text: str) -> str:
    """A configuration that sets one secret field, on top of the kind's own example."""
    check: dict[str, Any] = {"type": "cpu"} if owner == "agent" else yaml.safe_load(KINDS[owner].example)
    if place[0] in ("auth", "headers"):
        check.pop("auth", None)  # one way of it is enough
    tree: dict[str, Any] = {"agent": {"id": "a"}, "services": {"s": {"checks": {"c": check}}}}
    block: Any = tree["agent"] if owner == "agent" else check
    for part in place[:-1]:
        if isinstance(block, list):
            block.append({})
            block = block[0]
        else:
            block = block.setdefault(part, [] if (owner, part) in LISTS else {})
    if place == ("heartbeat_url",):
        text = f"{PING}{text}"
    if isinstance(block, list):
        block.append(text)
    else:
        block[place[-1]] = text
    if place[0] == "dialog":
        del check["expect"]
    if place in (("auth", "password"), ("auth", "passphrase")):
        block["user"] = "me"
    if place == ("auth", "passphrase"):
        block["key"] = "/etc/tocsin/id_ed25519"
    if place == ("web", "oidc", "client_secret"):
        block.update(issuer="https://id.example.org", client_id="me", roles={"staff": "viewer"})
    if place == ("auth", "oauth2", "client_secret"):
        block.update(client_id="me", token_url="https://login.example/token")
    return json.dumps(tree)


def test_the_secret_fields_are_found_by_looking_at_the_models() -> None:
    assert ("agent", ("sentry_dsn",)) in AGENT_PLACES
    expected = {("http", ("auth", "password")), ("http", ("headers", "Authorization")), ("tcp", ("send",))}
    assert expected <= set(KIND_PLACES)


@pytest.mark.parametrize(("owner", "place"), AGENT_PLACES + KIND_PLACES)
@pytest.mark.parametrize("how", ["in clear", "by reference"])
def test_secret_never_shows_itself(
    look: Look, monkeypatch: pytest.MonkeyPatch, owner: str, place: tuple[str, ...], how: str
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    found = look(_config_with(owner, place, CANARY if how == "in clear" else "${env:CANARY}"))
    assert found.config is not None
    model = found.config.agent if owner == "agent" else found.config.services["s"].checks["c"].spec
    said = [str(problem) + problem.excerpt for problem in found.warnings]
    shown = [
        repr(found),
        str(model),
        repr(model),
        f"{model}",
        model.model_dump_json(),
        str(model.model_dump()),
        *said,
    ]
    for attempt in (pickle.dumps, copy.deepcopy, json.dumps):
        try:
            shown.append(repr(attempt(model)))
        except Exception as error:
            shown.append("".join(traceback.format_exception(error)))
    assert CANARY not in "".join(shown)
    assert CANARY in _revealed(model, place)


# Whatever stands in JSON is no mistake.
STRICT_PLACES = [(owner, place) for owner, place in AGENT_PLACES + KIND_PLACES if place[0] != "json"]


@pytest.mark.parametrize(("owner", "place"), STRICT_PLACES)
def test_secret_is_not_shown_by_mistakes_around_it(look: Look, owner: str, place: tuple[str, ...]) -> None:
    texts = [
        _config_with(owner, place, CANARY).replace(PING, "").replace(f'"{CANARY}"', wrong)
        for wrong in (f'["{CANARY}"]', f'{{"a": "{CANARY}"}}')
    ]
    if len(place) > 1:  # the secret where a mapping is wanted
        texts.append(_config_with(owner, place[:-1], CANARY))
    for text in texts:
        found = look(text)
        assert found.config is None
        assert CANARY not in repr(found)


def test_schema_knows_no_secret() -> None:
    assert CANARY not in json.dumps(schema(KINDS))


def _revealed(model: BaseModel, place: tuple[str, ...]) -> str:
    node: object = model
    for part in place:
        node = _below(node, part)
        if isinstance(node, JsonValue):
            return str(node.reveal())
    assert isinstance(node, Secret)
    return node.reveal()


def _below(node: object, part: str) -> object:
    if isinstance(node, tuple):
        return node[0]
    return node[part] if isinstance(node, Mapping) else getattr(node, part)


def test_secret_equals_only_itself() -> None:
    one, other = Secret("abc"), Secret("abc")
    assert one == one
    assert one != other
    assert one != "abc"
    assert f"{one} {one!r}" == f"{HIDDEN} {HIDDEN}"


def test_rotated_file_is_picked_up_at_the_next_look(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first-token\n")
    path.chmod(0o600)
    auth = f"auth: {{user: me, password: '${{file:{path}}}'}}, headers: {{X-Token: 'T ${{file:{path}}}'}}"
    found = look(f"services: {{s: {{checks: {{c: {{type: http, url: 'http://localhost', {auth}}}}}}}}}")
    assert found.warnings == []
    assert found.config is not None
    spec = found.config.services["s"].checks["c"].spec
    assert isinstance(spec, HttpSpec)
    path.write_text("second-token\n")
    assert spec.auth is not None
    assert spec.auth.password is not None
    assert spec.auth.password.reveal() == "second-token"
    assert spec.headers["X-Token"].reveal() == "T second-token"
    assert mask("old first-token, new second-token") == f"old {HIDDEN}, new {HIDDEN}"


def test_reference_in_a_plain_option_is_followed_at_once(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERY", "90s")
    monkeypatch.setenv("SITE", "example")
    text = "services: {s: {checks: {c: {type: http, url: 'http://${env:SITE}.org/', every: '${env:EVERY}'}}}}"
    found = look(text)
    assert found.config is not None
    check = found.config.services["s"].checks["c"]
    assert (check.every, check.spec.url) == (90, "http://example.org/")


@pytest.mark.parametrize(
    "option", ["timeout: '${env:ABSENT_ONE}'", "headers: {Authorization: 'Bearer ${env:ABSENT_ONE}'}"]
)
def test_variable_that_is_not_set_is_a_mistake_that_names_it(look: Look, option: str) -> None:
    found = look(f"services:\n  s: {{checks: {{c: {{type: http, url: 'http://localhost', {option}}}}}}}\n")
    (problem,) = found.errors
    assert problem.message == "${env:ABSENT_ONE}: the environment has no variable ABSENT_ONE"
    assert problem.line == 2


def test_wrong_value_behind_a_reference_is_named_by_the_reference(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", f"{CANARY}-{'x' * 100}")
    options = ", ".join(f"{name}: '${{env:WRONG}}'" for name in ("every", "confirm", "ip", "method"))
    check = f"{{type: http, url: 'a://${{env:WRONG}}', {options}}}"
    found = look(f"services: {{s: {{team: '${{env:WRONG}}', checks: {{c: {check}}}}}}}")
    assert len(found.errors) == 6
    assert "canary" not in repr(found)
    assert 'expected a whole number, got "${env:WRONG}"' in [problem.message for problem in found.errors]


def test_credential_is_read_from_the_directory_that_systemd_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jira").write_text("s3cret-of-jira\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Secret("${credential:jira}").reveal() == "s3cret-of-jira"
    for bad in ("${credential:../jira}", "${credential:..}", "${credential:other}"):
        with pytest.raises(SecretError):
            Secret(bad).reveal()


def test_credential_outside_the_unit_is_only_warned_of(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    found = look("agent: {sentry_dsn: '${credential:dsn}'}\nservices: {s: {checks: {c: {type: cpu}}}}\n")
    assert found.errors == []
    assert [str(problem) for problem in found.warnings] == [
        "tocsin.yaml:1:21: agent.sentry_dsn: ${credential:dsn}: known only inside the unit, by its "
        "LoadCredential (not looked at here: the daemon must be able to read it)"
    ]


def test_secret_file_is_small_regular_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    expected = {
        "fifo": "is not a regular file",
        "large": "is larger than 64 KiB",
        "binary": "is not UTF-8 text",
        "absent": "No such file or directory",
        ".": "is not a regular file",
    }
    for name, reason in expected.items():
        with pytest.raises(SecretError, match=reason):
            Secret(f"${{file:{tmp_path / name}}}").reveal()
    with pytest.raises(SecretError, match="write a path from the root"):
        Secret("${file:token}").reveal()


def test_variable_that_is_no_text_is_named_and_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_CANARY", os.fsdecode(b"caf\xe9"))
    with pytest.raises(SecretError, match=r"\$\{env:TOCSIN_CANARY\}: the variable .* is not UTF-8 text"):
        Secret("${env:TOCSIN_CANARY}").reveal()


def test_careless_secrets_are_warned_of(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("x")
    path.chmod(0o644)
    monkeypatch.setenv("EMPTY", "")
    found = look(
        f"""\
        services:
          s:
            checks:
              c:
                type: http
                url: http://localhost
                headers: {{Accept: '*/*', X-Api-Key: abcdefgh, Cookie: '${{file:{path}}}', A: '${{env:EMPTY}}'}}
                body: ${{TOKEN}}
        """
    )
    assert found.errors == []
    where = "services.s.checks.c"
    assert [str(problem).partition(": ")[2] for problem in found.warnings] == [
        f"{where}.headers.X-Api-Key: a secret stands in clear in the file (write ${{env:NAME}}, ${{file:/path}} or "
        "${credential:NAME} instead)",
        f"{where}.headers.Cookie: everybody on this host can read {path} (chmod 640 {path})",
        f"{where}.headers.A: ${{env:EMPTY}} is empty",
    ]


def test_what_only_looks_like_a_reference_is_warned_of(look: Look) -> None:
    found = look("services: {s: {title: 'is ${HOME} or ${env.HOME}', checks: {c: {type: cpu}}}}")
    assert [(problem.message, problem.hint) for problem in found.warnings] == [
        ('"${HOME}" is no reference: it is taken as it stands', "did you mean ${env:HOME}?"),
        ('"${env.HOME}" is no reference: it is taken as it stands', "did you mean ${env:HOME}?"),
    ]


def test_reference_that_is_never_closed_is_warned_of(look: Look) -> None:
    auth = "auth: {user: u, password: '${env:TOKEN'}"
    found = look(
        f"services: {{s: {{title: 'x ${{target', checks: {{c: {{type: http, url: 'http://x/', {auth}}}}}}}}}"
    )
    assert [(problem.message, problem.hint) for problem in found.warnings] == [
        ('"${target" is no reference: it is taken as it stands', "did you mean ${target}?"),
        ('"${env:TOKEN" is no reference: it is taken as it stands', "did you mean ${env:TOKEN}?"),
    ]


def test_longer_secret_is_masked_before_the_one_it_holds() -> None:
    remember("longer-secret")
    remember("longer-secret-and-more")
    assert mask("a longer-secret-and-more b") == f"a {HIDDEN} b"


def test_header_that_is_no_secret_is_not_masked(look: Look) -> None:
    look(
        "services: {s: {checks: {c: {type: http, url: 'http://localhost', headers: {Accept: text/x-plain}}}}}"
    )
    assert Secret("text/x-plain").reveal() == "text/x-plain"
    assert mask("content-type: text/x-plain") == "content-type: text/x-plain"
    remember("a-real-secret")
    leave_plain("a-real-secret")
    assert mask("a-real-secret") == HIDDEN
