"""An OpenID provider, written from OpenID Connect Core and RFC 7636: honest, or nasty in the ways that were attacks."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.fakes.vendor import Reply, Request, Vendor

CLIENT, SECRET = "tocsin", "a secret: with/signs"


class Oidc(Vendor):
    """`claims` is what its tokens say of whoever signs in, over the usual ones; `nasty` names what is wrong with them.

    `none`: no signature. `hmac`: signed by its public key as if that were a secret. `stranger`: signed by another key.
    `issuer`: what it says of itself is another's. `no token`: none for any code.
    """

    def __init__(self, secret: str | None = SECRET) -> None:
        super().__init__()
        self.secret, self.nasty = secret, ""
        self.claims: dict[str, Any] = {"email": "one@example.org", "groups": ["it-helpdesk"]}
        self.key: RSAKey | ECKey = ECKey.generate_key("P-256", {"kid": "first"})
        self.state: dict[str, dict[str, str]] = {}  # code -> what was asked for with it

    def sign_in(self, address: str) -> str:
        """What a browser that was sent to this address is sent back to, once somebody has signed in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.state)}"
        self.state[code] = asked
        return (
            f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"
        )

    def answer(self, request: Request) -> Reply:
        if request.path == "/.well-known/openid-configuration":
            return Reply(200, self._said())
        if request.path == "/keys":
            return Reply(200, {"keys": [self.key.as_dict(private=False)]})
        if (request.method, request.path) == ("POST", "/token"):
            return self._token(request)
        return Reply(404)

    def _said(self) -> dict[str, str]:
        issuer = "https://evil.example" if self.nasty == "issuer" else self.url
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def _token(self, request: Request) -> Reply:
        sent = {name: values[0] for name, values in parse_qs(request.raw.decode()).items()}
        asked = self.state.pop(sent["code"], None)  # a code is good once
        if self.nasty == "no token" or asked is None or not self._is_client(request, sent):
            return Reply(400, {"error": "invalid_grant"})
        challenge = _base64(hashlib.sha256(sent["code_verifier"].encode()).digest())
        if challenge != asked["code_challenge"] or sent["redirect_uri"] != asked["redirect_uri"]:
            return Reply(400, {"error": "invalid_grant"})
        return Reply(200, {"id_token": self._signed(asked["nonce"]), "token_type": "Bearer"})

    def _is_client(self, request: Request, sent: dict[str, str]) -> bool:
        if self.secret is None:
            return sent.get("client_id") == CLIENT
        proof = b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        return tuple(map(unquote, proof.split(":", 1))) == (CLIENT, self.secret)

    def _signed(self, nonce: str) -> str:
        now = int(self.now())
        usual = {"iss": self.url, "sub": "4711", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": nonce}
        claims = {name: value for name, value in (usual | self.claims).items() if value is not None}
        header = {"alg": "RS256" if isinstance(self.key, RSAKey) else "ES256", "kid": str(self.key.kid)}
        if self.nasty == "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        if self.nasty == "hmac":
            told = f"{_part({'alg': 'HS256', 'kid': str(self.key.kid)})}.{_part(claims)}"
            signature = hmac.digest(self.key.as_pem(private=False), told.encode(), "sha256")
            return f"{told}.{_base64(signature)}"
        key = ECKey.generate_key("P-256", {"kid": "first"}) if self.nasty == "stranger" else self.key
        return jwt.encode(header, claims, key)


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
