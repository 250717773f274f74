"""API: is it our login that the vendor refuses, and why by its own word?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from checks.api.structured import items
from checks.text import visible

# 498 is what some gateways say of a token. 400 may be a request that is wrong in itself: its words decide.
_LOGIN = frozenset({401, 403, 407, 498})
_LOGIN_WORDS = re.compile(
    r"invalid[_ ](?:token|grant|client|api[_ ]?key|auth)|api[_ ]key[_ ](?:not[_ ]valid|invalid)"
    r"|expired[_ ]?token|token[_ ](?:has[_ ])?(?:is[_ ])?expired|unauthenticated|invalid[_ ]credentials"
    r"|validating access token|authentication[_ ]error|unrecognizedclient|invalid(?:clienttokenid|accesskeyid)"
    r"|signaturedoesnotmatch|account_inactive|not_authed|token_revoked|not authenticated",
    re.IGNORECASE,
)
_EXPIRED = re.compile(
    r"(?:token|key|credential|session|jwt|signature|password|certificate|secret).{0,40}(?:expired|revoked)"
    r"|expired.{0,20}(?:token|key|credential|session|jwt)",
    re.IGNORECASE | re.DOTALL,
)
_READ = 4096


def refusal(status: int, headers: Mapping[str, str], body: str) -> str | None:
    """Why our login is refused, as a phrase; None where it is not. Of a throttled answer it must not be asked."""
    challenge = _challenge(headers)
    # No colon between: `token: word` would be masked as a secret.
    told = ", ".join(filter(None, (challenge.get("error"), challenge.get("error_description"))))
    words = f"{told} {headers.get('x-amzn-errortype', '')[:100]} {body[:_READ]}"
    if is_well(status):
        told = words = _error_in_well(body[:_READ])
    named = _LOGIN_WORDS.search(words)
    if status not in _LOGIN and not (named and (status == 400 or is_well(status))):
        return None
    if headers.get("cf-mitigated"):
        return "a bot protection before the API turns us away"
    who = "the proxy refuses our login" if status == 407 else "our login is refused"
    if _EXPIRED.search(words.replace("_", " ")):
        who = "our token or key has expired or was revoked"
    elif status == 403 and not named:
        who = "our login may not do this"
    return f"{who} ({visible(told, 160)})" if told else who


def _challenge(headers: Mapping[str, str]) -> dict[str, str]:
    """What a challenge says beside its scheme (RFC 6750, 3): `error`, `error_description`."""
    text = headers.get("www-authenticate") or headers.get("proxy-authenticate") or ""
    found: dict[str, str] = {}
    for each in items(text):
        for name, value in each.params.items():
            found.setdefault(name.rpartition(" ")[2], value)
    return found


def is_well(status: int) -> bool:
    """Whether the status tells of no error."""
    return 200 <= status <= 299


def _error_in_well(body: str) -> str:
    """The error's code of an answer that is none by its status: GraphQL's first error, or Slack's `"ok": false`."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    extensions = first.get("extensions") if isinstance(first, dict) else None
    code = extensions.get("code") if isinstance(extensions, dict) else None
    if told.get("ok") is False:
        code = told.get("error")
    return code if isinstance(code, str) else ""
