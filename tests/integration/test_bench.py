"""The parts of nox -s bench that do something."""

import http.client
import http.server
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench import kpartx
from bench.mirror import slow_proxy

pytestmark = pytest.mark.integration

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/some/file"
        self.send_response(200 if found else 404)
        body = CONTENT if found else b"no"
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Range-Seen", self.headers.get("Range", "none"))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def fetch(proxy: str, urls: list[str]) -> tuple[float, list[tuple[int, bytes, str | None]]]:
    """Fetch through a proxy, over one connection."""
    place = urlsplit(proxy)
    assert place.hostname
    there = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    started = time.monotonic()
    answers = []
    for url in urls:
        there.request("GET", url, headers={"Range": "bytes=0-"})
        answer = there.getresponse()
        answers.append((answer.status, answer.read(), answer.getheader("Range-Seen")))
    there.close()
    return time.monotonic() - started, answers


def test_the_proxy_passes_on_what_it_gets_at_its_rate(site: str) -> None:
    with slow_proxy(2 * 2**20) as proxy:
        seconds, answers = fetch(proxy, [f"{site}/some/file", f"{site}/none", f"{site}/some/file"])
        assert answers[0] == answers[2] == (200, CONTENT, "bytes=0-")
        assert answers[1][:2] == (404, b"no")
        assert 0.9 < seconds < 3.0
    with slow_proxy(200 * 2**20) as proxy:
        assert fetch(proxy, [f"{site}/some/file"])[0] < 0.5


def test_the_proxy_is_for_http_alone(site: str) -> None:
    with slow_proxy(2**20) as proxy:
        _, answers = fetch(proxy, [site.replace("http:", "ftp:")])
    assert answers[0][0] == 501


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists(), reason="there are no loop devices"
)
def test_the_stand_in_for_kpartx_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(20 * 2**20)
    script = "label: dos\nstart=2048, size=8192\nstart=16384, size=4096\n"
    subprocess.run(["sfdisk", "--quiet", disk], input=script, text=True, check=True)
    kpartx.add(disk)
    try:
        names = [line.split()[2] for line in capsys.readouterr().out.splitlines()]
        assert [name[-2:] for name in names] == ["p1", "p2"]
        second = Path("/dev/mapper") / names[1]
        second.write_bytes(b"here")
        with disk.open("rb") as file:
            file.seek(16384 * 512)
            assert file.read(4) == b"here"
    finally:
        kpartx.remove(disk)
    assert not [name for name in names if os.path.lexists(f"/dev/mapper/{name}")]
    left = subprocess.run(["losetup", "--associated", disk], capture_output=True, check=True)
    assert left.stdout == b""
