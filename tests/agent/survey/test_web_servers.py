"""Sites and logs are read from the configurations of nginx and Apache as people write them."""

from __future__ import annotations

import pytest

from agent.survey import apache, nginx
from agent.survey.found import Binding

NGINX = """
user www-data;
http {
    log_format main '$remote_addr "{$request}"; ';   # braces; in quotes
    access_log /var/log/nginx/access.log main;
    map $http_upgrade $up { default upgrade; '' close; }
    server {
        listen 80 default_server;
        listen [::]:80 default_server;
        server_name _;
    }
    server {
        listen 443 ssl http2; listen 127.0.0.1:8443 ssl; listen unix:/run/x.sock;
        server_name shop.example www.shop.example;
        location ~ "^/a{2}" { access_log "/var/log/nginx/shop access.log" main; return 200 "{}"; }
        # server_name not.this;
    }
    server { server_name bare.example; }
    server { server_name inner.example; listen unix:/run/inner.sock; }
}
stream { server { listen 5432; server_name db.example; } }
"""

APACHE = """
<VirtualHost *:80>
    ServerName http://shop.example:80
    ServerAlias www.shop.example shop
    CustomLog ${APACHE_LOG_DIR}/shop-access.log combined
</VirtualHost>
# <VirtualHost *:81>
<IfModule mod_ssl.c>
<virtualhost _default_:443 [::1]:8443>
    servername "shop.example"
    SSLEngine on
    CustomLog "|/usr/bin/rotatelogs /x" combined
</virtualhost>
</IfModule>
"""


def test_nginx_virtual_hosts_are_found_with_names_and_bindings() -> None:
    found = {server.names: server.bindings for server in nginx.web_servers(NGINX)}
    assert found == {
        ("_",): (Binding("", 80, False), Binding("::", 80, False)),
        ("shop.example", "www.shop.example"): (Binding("", 443, True), Binding("127.0.0.1", 8443, True)),
        ("bare.example",): (Binding("", 80, False),),
        ("inner.example",): (),
    }


def test_nginx_logs_are_found_wherever_they_stand() -> None:
    assert list(nginx.access_logs(NGINX)) == ["/var/log/nginx/access.log", "/var/log/nginx/shop access.log"]


@pytest.mark.parametrize(
    ("words", "binding"),
    [
        ("8080", Binding("", 8080, False)),
        ("*:8080 ssl", Binding("*", 8080, True)),
        ("[::1]:81", Binding("::1", 81, False)),
        ("localhost", Binding("localhost", 80, False)),
        ("443 quic reuseport", Binding("", 443, True)),
    ],
)
def test_nginx_listen_is_understood(words: str, binding: Binding) -> None:
    (server,) = nginx.web_servers(f"server {{ listen {words}; }}")
    assert server.bindings == (binding,)


def test_apache_virtual_hosts_are_found_with_names_and_bindings() -> None:
    plain, secure = apache.web_servers(APACHE)
    assert (plain.names, plain.bindings) == (
        ("shop.example", "www.shop.example", "shop"),
        (Binding("*", 80, False),),
    )
    assert (secure.names, secure.bindings) == (
        ("shop.example",),
        (Binding("", 443, True), Binding("::1", 8443, True)),
    )


def test_apache_logs_are_found_where_debian_keeps_them() -> None:
    first, *_ = apache.access_logs(APACHE)
    assert first == "/var/log/apache2/shop-access.log"


@pytest.mark.parametrize(
    "text",
    ["", "}", "}}}}", "server {", "{" * 20_000, '"' * 9999, "server { listen 99999999; listen; server_name }",
     "<VirtualHost", "<VirtualHost *:80>", "</VirtualHost>" * 3, "ServerName", "SSLEngine", "\\" * 9999],
    ids=range(13),
)  # fmt: skip
def test_a_broken_configuration_is_read_as_far_as_it_goes(text: str) -> None:
    for program in (nginx, apache):
        assert all(server.names == () for server in program.web_servers(text))
        assert list(program.access_logs(text)) == []
