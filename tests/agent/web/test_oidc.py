"""Signing in at an OpenID provider: those it vouches for come in, and nothing that it did not say for us now counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from agent.access.accounts import User
from agent.access.person import Role
from tests.agent.web.raw import agent
from tests.agent.web.rig import House, house
from tests.fakes.oidc import CLIENT, SECRET, Oidc

pytestmark = pytest.mark.anyio
COOKIE = "tocsin"


@asynccontextmanager
async def with_provider(
    directory: Path, provider: Oidc, **more: Any
) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """A house whose people sign in there, and a browser that nobody has signed in with."""
    oidc = {
        "issuer": provider.url, "client_id": CLIENT, "title": "Example ID",
        "roles": {"it-helpdesk": "agent", "it-leads": "manager"}, **more,
    }  # fmt: skip
    if provider.secret is not None:
        oidc["client_secret"] = provider.secret
    async with house(directory, {}, role=None, agent=agent(directory, oidc=oidc)) as there:
        provider.now = lambda: there.clock.now() / 1_000_000
        async with httpx.AsyncClient(base_url=there.address, timeout=60, trust_env=False) as browser:
            yield there, browser


async def signed_in(provider: Oidc, browser: httpx.AsyncClient, onward: str = "/") -> httpx.Response:
    """The last answer of the way there and back."""
    sent = await browser.get("/sign-in/oidc", params={"next": onward})
    assert sent.status_code == 303
    return await browser.get(provider.sign_in(sent.headers["location"]))


@pytest.mark.parametrize("secret", [SECRET, None])
async def test_somebody_comes_in_with_the_role_of_their_group(tmp_path: Path, secret: str | None) -> None:
    with Oidc(secret) as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            assert "Sign in with Example ID" in (await browser.get("/sign-in")).text
            answer = await signed_in(provider, browser, "/tickets?mine=1")
            assert (answer.status_code, answer.headers["location"]) == (303, "/tickets?mine=1")
            person = there.app.reception.by_cookie(browser.cookies[COOKIE])
            assert person is not None
            assert (person.name, person.role, person.teams) == ("one@example.org", Role.AGENT, None)
            assert (await browser.get("/")).status_code == 200
            away = await browser.get("/sign-in/oidc", params={"next": "https://evil.example/"})
            back = await browser.get(provider.sign_in(away.headers["location"]))
            assert back.headers["location"] == "/"


async def test_roles_and_teams_follow_the_provider(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider, teams_claim="teams") as (there, browser):
            provider.claims |= {"groups": ["other", "it-helpdesk", "it-leads"], "teams": ["web", 3]}
            await signed_in(provider, browser)
            first = browser.cookies[COOKIE]
            person = there.app.reception.by_cookie(first)
            assert person is not None
            assert (person.role, person.teams) == (Role.MANAGER, frozenset({"web"}))
            provider.claims |= {"groups": "it-helpdesk", "teams": None}
            await signed_in(provider, browser)
            assert there.app.reception.by_cookie(first) is None
            person = there.app.reception.by_cookie(browser.cookies[COOKIE])
            assert person is not None
            assert (person.role, person.teams) == (Role.AGENT, frozenset())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"iat": None},
        {"nbf": 1_900_000_000},
    ],
)
async def test_a_token_that_is_not_for_us_now_is_not_believed(tmp_path: Path, claims: dict[str, Any]) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            provider.claims |= claims
            assert (await signed_in(provider, browser)).status_code == 403
            assert not there.app.reception.book.users
            assert COOKIE not in browser.cookies


@pytest.mark.parametrize("nasty", ["none", "hmac", "stranger", "no token"])
async def test_a_token_that_the_provider_did_not_sign_is_not_believed(tmp_path: Path, nasty: str) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            await signed_in(provider, browser)
            browser.cookies.clear()
            provider.nasty = nasty
            assert (await signed_in(provider, browser)).status_code == 403
            assert COOKIE not in browser.cookies
            assert len(there.app.reception.book.sessions) == 1


async def test_another_issuer_and_no_provider_at_all_are_told(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (_there, browser):
            provider.nasty = "issuer"
            assert (await browser.get("/sign-in/oidc")).status_code == 502
            provider.close()
            answer = await browser.get("/sign-in/oidc")
            assert (answer.status_code, "could not say who you are" in answer.text) == (502, True)


async def test_a_state_is_good_once_in_its_own_browser_and_for_a_while(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            sent = await browser.get("/sign-in/oidc")
            back = provider.sign_in(sent.headers["location"])
            async with httpx.AsyncClient(base_url=there.address, trust_env=False) as other:
                assert (await other.get(back)).status_code == 400
            assert (await browser.get(back)).status_code == 400  # it was tried elsewhere
            good = provider.sign_in((await browser.get("/sign-in/oidc")).headers["location"])
            assert (await browser.get(good)).status_code == 303
            assert (await browser.get(good)).status_code == 400
            late = provider.sign_in((await browser.get("/sign-in/oidc")).headers["location"])
            there.clock.move(601)
            assert (await browser.get(late)).status_code == 400
            for path in ("/sign-in/oidc/back", "/sign-in/oidc/back?code=x&state=y"):
                assert (await browser.get(path)).status_code == 400


async def test_what_another_provider_sends_back_is_not_taken(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (_there, browser):
            back = httpx.URL(provider.sign_in((await browser.get("/sign-in/oidc")).headers["location"]))
            mixed = back.copy_set_param("iss", "https://evil.example")
            assert (await browser.get(mixed)).status_code == 403
            assert [each.path for each in provider.requests if each.method == "POST"] == []


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["others"]},
        {"groups": None},
        {"email": None},
        {"email_verified": False},
        {"email": "no name <x>"},
    ],
)
async def test_who_has_no_place_here_is_told_so(tmp_path: Path, claims: dict[str, Any]) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            provider.claims |= claims
            answer = await signed_in(provider, browser)
            assert (answer.status_code, 'role="alert"' in answer.text) == (403, True)
            assert not there.app.reception.book.users


async def test_nobody_takes_the_place_of_who_has_a_password_or_was_disabled(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            for user in (
                User("one@example.org", Role.ADMIN, password="$argon2id$of-somebody"),
                User("one@example.org", Role.ADMIN, disabled=True),
            ):
                await there.app.reception.save_user(user)
                assert (await signed_in(provider, browser)).status_code == 403
                assert there.app.reception.book.users["one@example.org"] == user


async def test_new_keys_are_fetched_when_they_are_needed(tmp_path: Path) -> None:
    with Oidc() as provider:
        async with with_provider(tmp_path, provider) as (there, browser):
            assert (await signed_in(provider, browser)).status_code == 303
            provider.key = RSAKey.generate_key(2048, {"kid": "second"})
            assert (
                await signed_in(provider, browser)
            ).status_code == 403  # not asked again within the minute
            there.clock.move(61)
            assert (await signed_in(provider, browser)).status_code == 303
            assert [each.path for each in provider.requests].count("/keys") == 2
