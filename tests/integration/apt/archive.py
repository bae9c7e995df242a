"""A small archive of packages, signed with keys of its own, that this machine serves itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import format_datetime
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def tool(*argv: str | Path, stdin: bytes = b"", **environment: str) -> bytes:
    done = subprocess.run(
        list(map(str, argv)),
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Key:
    """A key that signs an archive."""

    def __init__(self, home: Path, kind: str) -> None:
        self._home = home
        home.mkdir(mode=0o700)
        self._gpg("--passphrase", "", "--quick-generate-key", "archive@archive.test", kind, "sign", "0")
        listing = self._gpg("--with-colons", "--list-keys").decode()
        self.id = next(line.split(":")[4] for line in listing.splitlines() if line.startswith("pub"))
        self.armored = self._gpg("--armor", "--export")
        self.binary = self._gpg("--export")

    def sign(self, text: bytes) -> bytes:
        return self._gpg("--clear-sign", "--digest-algo", "SHA512", stdin=text)

    def _gpg(self, *argv: str, stdin: bytes = b"") -> bytes:
        return tool("gpg", "--batch", "--pinentry-mode", "loopback", *argv, stdin=stdin, GNUPGHOME=str(self._home))

    def end(self) -> None:
        subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": str(self._home)}, check=False)


def make_deb(folder: Path, name: str, version: str, *, control: str = "", **scripts: str) -> Path:
    """Build a package with one file, /usr/share/NAME/version, and these maintainer scripts."""
    build = folder / f"{name}-{version}"
    (build / "DEBIAN").mkdir(parents=True)
    (build / f"usr/share/{name}").mkdir(parents=True)
    (build / f"usr/share/{name}/version").write_text(f"{version}\n", encoding="utf-8")
    fields = f"Package: {name}\nVersion: {version}\nMaintainer: Nobody <n@archive.test>\n{control}"
    if "Architecture:" not in control:
        fields += "Architecture: all\n"
    (build / "DEBIAN/control").write_text(f"{fields}Description: a test\n", encoding="utf-8")
    for script, text in scripts.items():
        (build / "DEBIAN" / script).write_text(text, encoding="utf-8")
        (build / "DEBIAN" / script).chmod(0o644 if script in ("templates", "triggers") else 0o755)
    deb = folder / f"{name}_{version}.deb"
    tool("dpkg-deb", "--root-owner-group", "--build", build, deb, SOURCE_DATE_EPOCH="1600000000")
    shutil.rmtree(build)
    return deb


DATE = datetime(2024, 3, 1, tzinfo=UTC)


def make_suite(
    root: Path,
    suite: str,
    debs: Sequence[Path],
    key: Key,
    *,
    valid_until: datetime | None = None,
    fields: str = "",
) -> None:
    """Write a suite of the archive at `root`: its packages, its index, and the signed Release."""
    flat = suite.endswith("/")
    place = root / suite if flat else root / "dists" / suite
    index = place if flat else place / "main/binary-amd64"
    pool = index if flat else root / "pool"
    index.mkdir(parents=True)
    pool.mkdir(exist_ok=True)
    stanzas = []
    for deb in debs:
        content = deb.read_bytes()
        (pool / deb.name).write_bytes(content)
        control = tool("dpkg-deb", "--field", deb).decode()
        inside = f"./{deb.name}" if flat else f"pool/{deb.name}"
        if flat:
            inside = f"{suite}{deb.name}"
        stanzas.append(f"{control}Filename: {inside}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n")
    packages = "\n".join(stanzas).encode()
    (index / "Packages").write_bytes(packages)
    name = "Packages" if flat else "main/binary-amd64/Packages"
    release = (
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nArchitectures: amd64\nComponents: main\n"
        f"Date: {format_datetime(DATE, usegmt=True)}\n{fields}"
    )
    if valid_until:
        release += f"Valid-Until: {format_datetime(valid_until, usegmt=True)}\n"
    release += f"SHA256:\n {hashlib.sha256(packages).hexdigest()} {len(packages)} {name}\n"
    (place / "InRelease").write_bytes(key.sign(release.encode()))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served."""
    with _serving(partial(_Quiet, directory=str(folder))) as address:
        yield address


@contextmanager
def proxied(host: str, target: str, asked: list[str]) -> Iterator[str]:
    """The address of a proxy that knows one host, which stands for `target`."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            known = f"http://{host}"
            try:
                with urllib.request.urlopen(self.path.replace(known, target, 1)) as answer:
                    body = answer.read()
                self.send_response(200)
            except urllib.error.HTTPError as error:
                body = b""
                self.send_response(error.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with _serving(Proxy) as address:
        yield address


@contextmanager
def _serving(handler: type | partial) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
