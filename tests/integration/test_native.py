"""The image is the same, whether programs of this machine are at work in the system or not."""

from __future__ import annotations

import http.server
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.long]

MINUTES = 60
OWN = "binary-amd64"


class Mirror(http.server.ThreadingHTTPServer):
    """Passes on what a mirror has; it may have nothing for this machine's architecture.

    For packages it sends apt to the mirror. For indexes it does not, as apt would ask that one for
    all others, too.
    """

    real: str
    has_own = True


class Answer(http.server.BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        if OWN in self.path and not self.server.has_own:
            self.send_error(404)
            return
        address = f"{self.server.real}{self.path}"
        if "/dists/" not in self.path:
            self.send_response(302)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        try:
            with urllib.request.urlopen(address) as index:  # noqa: S310 (the mirror of this machine)
                content = index.read()
        except urllib.error.HTTPError as error:
            self.send_error(error.code)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(host_mirror: str) -> Iterator[Mirror]:
    with Mirror(("127.0.0.1", 0), Answer) as server:
        server.real = host_mirror.rstrip("/")
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_the_image_is_the_same_where_all_is_emulated(user: Any, mirror: Mirror) -> None:
    folder = user.folder("native")
    recipe = user.checkout / "tests/integration/recipes/emulated.py"
    address = f"http://127.0.0.1:{mirror.server_port}"

    def build(name: str) -> tuple[Path, str]:
        image = folder / f"{name}.img"
        cache = ("--cache-dir", folder / name)
        options = ("--output", image, "--mirror", address, "--timings", *cache)
        done = user.build(recipe, *options, timeout=60 * MINUTES)
        assert done.returncode == 0, done.stdout
        (log,) = (folder / name).rglob("*.log")
        return image, log.read_text()

    native, said = build("native")
    assert "busybox-static" in said
    mirror.has_own = False
    emulated, said = build("emulated")
    assert "404" in said
    assert native.read_bytes() == emulated.read_bytes()
