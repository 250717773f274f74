"""A web server of a test's own, for many at once."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class WebServer(ThreadingHTTPServer):
    """With room for all that ask in the same moment: whom there is no room for is heard a second later, or too late."""

    daemon_threads = True
    request_queue_size = 1024
