"""Who could listen in: an address that others reach takes TLS, a proxy, or words that say it is meant."""

from __future__ import annotations

import os
from pathlib import Path

from config.certificates import CannotServe, load_pair
from config.friendly import shown
from config.models import Config
from config.oidc import is_loopback
from config.places import Where
from config.sources import Sources
from config.web import TlsOptions

_TLS: Where = ("agent", "web", "tls")
_REMEDY = (
    "set agent.web.tls: {cert, key}, or agent.web.proxy: {from: [ADDRESS]} for a proxy that speaks TLS, or say "
    'agent.web.exposed: "without TLS"'
)


def look_at_exposure(sources: Sources, config: Config) -> None:
    """Note mistakes and warnings in `sources`."""
    agent, web = config.agent, config.agent.web
    open_to_others = not is_loopback(agent.listen.rpartition(":")[0])
    misread = any(each.path.startswith("agent.web") for each in sources.problems)
    if open_to_others and not (web.tls or web.proxy or web.exposed or misread):
        message = (
            f"on {shown(agent.listen)} others would reach the pages, and whoever is on the way read passwords"
        )
        sources.blame(("agent", "listen"), message, _REMEDY)
    if web.exposed and (web.tls or not open_to_others):
        why = "TLS is on" if web.tls else f"{shown(agent.listen)} is reached from this host alone"
        sources.warn(("agent", "web", "exposed"), f"is not needed: {why}", "leave it out")
    if web.tls is not None:
        _pair(sources, web.tls)
    if web.proxy and web.proxy.role and web.proxy.user_header is None:
        hint = "write user_header: X-Remote-User, or leave the role out"
        sources.blame(("agent", "web", "proxy", "role"), "nobody is named without user_header", hint)


def _pair(sources: Sources, tls: TlsOptions) -> None:
    """Whoever validates may not be allowed to read the key; the daemon must be."""
    for name, path in (("cert", tls.cert), ("key", tls.key)):
        if Path(path).is_file() and not os.access(path, os.R_OK):
            where, hint = (*_TLS, name), "the daemon must be able to read it"
            sources.warn(where, f"{shown(path)} cannot be read here", hint)
            return
    try:
        load_pair(tls)
    except CannotServe as error:
        sources.blame(
            _TLS, str(error), "write the certificate with those of its issuers, and its key, as PEM"
        )
