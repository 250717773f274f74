"""Behind nginx and Caddy, as the shipped examples set them up: people sign in, pages stay live, addresses are right."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest
import trustme

from tests.checks.mail.post_office import PostOffice
from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.test_mail_notices import serving
from tests.end_to_end.website import Site

NAME, PASSWORD = "tocsin.example.org", "correct horse battery staple"
# Another address of loopback than that of the proxy: so it is seen which of them counts.
BROWSER, ELSEWHERE = "127.0.0.5", "203.0.113.9"
AROUND_NGINX = """
daemon off;
pid {place}/nginx.pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
{example}
}}
"""
AROUND_CADDY = """
{{
	admin off
	auto_https disable_redirects
	default_bind 127.0.0.1
}}
{example}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the proxy listens, with TLS and without, and Tocsin behind it; its files are in `directory`."""

    directory: Path
    port: int
    plain: int
    tocsin: int

    def of(self, example: str) -> str:
        """The example with these ports and files."""
        changed = {
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "/etc/ssl/tocsin.pem": str(self.directory / "cert.pem"),
            "/etc/ssl/private/tocsin.key": str(self.directory / "key.pem"),
            "127.0.0.1:9809": f"127.0.0.1:{self.tocsin}",
            f"{NAME} {{": f"https://{NAME}:{self.port} {{",
        }
        for old, new in changed.items():
            example = example.replace(old, new)
        return example


@contextmanager
def running(command: list[str], place: Place, **environment: str) -> Iterator[None]:
    def listens() -> bool:
        assert process.poll() is None, (place.directory / "proxy.log").read_text()
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", place.port)) == 0

    with (
        (place.directory / "proxy.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment}) as process,
    ):
        try:
            wait_for(listens, "the proxy listens")
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def nginx(program: Path, example: str, place: Place) -> Iterator[None]:
    file = place.directory / "nginx.conf"
    file.write_text(AROUND_NGINX.format(place=place.directory, example=place.of(example)))
    log = str(place.directory / "error.log")
    with running([str(program), "-p", str(place.directory), "-e", log, "-c", str(file)], place):
        yield


@contextmanager
def caddy(program: Path, example: str, place: Place) -> Iterator[None]:
    file, home = place.directory / "Caddyfile", str(place.directory)
    file.write_text(AROUND_CADDY.format(example=place.of(example)))
    command = [str(program), "run", "--config", str(file), "--adapter", "caddyfile"]
    with running(command, place, HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home):
        yield


PROXIES = {"nginx": (nginx, "nginx-light", "nginx.conf"), "caddy": (caddy, "caddy", "Caddyfile")}


@contextmanager
def browser(place: Place, authority: trustme.CA) -> Iterator[httpx.Client]:
    """Asks the proxy by its name, from another address; says of itself what is not true."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    headers = {
        "Host": f"{NAME}:{place.port}",
        "Origin": f"https://{NAME}:{place.port}",
        "X-Forwarded-For": ELSEWHERE,
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": f"for={ELSEWHERE}",
    }

    def named(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = NAME

    with httpx.Client(
        base_url=f"https://127.0.0.1:{place.port}",
        headers=headers,
        timeout=60,
        transport=httpx.HTTPTransport(verify=context, local_address=BROWSER),
        event_hooks={"request": [named]},
    ) as client:
        yield client


def daemon_behind(place: Place, site: Site, office: PostOffice) -> Daemon:
    mail = {"type": "email", "from": "t@example.org", "server": f"127.0.0.1:{office.port}", "tls": "none"}
    check = {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "retry_every": "300ms"}
    return Daemon(
        place.directory,
        agent={
            "listen": f"127.0.0.1:{place.tocsin}",
            "metrics": {"allow": ["127.0.0.1/32"]},
            "web": {"hosts": [NAME], "proxy": {"from": ["127.0.0.1/32"]}},
        },
        desk={"url": f"https://{NAME}:{place.port}"},
        channels={"post": {**mail, "to": ["desk@example.org"]}},
        routes=[{"send_to": ["post"]}],
        services={"web": {"checks": {"home": check}}},
    )


def path_in(text: str, place: Place, start: str) -> str:
    """The path of the first link that begins so."""
    found = re.search(rf"https://{re.escape(NAME)}:{place.port}({start}\S+)", text)
    assert found is not None, text
    return found[1]


@pytest.fixture(params=PROXIES)
def behind(
    request: pytest.FixtureRequest,
    root: Path,
    tmp_path: Path,
    free_port: Callable[[], int],
    program: Callable[[str, str], Path],
) -> Iterator[tuple[Place, trustme.CA]]:
    """A proxy as in the example, with a certificate."""
    proxy, package, example = PROXIES[request.param]
    found, authority = program(request.param, package), trustme.CA()
    issued = authority.issue_cert(NAME)
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    place = Place(tmp_path, free_port(), free_port(), free_port())
    text = (root / "docs" / "examples" / "proxy" / example).read_text(encoding="utf-8")
    with proxy(found, text, place):
        yield place, authority


def signs_in(client: httpx.Client, daemon: Daemon, place: Place) -> None:
    """The first admin chooses a password, leaves, mistypes it, and comes back."""
    welcome = path_in(daemon.log_file.read_text(encoding="utf-8"), place, "/")
    chosen = client.post(welcome, data={"name": "one", "password": PASSWORD, "again": PASSWORD})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/"), chosen.text
    cookie = chosen.headers["set-cookie"]
    assert cookie.startswith("__Host-tocsin=") and "Secure" in cookie
    client.cookies.clear()
    assert client.get("/").headers["location"].startswith("/sign-in")
    assert client.post("/sign-in", data={"name": "one", "password": "wrong"}).status_code == 403
    assert client.post("/sign-in", data={"name": "one", "password": PASSWORD}).status_code == 303
    page = client.get("/")
    assert page.status_code == 200
    assert "max-age" in page.headers["strict-transport-security"]


def test_people_work_behind_a_proxy_as_without(behind: tuple[Place, trustme.CA]) -> None:
    place, authority = behind
    office = PostOffice()
    with (
        Site() as site,
        serving(office),
        daemon_behind(place, site, office) as daemon,
        browser(place, authority) as client,
    ):
        daemon.start()
        wait_for(lambda: "Nobody can sign in" in daemon.log_file.read_text(), "the first link")
        signs_in(client, daemon, place)
        with client.stream("GET", "/api/v1/stream") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            site.turn(good=False)
            assert next(line for line in lines if line.startswith("event:")) == "event: changed"
        wait_for(lambda: office.mails, "the mail on the ticket")
        link = path_in(message_from_bytes(office.mails[0], policy=default).get_content(), place, "/a/")
        client.cookies.clear()
        assert "Acknowledge" in client.get(link).text
        form = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
        assert client.post(link, headers=form).status_code == 200
        wait_for(lambda: daemon.tickets()[0]["state"] == "acknowledged", "the ticket acknowledged")
        assert client.get("/metrics").status_code == 403
        audit = daemon.tocsin("users", "audit").out
        assert BROWSER in audit
        assert ELSEWHERE not in audit
        daemon.stop()


def test_browsers_that_speak_http_2_get_the_pages_too(
    behind: tuple[Place, trustme.CA], program: Callable[[str, str], Path]
) -> None:
    (place, authority), curl = behind, program("curl", "curl")
    authority.cert_pem.write_to_path(place.directory / "ca.pem")
    office = PostOffice()
    with Site() as site, serving(office), daemon_behind(place, site, office) as daemon:
        daemon.start()
        asked = subprocess.run(
            [
                *(curl, "--http2", "--silent", "--show-error", "--noproxy", "*", "--output", os.devnull),
                *("--write-out", "%{http_version} %{http_code}", "--cacert", place.directory / "ca.pem"),
                *("--resolve", f"{NAME}:{place.port}:127.0.0.1", f"https://{NAME}:{place.port}/sign-in"),
            ],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert asked.stdout == "2 200", asked.stderr
        daemon.stop()
