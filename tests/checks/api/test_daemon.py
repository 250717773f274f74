"""The installed daemon and a quota: its own requests counted, and none sent while it has to wait, over kill -9."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.end_to_end.daemon import Daemon, wait_for


class Vendor:
    """Allows 1000 requests an hour, and tells so; throttles when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.throttles = False
        self.reset_at = time.time() + 3600
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    def _handler(vendor) -> type[BaseHTTPRequestHandler]:  # the handler's own self is another
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vendor.asked += 1
                self.send_response(429 if vendor.throttles else 200)
                self.send_header("X-RateLimit-Limit", "1000")
                self.send_header("X-RateLimit-Remaining", str(1000 - vendor.asked))
                self.send_header("X-RateLimit-Reset", str(int(vendor.reset_at)))
                self.send_header("Content-Length", "0")
                if vendor.throttles:
                    self.send_header("Retry-After", "600")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        return Handler


@contextmanager
def _serving() -> Iterator[Vendor]:
    vendor = Vendor()
    thread = threading.Thread(target=vendor.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.server.shutdown()
        thread.join()
        vendor.server.server_close()


def test_own_requests_are_counted_and_waits_are_kept_over_kill_9(tmp_path: Path) -> None:
    with _serving() as vendor:
        url = f"http://127.0.0.1:{vendor.server.server_port}/"
        check = {"type": "api", "url": url, "every": "1s", "retry_every": "1s"}
        services = {"shop": {"checks": {"payments": check}}}
        with Daemon(tmp_path, agent={"self_service": False}, services=services) as daemon:

            def gauge(name: str) -> float:
                lines = daemon.get("/metrics")[1].splitlines()
                found = (line for line in lines if line.startswith(f"tocsin_api_{name}{{"))
                return float(next(found, "0").rpartition(" ")[2])

            daemon.start()
            wait_for(lambda: gauge("own_requests") >= 3, "three requests of its own")
            daemon.kill()
            before = vendor.asked
            daemon.start()
            # A request that was under way when it was killed has no reading, and is not counted.
            wait_for(
                lambda: vendor.asked >= before + 2 and gauge("own_requests") >= vendor.asked - 1, "its count"
            )
            assert gauge("own_requests") <= vendor.asked
            vendor.throttles = True
            wait_for(lambda: 0 < gauge("quota_reset_seconds") < 601, "the wait that the vendor asks for")
            asked = vendor.asked
            daemon.kill()
            daemon.start()
            readings = len(daemon.rows("SELECT 1 FROM readings"))
            wait_for(
                lambda: len(daemon.rows("SELECT 1 FROM readings")) >= readings + 3,
                "three looks that ask nothing",
            )
            assert vendor.asked == asked
            (shown,) = daemon.json("status")["services"]
            assert shown["checks"][0]["status"] == "unknown"
            assert shown["state"] != "down"
            assert daemon.tickets() == []
