"""A proxy for HTTP that keeps nothing and is as slow as it is told to be."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_CHUNK = 16384
#: What is said of one connection, and not of what is sent through it.
_OF_A_CONNECTION = {"connection", "proxy-connection", "keep-alive", "transfer-encoding"}
_TIMEOUT = 60.0


class Rate:
    """So many bytes a second for all that share it."""

    def __init__(
        self,
        limit: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = limit
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._free_at = clock()

    def spend(self, size: int) -> None:
        """Wait until the bytes that were sent before have had their time."""
        with self._lock:
            now = self._clock()
            wait = self._free_at - now
            self._free_at = max(self._free_at, now) + size / self._limit
        if wait > 0:
            self._sleep(wait)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rate: Rate

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        url = urlsplit(self.path)
        if url.scheme != "http" or url.hostname is None:
            self.send_error(http.client.NOT_IMPLEMENTED, "only http")
            return
        there = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=_TIMEOUT)
        try:
            self._answer(there, url._replace(scheme="", netloc="").geturl())
        except (OSError, http.client.HTTPException):
            self.close_connection = True  # the client tries again
        finally:
            there.close()

    def _answer(self, there: http.client.HTTPConnection, path: str) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _OF_A_CONNECTION}
        there.request(self.command, path, headers=headers)
        answer = there.getresponse()
        self.send_response_only(answer.status, answer.reason)
        for key, value in answer.getheaders():
            if key.lower() not in _OF_A_CONNECTION:
                self.send_header(key, value)
        if answer.length is None and self.command == "GET":
            self.close_connection = True  # its end is that of the connection
            self.send_header("Connection", "close")
        self.end_headers()
        while data := answer.read(_CHUNK):
            self.rate.spend(len(data))
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


@contextmanager
def slow_proxy(bytes_per_second: float) -> Iterator[str]:
    """A proxy on this machine; its address."""
    handler = type("Handler", (_Handler,), {"rate": Rate(bytes_per_second)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
