"""Which field of a JSON access log is which: the names that programs really write.

Caddy, Traefik, Envoy, Cloudflare, Google's load balancers, Datadog, the Elastic common schema, and what operators name
in an nginx log_format or Apache's mod_log_json.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one program's fields, in small letters, the likeliest first; dots lead into objects.

    `took` goes with how many seconds its unit has; `last` tells which of several clients is meant; `marks` are fields
    of which one must be there when others use the same names for status.
    """

    status: tuple[str, ...]
    time: tuple[str, ...]
    target: tuple[str, ...]
    client: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    took: tuple[tuple[str, float], ...] = ()
    size: tuple[str, ...] = ()
    referrer: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    last: bool = False
    marks: tuple[str, ...] = ()

    def of(self, names: frozenset[str]) -> Dialect | None:
        """The same with those names only; None when its status or all of its marks are not among them."""
        if names.isdisjoint(self.status) or (self.marks and names.isdisjoint(self.marks)):
            return None

        def there(wanted: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in wanted if name in names)

        took = tuple((name, unit) for name, unit in self.took if name in names)
        return Dialect(
            there(self.status), there(self.time), there(self.target), there(self.client), there(self.site), took,
            there(self.size), there(self.referrer), there(self.upstream), self.last,
        )  # fmt: skip

    def names(self) -> frozenset[str]:
        """All of them."""
        took = tuple(name for name, _ in self.took)
        named = self.status + self.time + self.target + self.client + self.site + took + self.size
        return frozenset(named + self.referrer + self.upstream + self.marks)


DIALECTS = (
    Dialect(  # https://doc.traefik.io/traefik/observability/access-logs/ Durations are nanoseconds.
        ("downstreamstatus",), ("time", "startutc", "startlocal"), ("requestpath", "requestline"),
        ("clienthost", "clientaddr"), ("requesthost", "requestaddr"), (("duration", 1e-9),),
        ("downstreamcontentsize",), ("request_referer", "request_referrer"), ("serviceaddr", "servicename"), True,
    ),
    Dialect(  # https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/
        ("edgeresponsestatus",), ("edgestarttimestamp", "edgeendtimestamp"),
        ("clientrequesturi", "clientrequestpath"), ("clientip",), ("clientrequesthost",),
        (("edgetimetofirstbytems", 1e-3), ("originresponsedurationms", 1e-3)), ("edgeresponsebytes",),
        ("clientrequestreferer",), ("originip",),
    ),
    Dialect(  # Envoy and Istio; durations are milliseconds
        ("response_code",), ("start_time", "timestamp", "time"),
        ("x-envoy-origin-path", "x-envoy-original-path", "path", ":path", "request_path"),
        ("downstream_remote_address", "x-forwarded-for", "x_forwarded_for", "client_ip"),
        (":authority", "authority", "host"), (("duration", 1e-3),), ("bytes_sent",),
        ("referer", "referrer", "http_referer"), ("upstream_host", "upstream_cluster"),
        marks=("response_flags", ":authority", "authority", "upstream_cluster", "downstream_remote_address"),
    ),
    Dialect(  # https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest
        ("httprequest.status",), ("timestamp", "receivetimestamp"), ("httprequest.requesturl",),
        ("httprequest.remoteip",), (), (("httprequest.latency", 1.0),), ("httprequest.responsesize",),
        ("httprequest.referer",), ("httprequest.serverip", "resource.labels.backend_service_name"),
    ),
    Dialect(  # https://www.elastic.co/guide/en/ecs/current/ecs-http.html Durations are nanoseconds.
        ("http.response.status_code",), ("@timestamp", "timestamp", "time"),
        ("url.path", "url.original", "url.full", "http.request.path"), ("source.ip", "client.ip", "source.address"),
        ("url.domain", "host.name"), (("event.duration", 1e-9),),
        ("http.response.body.bytes", "http.response.bytes"), ("http.request.referrer",), ("destination.address",),
    ),
    Dialect(  # https://docs.datadoghq.com/standard-attributes/ Durations are nanoseconds.
        ("http.status_code",), ("timestamp", "time", "date", "@timestamp", "ts"),
        ("http.url", "http.url_details.path", "http.path", "http.target"),
        ("network.client.ip", "http.client_ip", "client.ip"), ("http.url_details.host", "http.host"),
        (("http.request_time", 1.0), ("duration", 1e-9)), ("network.bytes_written",),
        ("http.referer", "http.referrer"),
    ),
    Dialect(  # Kong; https://docs.konghq.com/hub/kong-inc/file-log/ Milliseconds.
        ("response.status",), ("started_at", "time"), ("request.uri", "request.url"), ("client_ip",),
        ("request.headers.host",), (("latencies.request", 1e-3),), ("response.size",),
        ("request.headers.referer",), ("upstream_uri", "service.host"),
    ),
    Dialect(  # https://caddyserver.com/docs/json/apps/http/servers/logs/ and what operators write themselves
        (
            "status", "status_code", "statuscode", "response_status", "http_status", "http_status_code",
            "http_response_code", "response_code", "code", "response", "sc-status", "res.status",
            "res.statuscode", "response.status_code", "resp_status", "respstatus", "request_status",
        ),
        (
            "ts", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "timelocal", "time_utc", "msec",
            "datetime", "date_time", "requesttime", "request_timestamp", "start_time", "date", "iso8601",
            "epoch", "unix", "logged_at", "asctime", "timestamp(ms)",
        ),
        (
            "request.uri", "request_uri", "requesturi", "uri", "path", "request_path", "requestpath", "url",
            "request_url", "requesturl", "http_path", "http_url", "cs-uri-stem", "request.path", "request.url",
            "req.url", "request_line", "requestline", "request", "http_request", "rawpath", "endpoint", "resourcepath",
            "request_full",
        ),
        (
            "request.remote_ip", "request.client_ip", "request.remote_addr", "remote_addr", "remoteaddr", "remote_ip",
            "remoteip", "client_ip", "clientip", "client", "remote_host", "remotehost", "remote", "ip", "c-ip",
            "client_addr", "source_ip", "sourceip", "src_ip", "req.remoteaddress", "request.ip", "host_ip",
            "http_x_forwarded_for", "x_forwarded_for", "x-forwarded-for",
        ),
        (
            "request.host", "http_host", "vhost", "host", "server_name", "servername", "server", "virtual_host",
            "domain", "hostname", "authority", "site", "cs(host)", "cs-host", "x-host-header", "request_host",
            "req.headers.host", "domainname",
        ),
        (
            ("request_time", 1.0), ("requesttime_s", 1.0), ("request_time_sec", 1.0), ("latency_human", 1.0),
            ("duration_ms", 1e-3), ("durationms", 1e-3),
            ("request_time_ms", 1e-3), ("responselatency", 1e-3), ("response_time_ms", 1e-3), ("latency_ms", 1e-3),
            ("took_ms", 1e-3), ("elapsed_ms", 1e-3), ("responsetime", 1e-3), ("duration_us", 1e-6),
            ("request_time_us", 1e-6), ("request_duration_us", 1e-6), ("took_us", 1e-6), ("duration_ns", 1e-9),
            ("duration_s", 1.0), ("elapsed_s", 1.0), ("latency_s", 1.0), ("duration_seconds", 1.0),
            ("time-taken", 1.0), ("duration", 0.0), ("request_duration", 0.0), ("response_time", 0.0),
            ("latency", 0.0), ("took", 0.0), ("elapsed", 0.0), ("rt", 0.0), ("time_taken", 0.0),
            ("upstream_response_time", 1.0),
        ),
        (
            "size", "body_bytes_sent", "bodybytessent", "bytes_sent", "bytessent", "bytes", "response_size",
            "responselength", "response_length", "body_size", "bytes_sent_body", "bytes_out",
            "content_length", "resp_size", "sc-bytes", "sent_bytes",
        ),
        (
            "http_referer", "http_referrer", "referer", "referrer", "request.headers.referer", "req.headers.referer",
            "cs(referer)", "request_referer", "httpreferer",
        ),
        ("upstream_addr", "upstreamaddr", "upstream", "backend", "upstream_host", "proxy_host", "upstream_address"),
    ),
)  # fmt: skip
KNOWN = frozenset[str]().union(*(each.names() for each in DIALECTS))
