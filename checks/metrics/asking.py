"""Metrics: how a page for machines is asked for: the options of the kind `http` that make sense, and its probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from checks.base import Context, ErrorKind, Observation, Spec
from checks.http.kind import probe
from checks.http.option_types import HeaderName, ProxyAddress, SocketPath
from checks.http.spec import Auth, Host, HttpSpec, Tls, WebAddress
from checks.text import visible
from config.masks import leave_plain
from config.secrets import Secret
from config.units import Size

_MAX_BODY = 256 * 1024.0**2
_REASON = 400
_REFUSALS = {
    401: (ErrorKind.AUTH, "it wants a login (auth:)"),
    403: (ErrorKind.AUTH, "it refuses us (auth:, or who may read it over there)"),
    407: (ErrorKind.AUTH, "the proxy wants a login (user and password in proxy:)"),
    429: (ErrorKind.QUOTA, "it is asked too often (raise every:)"),
}


class Asking(Spec):
    """The way to a page for machines. Every field means what it means in the kind `http`."""

    url: WebAddress = Field(description="what to ask; http or https", examples=["http://host.example.org/"])
    headers: Mapping[HeaderName, Secret] = Field(
        {}, description="request headers; values may refer to secrets", examples=[{"X-Site": "jhb"}]
    )
    auth: Auth | None = Field(
        None, description="basic or digest authentication, a bearer token, or client credentials of OAuth 2"
    )
    tls: Tls = Field(Tls(), description="certificates and names")
    proxy: ProxyAddress | None = Field(
        None,
        description="send requests through this proxy, as in the kind http; none is taken from the environment",
        examples=["http://proxy.example.org:3128"],
    )
    unix_socket: SocketPath | None = Field(
        None,
        description="connect to this socket instead of a network address",
        examples=["/run/app/metrics.sock"],
    )
    ip: Literal["auto", "4", "6"] = Field("auto", description="IP version to use")
    resolve: Host | None = Field(
        None,
        description="connect to this address for the URL's host instead of asking DNS",
        examples=["192.0.2.7"],
    )
    follow_redirects: bool = Field(
        True, description="follow redirects; credentials and secrets are dropped on another origin"
    )
    max_body: Annotated[Size, Field(ge=1, le=_MAX_BODY)] = Field(
        10 * 1024.0 * 1024.0,
        description="larger answers are down; counted as unpacked; at most 256MiB",
        examples=["1MiB"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Asking:
        try:
            request_of(self, self.url)
        except ValidationError as error:
            (first, *_) = error.errors(include_url=False, include_input=False)
            raise ValueError(str(first["msg"]).removeprefix("Value error, ")) from None
        return self


def request_of(
    asking: Asking, url: str, headers: Mapping[str, str] | None = None, form: str | None = None
) -> HttpSpec:
    """The request; what the operator wrote among `headers:` goes before those given here, which are no secrets.

    With a form, encoded already, it is a POST.
    """
    written = {name.lower() for name in asking.headers}
    further = {name: value for name, value in (headers or {}).items() if name.lower() not in written}
    for text in (*further.values(), form or ""):
        leave_plain(text)
    return HttpSpec(
        url=url,
        method="GET" if form is None else "POST",
        headers={**asking.headers, **{name: Secret(value) for name, value in further.items()}},
        body=None if form is None else Secret(form),
        auth=asking.auth,
        tls=asking.tls,
        proxy=asking.proxy,
        unix_socket=asking.unix_socket,
        ip=asking.ip,
        resolve=asking.resolve,
        follow_redirects=asking.follow_redirects,
        max_body=asking.max_body,
    )


async def asked(request: HttpSpec, context: Context) -> Observation:
    """The answer with its whole body, as the kind `http` observes it; its status is not judged."""
    return await probe(
        request, replace(context, keep_body=int(request.max_body), asked=frozenset(), memo=None)
    )


def ended(answer: Observation, seen: Observation) -> Observation:
    """What was made of an answer, with its latency, phases and traces; it holds no page to quote from."""
    values = {"latency": answer.values.get("latency"), **seen.values}
    return replace(seen, values=values, phases=answer.phases, traces=answer.traces)


def unanswered(answer: Observation) -> Observation | None:
    """The end of a look that got no answer at all."""
    if answer.blind is None and answer.failure is None:
        return None
    return ended(
        answer, Observation(blind=answer.blind, failure=answer.failure, error_kind=answer.error_kind)
    )


def refused(answer: Observation, remedies: Mapping[int, str]) -> Observation | None:
    """The end of a look whose answer has no good status: ours are the rights and the pace, all else is theirs."""
    status = int(answer.values.get("status") or 0)
    if 200 <= status <= 299:
        return None
    if status in _REFUSALS:
        kind, remedy = _REFUSALS[status]
        return ended(answer, Observation(blind=f"the answer is {status}: {remedy}", error_kind=kind))
    remedy = f": {remedies[status]}" if status in remedies else ""
    failure = visible(f"the answer is {status}{remedy}", _REASON)
    return ended(answer, Observation(failure=failure, error_kind=ErrorKind.STATUS, body=answer.body))


def header(answer: Observation, name: str) -> str | None:
    """The first header of that name, written in lower case."""
    return next((value for key, value in answer.headers or () if key.lower() == name), None)
