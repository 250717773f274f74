"""Prometheus itself: promtool finds nothing to say about the page, and a real server scrapes it."""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests.end_to_end.daemon import Daemon, wait_for
from tests.end_to_end.website import Site

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def config(site: Site) -> dict[str, Any]:
    checks = {
        "home": {"type": "http", "url": site.url, "every": "1s", "timeout": "1s", "retry_every": "300ms"},
        "port": {"type": "tcp", "host": "127.0.0.1", "port": int(site.url.rstrip("/").rpartition(":")[2])},
        "disk": {"type": "disk", "path": "/"},
        "cpu": {"type": "cpu"},
        "memory": {"type": "memory"},
        "load": {"type": "load"},
    }
    return {"services": {"web": {"checks": checks}}}


def up(daemon: Daemon) -> float:
    return daemon.metrics().total("tocsin_check_up", service="web", check="home")


def test_promtool_has_nothing_to_say_fresh_failing_or_recovered(
    tmp_path: Path, program: Callable[[str, str], Path]
) -> None:
    promtool = program("promtool", "prometheus")

    def is_clean(page: str) -> None:
        done = subprocess.run(
            [promtool, "check", "metrics"],
            input=page,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    with Site() as site, Daemon(tmp_path, **config(site)) as daemon:
        site.turn(good=True, hold_from=1)
        fresh = daemon.start().metrics()
        assert fresh.total("tocsin_check_state", check="home", state="unknown") == 1
        is_clean(fresh.text)
        site.turn(good=False)
        wait_for(lambda: daemon.events("incident.opened"), "an incident")
        failing = daemon.metrics()
        assert failing.total("tocsin_tickets_open") == 1
        is_clean(failing.text)
        site.turn(good=True)
        wait_for(lambda: daemon.events("incident.recovered"), "the recovery")
        recovered = daemon.metrics()
        assert recovered.total("tocsin_tickets_open") == 0
        is_clean(recovered.text)
        daemon.stop()


@contextmanager
def prometheus(
    program: Path, directory: Path, target: str, port: int, **how: Any
) -> Iterator[Callable[[str], list[float]]]:
    """A server that scrapes the target each second; gives a function from query to values. `how` adds to the job."""
    directory.mkdir()
    targets = [{"targets": [target]}]
    scrape = {"job_name": "tocsin", "scrape_interval": "1s", "static_configs": targets, **how}
    (directory / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [scrape]}), encoding="utf-8")
    command = [
        str(program),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]

    def ask(query: str) -> list[float]:
        address = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with DIRECT.open(address, timeout=5) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return []
        return [float(series["value"][1]) for series in result]

    with (directory / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield ask
        finally:
            server.terminate()
            server.wait(30)


def test_a_real_prometheus_scrapes_the_outage_and_the_recovery(
    tmp_path: Path, free_port: Callable[[], int], program: Callable[[str, str], Path]
) -> None:
    server = program("prometheus", "prometheus")
    home = 'tocsin_check_up{service="web",check="home",kind="http"}'
    with Site() as site, Daemon(tmp_path, **config(site)) as daemon:
        target = daemon.start().address.removeprefix("http://")
        with prometheus(server, tmp_path / "prometheus", target, free_port()) as ask:
            wait_for(lambda: ask('up{job="tocsin"}') == [1.0], "a good scrape")
            wait_for(lambda: ask(home) == [1.0], "the check up in Prometheus")
            site.turn(good=False)
            wait_for(lambda: ask(home) == [0.0], "the check down in Prometheus")
            wait_for(lambda: ask("sum(tocsin_tickets_open)") == [1.0], "one ticket in Prometheus")
            site.turn(good=True)
            wait_for(lambda: ask(home) == [1.0], "the check up again in Prometheus")
            wait_for(lambda: ask("sum(tocsin_tickets_open)") == [0.0], "no ticket in Prometheus")
            assert ask('min_over_time(up{job="tocsin"}[10m])') == [1.0]
        daemon.stop()


def test_a_real_prometheus_scrapes_over_tls_with_a_token_and_not_without(
    tmp_path: Path, free_port: Callable[[], int], program: Callable[[str, str], Path]
) -> None:
    server, authority = program("prometheus", "prometheus"), trustme.CA()
    issued = authority.issue_cert("tocsin.example.org", "127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    web = {"tls": {"cert": str(tmp_path / "cert.pem"), "key": str(tmp_path / "key.pem")}}
    with Daemon(tmp_path, agent={"web": web, "metrics": {"allow": ["192.0.2.0/24"]}}) as daemon:
        daemon.spawn()
        listen = wait_for(lambda: daemon.events("daemon.started"), "the start")[0]["listen"][0]
        token = daemon.tocsin("token", "add", "prometheus", "--scope", "look").out.strip()
        (tmp_path / "token").write_text(token, encoding="utf-8")
        tls = {"scheme": "https", "tls_config": {"ca_file": str(tmp_path / "ca.pem")}}
        shown = {"authorization": {"credentials_file": str(tmp_path / "token")}}
        target = listen.removeprefix("https://")
        for name, how, seen in (("with", {**tls, **shown}, 1.0), ("without", tls, 0.0)):
            with prometheus(server, tmp_path / name, target, free_port(), **how) as ask:
                wait_for(lambda: ask('up{job="tocsin"}'), "a scrape")
                assert ask('up{job="tocsin"}') == [seen], name
        daemon.stop()
