"""What usually listens on a port or a socket in the file system, and what such a server says when one connects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """One server: a name for the check, one for people, what to send to it and what it says (tcp's options)."""

    name: str
    title: str
    expect: str | None = None
    send: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSocket:
    """A server that may listen in the file system alone: where, its process, and a program that asks it."""

    port: int
    path: re.Pattern[str]
    process: Mapping[str, str]
    asks: str


SSH = Known("ssh", "Secure shell", "^SSH-")

SERVERS: Mapping[int, Known] = {
    25: Known("smtp", "Mail (SMTP)", "^220 "),
    53: Known("dns", "Name server"),
    110: Known("pop3", "Mail (POP3)", r"^\+OK"),
    143: Known("imap", "Mail (IMAP)", r"^\* OK"),
    389: Known("ldap", "Directory (LDAP)"),
    587: Known("submission", "Mail submission", "^220 "),
    1433: Known("mssql", "Microsoft SQL Server"),
    1521: Known("oracle", "Oracle database"),
    1883: Known("mqtt", "MQTT broker"),
    2379: Known("etcd", "etcd"),
    3306: Known("mysql", "MySQL or MariaDB"),
    5432: Known("postgresql", "PostgreSQL"),
    5672: Known("rabbitmq", "RabbitMQ"),
    5984: Known("couchdb", "CouchDB"),
    6379: Known("redis", "Redis", r"^(\+PONG|-NOAUTH|-DENIED)", r"PING\r\n"),
    8086: Known("influxdb", "InfluxDB"),
    9042: Known("cassandra", "Cassandra"),
    9200: Known("elasticsearch", "Elasticsearch or OpenSearch"),
    11211: Known("memcached", "memcached", "^VERSION ", r"version\r\n"),
    27017: Known("mongodb", "MongoDB"),
}
SOCKETS = (
    KnownSocket(
        5432, re.compile(r"(?:/var)?/run/postgresql/\.s\.PGSQL\.\d{1,5}"), {"name": "postgres"}, "pg_isready"
    ),
    KnownSocket(
        3306,
        re.compile(r"(?:/var)?/run/mysqld/mysqld\.sock|/var/lib/mysql/mysql\.sock"),
        {"command_line": r"^\S*(mariadbd|mysqld)( |$)"},
        "mysqladmin ping",
    ),
    KnownSocket(
        6379,
        re.compile(r"(?:/var)?/run/redis/redis(?:-server)?\.sock"),
        {"name": "redis-server"},
        "redis-cli ping",
    ),
)
# TLS from the first byte on: of these the certificate is looked at, which counts for the name that is on it.
TLS_SERVERS: Mapping[int, Known] = {
    465: Known("smtps", "Mail submission over TLS"),
    636: Known("ldaps", "Directory over TLS"),
    853: Known("dot", "Name server over TLS"),
    993: Known("imaps", "Mail (IMAP over TLS)"),
    995: Known("pop3s", "Mail (POP3 over TLS)"),
    6697: Known("ircs", "Chat (IRC over TLS)"),
    8883: Known("mqtts", "MQTT broker over TLS"),
}
SSH_PORT = 22
WEB_PORTS: Mapping[int, str] = {80: "http", 443: "https", 8080: "http", 8443: "https"}
