"""A small archive of packages, signed with keys of its own, which this machine serves itself.

Its addresses are names that only a proxy of ours knows: no port gets into an image.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

#: What https://mirror.test wants.
LOGIN = "ann:correct-horse-battery-staple"
DATE = datetime(2024, 3, 1, tzinfo=UTC)
EXPIRED = datetime(2024, 4, 1, tzinfo=UTC)


def tool(*argv: str | Path, stdin: bytes = b"", **environment: str | Path) -> bytes:
    env = {**os.environ, **{key: str(value) for key, value in environment.items()}}
    done = subprocess.run(
        list(map(str, argv)), input=stdin, capture_output=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class Key:
    """A key that signs an archive."""

    def __init__(self, home: Path, kind: str) -> None:
        self._home = home
        home.mkdir(mode=0o700)
        self._gpg(
            "--passphrase", "", "--quick-generate-key", "archive@acme.test", kind, "sign", "0"
        )
        listing = self._gpg("--with-colons", "--list-keys").decode().splitlines()
        self.id = next(line.split(":")[4] for line in listing if line.startswith("pub"))
        self.armored = self._gpg("--armor", "--export")
        self.binary = self._gpg("--export")

    def sign(self, text: str) -> bytes:
        return self._gpg("--clear-sign", "--digest-algo", "SHA512", stdin=text.encode())

    def end(self) -> None:
        tool("gpgconf", "--kill", "all", GNUPGHOME=self._home)

    def _gpg(self, *argv: str, stdin: bytes = b"") -> bytes:
        quiet = ("--batch", "--quiet", "--pinentry-mode", "loopback")
        return tool("gpg", *quiet, *argv, stdin=stdin, GNUPGHOME=self._home)


class Archive:
    """Packages and suites in a folder, as a web server serves them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._packages = root.parent / "packages"
        self._packages.mkdir()
        (root / "pool").mkdir(parents=True)

    def deb(
        self,
        name: str,
        version: str = "1.0",
        *,
        fields: str = "Architecture: all\n",
        files: Mapping[str, str] | None = None,
        **scripts: str,
    ) -> Path:
        """Build a package; `scripts` go to its control directory."""
        build = self._packages / "build"
        contents = {f"/usr/share/{name}/version": f"{version}\n", **(files or {})}
        about = f"Package: {name}\nVersion: {version}\nMaintainer: Nobody <n@acme.test>\n{fields}"
        contents["/DEBIAN/control"] = f"{about}Description: a test\n"
        contents |= {f"/DEBIAN/{script}": text for script, text in scripts.items()}
        for path, text in contents.items():
            file = build / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            file.chmod(0o755 if text.startswith("#!") else 0o644)
        deb = self._packages / f"{name}_{version}.deb"
        seconds = str(int(DATE.timestamp()))
        tool("dpkg-deb", "--root-owner-group", "--build", build, deb, SOURCE_DATE_EPOCH=seconds)
        shutil.rmtree(build)
        return deb

    def suite(
        self,
        name: str,
        key: Key | None,
        *debs: Path,
        arch: str = "amd64",
        valid_until: datetime | None = None,
        fields: str = "",
        listed: Callable[[str], str] = str,
        signed: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """Write a suite's index. `listed` and `signed` spoil the packages' and the whole one."""
        flat = name.endswith("/")
        place = self.root / name if flat else self.root / "dists" / name
        folder = "" if flat else f"main/binary-{arch}/"
        (place / folder).mkdir(parents=True)
        stanzas = []
        for deb in debs:
            content = deb.read_bytes()
            (self.root / "pool" / deb.name).write_bytes(content)
            stanzas.append(
                f"{tool('dpkg-deb', '--field', deb).decode()}Filename: pool/{deb.name}\n"
                f"Size: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
            )
        packages = "\n".join(stanzas)
        (place / folder / "Packages").write_text(listed(packages), encoding="utf-8")
        until = f"Valid-Until: {_date(valid_until)}\n" if valid_until else ""
        digest = hashlib.sha256(packages.encode()).hexdigest()
        release = (
            f"Origin: Acme\nSuite: {name}\nCodename: {name}\nArchitectures: {arch}\n"
            f"Components: main\nDate: {_date(DATE)}\n{until}{fields}"
            f"SHA256:\n {digest} {len(packages)} {folder}Packages\n"
        )
        if key is None:
            (place / "Release").write_text(release, encoding="utf-8")
        else:
            (place / "InRelease").write_bytes(signed(key.sign(release)))


def _date(time: datetime) -> str:
    return format_datetime(time, usegmt=True)


class Quiet(BaseHTTPRequestHandler):
    """Answers with what another server answers; it says nothing of it."""

    def relay(self, address: str) -> None:
        assert address.startswith("http:")
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310 (it is)
                code, body = 200, answer.read()
        except urllib.error.HTTPError as error:
            code, body = error.code, b""
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class QuietFiles(SimpleHTTPRequestHandler):
    """Files; what is asked for is written down in `served`."""

    def __init__(self, *arguments: Any, served: list[str], **more: Any) -> None:
        self._served = served
        super().__init__(*arguments, **more)

    def log_request(self, *_: object) -> None:
        self._served.append(self.path)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(handler: Any, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on this machine alone; the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def make_proxy(sites: Mapping[str, int], asked: list[str]) -> type[Quiet]:
    """A proxy that knows these sites, ports of this machine, and writes down what it is asked."""

    class Proxy(Quiet):
        def do_GET(self) -> None:
            asked.append(self.path)
            host, _, rest = self.path.removeprefix("http://").partition("/")
            self.relay(f"http://127.0.0.1:{sites[host]}/{rest}")

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            port = sites[self.path.partition(":")[0]]
            with socket.create_connection(("127.0.0.1", port)) as there:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=pump, args=(there, self.connection), daemon=True)
                back.start()
                pump(self.connection, there)
                back.join()
            self.close_connection = True

    return Proxy


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # either has gone away
        pass


@dataclass(frozen=True, kw_only=True)
class Acme:
    """The archive at http://acme.test, a mirror of Debian at https://mirror.test, and the proxy.

    The mirror wants a password.
    """

    archive: Archive
    address: str
    proxy: str
    asked: list[str]
    served: list[str]
    folder: Path
    key: Key
    other: Key


KERNEL = {"/boot/vmlinuz-9.9-acme": "version {}\n"}
INITRAMFS = """\
#!/bin/sh -e
echo "$@" >>/srv/initramfs.log
[ "$1" != -c ] || cp "/boot/vmlinuz-$3" "/boot/initrd.img-$3"
"""
#: As Debian's, it makes none meanwhile if it is told so.
DRACUT = """\
#!/bin/sh -e
[ "$INITRD" != No ] || exit 0
echo "$@" >>/srv/dracut.log
"""
HOOKED = "#!/bin/sh -e\n/etc/kernel/postinst.d/dracut {0} /boot/vmlinuz-{0}\n"
QUIZ = {
    "config": "#!/bin/sh -e\n. /usr/share/debconf/confmodule\ndb_input high quiz/answer || true\n"
    "db_go\n",
    "postinst": "#!/bin/sh -e\n. /usr/share/debconf/confmodule\ndb_get quiz/answer\n"
    'echo "$RET" >/srv/answer\n',
    "templates": "Template: quiz/answer\nType: string\nDefault: none\nDescription: The answer?\n",
}


def fill(archive: Archive, key: Key, other: Key) -> None:
    """Make all packages and suites that the tests use."""
    deb = archive.deb
    archive.suite(
        "stable",
        key,
        deb("agent", fields="Architecture: all\nDepends: agent-lib\n"),
        deb("agent-lib"),
        deb("versions", "1.0"),
        deb("versions", "1.1"),
        deb("picked", "1.0"),
        deb("quiz", fields="Architecture: all\nDepends: debconf\n", files=None, **QUIZ),
        deb("tool", fields="Architecture: all\nDepends: tool-part\n", files={"/etc/tool": "x\n"},
            conffiles="/etc/tool\n"),
        deb("tool-part"),
        deb("suggested", fields="Architecture: all\nRecommends: recommended\n"),
        deb("recommended"),
        deb("initramfs", files={"/usr/sbin/update-initramfs": INITRAMFS}),
        deb("dracut", files={"/etc/kernel/postinst.d/dracut": DRACUT},
            postinst=HOOKED.format("9.9-acme")),
        deb("new-kernel", files={"/boot/vmlinuz-7.7-acme": "new kernel\n"},
            postinst=HOOKED.format("7.7-acme")),
        deb("kernel", "1", files={"/boot/vmlinuz-9.9-acme": "kernel 1\n"}),
        deb("old-kernel", "1", files={"/boot/vmlinuz-8.8-acme": "old kernel\n"}),
    )  # fmt: skip
    archive.suite(
        "stable-backports",
        key,
        deb("picked", "2.0"),
        deb("kernel", "2", files={"/boot/vmlinuz-9.9-acme": "kernel 2, longer\n"}),
        fields="NotAutomatic: yes\nButAutomaticUpgrades: yes\n",
    )
    foreign = deb("foreign", fields="Architecture: i386\nMulti-Arch: same\n")
    archive.suite("foreign", key, foreign, arch="i386")
    archive.suite("snapshot", other, deb("from-snapshot"), valid_until=EXPIRED)
    archive.suite("folder/", None, deb("from-folder"))
    spoilt = deb("spoilt")
    archive.suite("spoilt", key, spoilt)
    (archive.root / "pool" / spoilt.name).write_bytes(bytes(spoilt.stat().st_size))
    archive.suite("index", key, deb("indexed"), listed=lambda text: f"{text}\n")
    archive.suite("forged", key, signed=lambda text: text.replace(b"Acme", b"Evil"))


@pytest.fixture(scope="session")
def acme(user: Any, host_mirror: str) -> Iterator[Acme]:
    folder = user.folder("acme")
    archive = Archive(folder / "www")
    key, other = Key(folder / "key", "rsa3072"), Key(folder / "other", "ed25519")
    fill(archive, key, other)
    (folder / "acme.asc").write_bytes(key.armored)
    (folder / "other.gpg").write_bytes(other.binary)
    local = archive.deb("local", fields="Architecture: all\nDepends: agent-lib\n")
    shutil.copy(local, folder / "local.deb")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder))

    (folder / "mirror.password").write_text(f"{LOGIN}\n", encoding="ascii")
    login = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"

    class Mirror(Quiet):
        def do_GET(self) -> None:
            if self.headers["Authorization"] != login:
                self.send_error(401)
                return
            self.relay(host_mirror.rstrip("/") + self.path.removeprefix("/debian"))

    asked: list[str] = []
    with ExitStack() as stack:
        stack.callback(key.end)
        stack.callback(other.end)
        served: list[str] = []
        files = partial(QuietFiles, directory=str(archive.root), served=served)
        site = stack.enter_context(serving(files))
        sites = {"acme.test": site, "mirror.test": stack.enter_context(serving(Mirror, context))}
        proxy = stack.enter_context(serving(make_proxy(sites, asked)))
        yield Acme(
            archive=archive,
            address=f"http://127.0.0.1:{site}",
            proxy=f"http://127.0.0.1:{proxy}",
            asked=asked,
            served=served,
            folder=folder,
            key=key,
            other=other,
        )


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for mirror.test that is its own authority, and its key."""
    certificate, key = folder / "mirror.crt", folder / "mirror.key"
    tool(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "30", "-subj", "/CN=mirror.test"),
        *("-addext", "subjectAltName=DNS:mirror.test", "-keyout", key, "-out", certificate),
    )
    return certificate, key


class Look:
    """A look into an image whose one filesystem starts at 1 MiB."""

    def __init__(self, image: Path) -> None:
        self.image = image

    def debugfs(self, request: str) -> str:
        place = f"{self.image}?offset={2**20}"
        path = f"{os.environ['PATH']}:/usr/sbin"
        return tool("debugfs", "-R", request, place, PATH=path).decode(errors="replace")

    def read(self, path: str) -> str:
        return self.debugfs(f"cat {path}")

    def names(self, folder: str) -> set[str]:
        lines = [line.split("/") for line in self.debugfs(f"ls -p {folder}").splitlines()]
        return {fields[5] for fields in lines if len(fields) > 5} - {"", ".", ".."}

    def installed(self) -> dict[str, str]:
        """The packages that are installed, with their versions."""
        stanzas = self.read("/var/lib/dpkg/status").split("\n\n")
        fields = [dict(_fields(stanza)) for stanza in stanzas if stanza.strip()]
        return {
            about["Package"]: about["Version"]
            for about in fields
            if about["Status"] == "install ok installed"
        }

    def holds(self, text: bytes) -> bool:
        """Whether any block of the image holds a text."""
        return subprocess.run(["grep", "-qaF", text, self.image], check=False).returncode == 0


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    for line in stanza.splitlines():
        if not line.startswith(" "):
            key, _, value = line.partition(": ")
            yield key, value


@pytest.fixture(scope="session")
def look() -> type[Look]:
    return Look
