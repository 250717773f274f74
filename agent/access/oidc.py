"""What an OpenID provider says of somebody: which tokens are believed, and whom they make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.access.accounts import Teams
from agent.access.person import Role
from config.oidc import OidcOptions

# Of signatures by the provider's own key alone: none that is no signature, and none by a secret that both know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY = 60
_MOST_VALUES = 1000
_ORDER = tuple(Role)
Claims = Mapping[str, Any]


class NotBelieved(Exception):
    """It is no proof of who somebody is; the text says why, for the log."""


class Unreachable(Exception):
    """The provider does not answer, or not as it should; the text says how, without secrets."""


class NotLetIn(Exception):
    """They are who they are, and have no place here; the text is for them."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody as the provider knows them."""

    name: str
    role: Role
    teams: Teams
    email: str | None


def claims_of(token: str, keys: Mapping[str, Any], options: OidcOptions, nonce: str, now: int) -> Claims:
    """What the token says, which was made by those keys, for us, for this sign-in, and is good at `now` (seconds).

    Raises NotBelieved.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        found = jwt.decode(token, KeySet.import_key_set(dict(keys)), algorithms=list(ALGORITHMS))  # type: ignore[arg-type]  # as it came
        jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY,
            iss={"essential": True, "value": options.issuer},
            aud={"essential": True, "value": options.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(found.claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotBelieved(f"{type(error).__name__}: {error}") from None
    several = isinstance(found.claims["aud"], list) and len(found.claims["aud"]) > 1
    if found.claims.get("azp", None if several else options.client_id) != options.client_id:
        raise NotBelieved("it was made for another program")
    return found.claims


def vouched(claims: Claims, options: OidcOptions) -> Vouched:
    """Whom the claims make of them. Raises NotLetIn."""
    name = claims.get(options.name_claim)
    if not isinstance(name, str) or not name:
        raise NotLetIn(f"Your account there has no {options.name_claim}.")
    if options.name_claim == "email" and claims.get("email_verified") is False:
        raise NotLetIn("Your address was never verified there.")
    roles = [
        Role(options.roles[each]) for each in values(claims, options.role_claim) if each in options.roles
    ]
    if not roles:
        raise NotLetIn("Your account there gives you no role here.")
    teams = None if options.teams_claim is None else frozenset(values(claims, options.teams_claim))
    email = claims.get("email")
    return Vouched(
        name.lower(), max(roles, key=_ORDER.index), teams, email if isinstance(email, str) else None
    )


def values(claims: Claims, name: str) -> list[str]:
    """The texts of a claim that is one, or a list of them."""
    found = claims.get(name)
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed[:_MOST_VALUES] if isinstance(each, str)]
