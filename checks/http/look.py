"""HTTP: one look, hop by hop: redirects are followed here, so that each of them passes the same rules."""

from __future__ import annotations

import time
from dataclasses import replace

import pycurl

from checks.base import Context, ErrorKind, Observation
from checks.connection import Fault
from checks.http.address import without_secrets
from checks.http.answer import Answer, media_type
from checks.http.asked import after_refusal, extra_values
from checks.http.cookies import cookie_line, kept
from checks.http.faults import CertificateRefused, fault, is_unknown_encoding, late
from checks.http.gathered import CERTIFICATE_VALUES, Look
from checks.http.measured import certificates, days_left, phases_of, spoken_version
from checks.http.request import Request, first_request, redirected, taken_as_it_comes
from checks.http.route import Route, route_to
from checks.http.schema import LARGEST
from checks.http.spec import HttpSpec
from checks.http.transfer import bound, can_speak_http_3, prepare
from checks.network import AddressRefused, LookupFailed
from checks.text import visible
from config.references import SecretError

_REDIRECTS = {301, 302, 303, 307, 308}
_EXCERPT_BYTES = 4096
_FIRST_FAILING = 400


async def looked(
    spec: HttpSpec, context: Context, token: str | None = None, began: float | None = None
) -> Observation:
    """Ask, follow redirects, and say what was seen. Never raises for anything the world does.

    `token` is an access token that was fetched for this; `began` is when the time of `context` began to run, on the
    performance counter, if that was before now.
    """
    look = Look(spec, context)
    look.began = look.started if began is None else began
    if spec.http_version == "3" and not can_speak_http_3():
        return look.failed(Fault(_without_http_3(), ErrorKind.LOCAL))
    try:
        request = first_request(spec, token)
        look.home = request.target.host
        while True:
            outcome = await _hop(request, look)
            if isinstance(outcome, Observation):
                return outcome
            request = outcome
    except Fault as fault:
        return look.failed(fault)
    except SecretError as error:
        return look.failed(Fault(str(error), ErrorKind.LOCAL))
    except LookupFailed as error:
        return look.failed(Fault(str(error), ErrorKind.LOCAL if error.local else ErrorKind.DNS))
    except AddressRefused as error:
        return look.failed(Fault(str(error), ErrorKind.POLICY))


async def _hop(request: Request, look: Look) -> Observation | Request:
    """One request: the end of the look, or the next request of a redirect."""
    spec, context = look.spec, look.context
    started, look.ended = time.perf_counter(), None
    route = await route_to(request.target, spec, context, look.left, look.home)
    look.add({"resolve": time.perf_counter() - started})
    look.addresses = route.addresses
    keep = max(context.keep_body, _EXCERPT_BYTES if spec.schema is None else LARGEST + 1)
    answer = Answer(keep=keep, limit=int(spec.max_body), hashed="body_hash" in look.wants)
    found = await _transferred(request, look, route, answer)
    if isinstance(found, CertificateRefused):
        found = await after_refusal(found, request, look, route)
    if isinstance(found, Fault):
        return look.failed(found, answer)
    if found is not None:
        return found
    if not answer.ended:  # libcurl is content with half the headers
        return look.failed(
            Fault("the connection was closed in the middle of the headers", ErrorKind.RESET), answer
        )
    return _next(request, look, answer) or await _end(request, look, route, answer)


async def _transferred(request: Request, look: Look, route: Route, answer: Answer) -> Fault | Request | None:
    """Why there is no answer, or what to ask instead; None when it is there."""
    context = look.context
    with context.network.handle() as curl:
        prepare(curl, look.spec, request, route)
        bound(curl, answer, look.left)
        try:
            await context.network.perform(curl)
        except pycurl.error as error:
            _measure(curl, look, answer)
            if is_unknown_encoding(error) and (again := taken_as_it_comes(request)):
                return again
            if error.args[0] == pycurl.E_OPERATION_TIMEDOUT:
                return late(curl, answer, context.timeout, route.tried)
            return fault(curl, error, answer, route.tried)
        _measure(curl, look, answer)
    return None


def _measure(curl: pycurl.Curl, look: Look, answer: Answer) -> None:
    values, look.ended = look.values, time.perf_counter()
    look.add(phases_of(curl))
    status = curl.getinfo(pycurl.RESPONSE_CODE)
    if status:
        values["status"] = status
        values["size"] = answer.size
        values["http_version"] = spoken_version(curl)
    if (address := curl.getinfo(pycurl.PRIMARY_IP)) and address[0] != "/":  # a socket has a path instead
        values["ip"] = address
    if "tls" in look.phases:
        values.update(days_left(curl, look.context.now))
        if look.context.closely or look.wants & CERTIFICATE_VALUES:
            look.chain = certificates(curl)


def _next(request: Request, look: Look, answer: Answer) -> Request | Observation | None:
    """The request that a redirect asks for, or why it is not made; None for any other answer."""
    status = look.values.get("status")
    if status not in _REDIRECTS or not look.spec.follow_redirects:
        return None
    headers = answer.headers()
    location = _first(headers, "location")
    if not location:
        return None
    if look.redirects >= look.spec.max_redirects:
        shown = visible(without_secrets(location), 80)
        reason = f"more than {look.spec.max_redirects} redirects, the last to {shown}"
        return look.failed(Fault(reason, ErrorKind.PROTOCOL), answer)
    look.redirects += 1
    try:
        following = redirected(request, int(status), location)
    except ValueError as error:
        return look.failed(Fault(f"redirect refused: {_plain(error)}", ErrorKind.PROTOCOL), answer)
    look.cookies = kept(look.cookies, headers, request.target, look.context.now)
    return replace(following, cookies=cookie_line(look.cookies, following.target))


async def _end(request: Request, look: Look, route: Route, answer: Answer) -> Observation:
    headers = answer.headers()
    sort = _first(headers, "content-type")
    if sort is not None:
        look.values["content_type"] = media_type(sort)
    if look.wants:
        look.values.update(await extra_values(request, look, route, answer))
    text, whole = answer.text(sort), len(answer.body) == answer.size
    verdict: dict[str, object] = {}
    if look.spec.schema is not None:
        broken = await look.spec.schema.fault_of(text, whole=whole, seconds=look.left)
        verdict = _unlike_schema(broken, look) if broken is not None else {}
    return look.observation(headers=headers, body=text, whole=whole, **verdict)


def _unlike_schema(broken: Fault, look: Look) -> dict[str, object]:
    """An error page keeps to no schema: then the status is what matters."""
    status = int(look.values.get("status") or 0)
    if broken.blind:
        return {"blind": broken.message, "error_kind": broken.kind}
    if status >= _FIRST_FAILING:
        return {"failure": f"status {status}, and {broken.message}", "error_kind": ErrorKind.STATUS}
    return {"failure": broken.message, "error_kind": broken.kind}


def _without_http_3() -> str:
    known = next((word for word in pycurl.version.split() if word.startswith("libcurl/")), "libcurl")
    return f"http_version: 3 wants nghttp3 in libcurl, and {known} here was built without it (install pycurl's wheel)"


def _plain(error: ValueError) -> str:
    """Why an address cannot be used, as a phrase of its own; a file's complaint says it of the option."""
    return visible(str(error).removeprefix("is "))


def _first(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    """The first header of that name, written in lower case."""
    return next((value for key, value in headers if key.lower() == name), None)
