"""The OpenID provider over the network: where it is asked, by which keys it signs, and what it gives for a code."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from agent.access.oidc import NotBelieved, Unreachable
from alerting.connectors.http import Ask, Caller, Ended, Way, look
from alerting.connectors.options import HttpOptions
from config.oidc import OidcOptions, is_loopback
from config.secrets import SecretError

_KNOWN_FOR = 3600.0
_ASKED_AGAIN = 60.0
_PATIENCE = 10.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Provider:
    """One provider; what it says of itself is known for an hour. `now` is in seconds."""

    def __init__(self, options: OidcOptions, now: Callable[[], float]) -> None:
        self.options, self._now = options, now
        self._http = Caller("", HttpOptions(ca=options.ca, timeout=_PATIENCE), dict, now)
        self._said: Mapping[str, Any] = {}
        self._keys: Mapping[str, Any] = {}
        self._said_at = self._keys_at = float("-inf")

    async def way_there(self, asked: Mapping[str, str]) -> str:
        """Where somebody is sent to sign in. Raises Unreachable."""
        where = await self._endpoint("authorization_endpoint")
        return f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"

    async def token(self, code: str, verifier: str, back: str) -> str:
        """The ID token for a code. Raises Unreachable or NotBelieved."""
        options, headers = self.options, dict(_FORM)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        if options.client_secret is None:
            form["client_id"] = options.client_id
        else:
            headers["Authorization"] = f"Basic {self._proof()}"
        where = await self._endpoint("token_endpoint")
        ask = Ask(Way.ONCE, "POST", where, urlencode(form).encode(), headers=headers, also=(400, 401))
        found = await self._asked(ask)
        if not isinstance(found.get("id_token"), str):
            raise NotBelieved(f"no token for the code: {str(found.get('error', 'no reason given'))[:100]}")
        return str(found["id_token"])

    async def keys(self, *, anew: bool = False) -> Mapping[str, Any]:
        """Its public keys as a JWK set; `anew` where one is lacking, though not often. Raises Unreachable."""
        age = self._now() - self._keys_at
        if age > _KNOWN_FOR or (anew and age > _ASKED_AGAIN):
            self._keys, self._keys_at = await self._asked(look(await self._endpoint("jwks_uri"))), self._now()
        return self._keys

    def _proof(self) -> str:
        assert self.options.client_secret is not None
        try:
            secret = self.options.client_secret.reveal()
        except SecretError as error:
            raise Unreachable(str(error)) from None
        return b64encode(
            f"{quote(self.options.client_id, safe='')}:{quote(secret, safe='')}".encode()
        ).decode()

    async def _endpoint(self, name: str) -> str:
        if self._now() - self._said_at > _KNOWN_FOR:
            said = await self._asked(look(f"{self.options.issuer}/.well-known/openid-configuration"))
            if said.get("issuer") != self.options.issuer:
                raise Unreachable("what answers there is another issuer")
            self._said, self._said_at = said, self._now()
        where = self._said.get(name)
        parts = urlsplit(where) if isinstance(where, str) else urlsplit("")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise Unreachable(f"it names no {name} that is safe to ask")
        return str(where)

    async def _asked(self, ask: Ask) -> dict[str, Any]:
        try:
            return (await self._http.call(ask)).mapping()
        except Ended as error:
            raise Unreachable(error.result.reason) from None
        finally:  # the next one comes in hours
            await self._http.aclose()
