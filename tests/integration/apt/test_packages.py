"""Packages and their sources: what is in images, and what a user is told where apt fails."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

MINUTE = 60


def build(
    user: User, recipe: str, output: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    path = user.checkout / "tests/integration/recipes" / f"{recipe}.py"
    return user.build(path, "--output", output, *arguments, timeout=20 * MINUTE)


@pytest.fixture(scope="module")
def packages(user: Any, base: Any, acme: Any, look: Any) -> Any:
    """The image of recipes/packages.py."""
    output = user.folder("packages") / "packages.img"
    where = ("--tarball", base.tarball, "--files", acme.folder, "--address", acme.address)
    done = build(user, "packages", output, *where)
    assert done.returncode == 0, done.stdout
    return look(output)


def test_what_is_installed(packages: Any) -> None:
    installed = packages.installed()
    for name, version in {
        "quiz": "1.0",
        "versions": "1.0",  # there is a newer one, and this was asked for
        "from-snapshot": "1.0",
        "from-folder": "1.0",
        "local": "1.0",
        "agent-lib": "1.0",  # which the local package needs
        "suggested": "1.0",
        "foreign": "1.0",
        "picked": "2.0",
        "kernel": "2",
    }.items():
        assert installed.get(name) == version, name
        assert packages.read(f"/usr/share/{name}/version") == f"{version}\n"
    assert not {"agent", "recommended", "tool", "tool-part", "old-kernel"} & installed.keys()
    assert not packages.names("/usr/share/tool-part")
    assert "tool" not in packages.names("/etc"), "its configuration was to go, too"


def test_preseeds_are_answers(packages: Any) -> None:
    assert packages.read("/srv/answer") == "forty two\n"


def test_each_kernel_gets_one_initramfs_at_the_end(packages: Any) -> None:
    calls = packages.read("/srv/initramfs.log").splitlines()
    assert calls == ["-c -k 8.8-acme", "-c -k 9.9-acme", "-c -k 9.9-acme"]
    assert packages.read("/boot/initrd.img-9.9-acme") == "kernel 2, longer\n"
    boot = {name for name in packages.names("/boot") if "acme" in name}
    assert boot == {"vmlinuz-9.9-acme", "initrd.img-9.9-acme", "vmlinuz-7.7-acme"}


def test_dracut_makes_them_too(packages: Any) -> None:
    calls = packages.read("/srv/dracut.log").splitlines()
    assert calls == [f"{v} /boot/vmlinuz-{v}" for v in ("9.9-acme", "7.7-acme")]


def test_sources_and_keyrings(packages: Any, acme: Any) -> None:
    folder = "/etc/apt/sources.list.d"
    assert packages.names(folder) == {
        f"{name}.sources" for name in ("acme", "snapshot", "folder", "backports", "foreign")
    }
    assert packages.read(f"{folder}/snapshot.sources") == (
        f"Types: deb\nURIs: {acme.address}\nSuites: snapshot\nComponents: main\n"
        "Signed-By: /etc/apt/keyrings/snapshot.gpg\nCheck-Valid-Until: no\n"
    )
    assert packages.read(f"{folder}/folder.sources") == (
        f"Types: deb\nURIs: {acme.address}\nSuites: folder/\nTrusted: yes\n"
    )
    keyrings = {"acme.asc", "backports.asc", "foreign.asc", "snapshot.gpg"}
    assert packages.names("/etc/apt/keyrings") == keyrings
    assert packages.read("/etc/apt/keyrings/acme.asc") == acme.key.armored.decode()
    assert packages.read("/var/lib/dpkg/arch").split() == ["amd64", "i386"]


def test_nothing_of_the_operations_is_left(packages: Any) -> None:
    assert packages.names("/tmp") == set()
    assert packages.names("/var/lib/apt/lists") == set()
    assert not [n for n in packages.names("/var/cache/apt/archives") if n.endswith(".deb")]


@pytest.fixture(scope="module")
def sources(user: Any, acme: Any, look: Any) -> Any:
    """The image of recipes/sources.py."""
    output = user.folder("sources") / "sources.img"
    where = ("--files", acme.folder, "--proxy", acme.proxy)
    done = build(user, "sources", output, *where, "--cache-dir", output.parent / "cache")
    assert done.returncode == 0, done.stdout
    return look(output)


def test_a_bootstrap_from_many_sources(sources: Any) -> None:
    installed = sources.installed()
    chosen = {"agent", "agent-lib", "from-snapshot", "versions", "nano", "ca-certificates"}
    assert chosen <= installed.keys()
    assert installed["versions"] == "1.1"
    assert not {"tzdata", "udev"} & installed.keys()
    assert {"bash", "apt", "login"} <= installed.keys()


def test_sources_of_a_bootstrap(sources: Any) -> None:
    folder = "/etc/apt/sources.list.d"
    assert sources.names(folder) == {"debian.sources", "acme.sources", "snapshot.sources"}
    assert sources.read(f"{folder}/debian.sources") == (
        "Types: deb\nURIs: https://mirror.test/debian\nSuites: bookworm\n"
        "Components: main non-free-firmware\nSigned-By: /etc/apt/keyrings/debian.gpg\n"
    )
    assert sources.names("/etc/apt/keyrings") == {"debian.gpg", "acme.asc", "snapshot.gpg"}
    assert "sources.list" not in sources.names("/etc/apt")
    assert not [name for name in sources.names("/etc/apt/apt.conf.d") if "mmdebstrap" in name]


def test_certificates_of_a_bootstrap(sources: Any, acme: Any) -> None:
    place = "/usr/local/share/ca-certificates/mirror.crt"
    own = (acme.folder / "mirror.crt").read_text(encoding="ascii")
    assert sources.read(place) == own
    assert "Mode:  0644" in sources.debugfs(f"stat {place}")
    assert own.split()[5] in sources.read("/etc/ssl/certs/ca-certificates.crt")


def test_the_password_of_a_mirror_is_not_in_the_cache(sources: Any, acme: Any) -> None:
    word = acme.folder.joinpath("mirror.password").read_text(encoding="ascii").strip().split(":")[1]
    cache = sources.image.parent / "cache"
    assert (cache / "layers").is_dir()
    found = subprocess.run(["grep", "-rlF", word, cache], capture_output=True, check=False)
    assert (found.returncode, found.stdout) == (1, b"")


def test_all_came_through_the_proxy_and_nothing_of_it_stays(sources: Any, acme: Any) -> None:
    assert "mirror.test:443" in acme.asked
    for package in ("agent_1.0", "from-snapshot_1.0", "versions_1.1"):
        assert f"http://acme.test/pool/{package}.deb" in acme.asked
    word = acme.folder.joinpath("mirror.password").read_text(encoding="ascii").strip().split(":")[1]
    for trace in (acme.proxy, acme.proxy.removeprefix("http://"), str(acme.folder), word):
        assert not sources.holds(trace.encode())


RECIPE = """\
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkmsdos(mkimg(GiB(1))))))

@step
def system() -> RootFs:
    return system_from(root(), {tarball!r}, suite="bookworm")

@step
def packages() -> None:
    create_file(system(), "/etc/apt/sources.list", "")
    create_file(system(), "/etc/apt/preferences.d/pins", {pins!r})
    apt_source(system(), Source(name="acme", {about}))
    apt(system(), {package})
"""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What a recipe wants of the archive, and what its user is told."""

    suite: str
    package: str
    keyring: str = "acme.asc"
    uri: str = ""
    pins: str = ""
    said: str
    hint: str


@pytest.mark.parametrize(
    "failure",
    [
        Failure(
            suite="stable",
            package='"agnet"',
            said="there is no package agnet in the sources",
            hint="look at the name",
        ),
        Failure(
            suite="stable",
            package='"agent=9"',
            said="no source has version 9 of agent",
            hint="such as a snapshot",
        ),
        Failure(
            suite="stable",
            package='"agent"',
            pins="Package: agent\nPin: release *\nPin-Priority: -1\n",
            said="apt finds no version of agent that it may install",
            hint="a pin may keep it out: /etc/apt/preferences.d/pins\n",
        ),
        Failure(
            suite="stable",
            package='"agent"',
            pins="Pakage: agent\nPin: release *\nPin-Priority: -1\n",
            said="/etc/apt/preferences.d/pins cannot be read by apt",
            hint="Pin-Priority: 100",
        ),
        Failure(
            suite="stable",
            package='"agent", suite="trixie"',
            said="no source has the suite trixie",
            hint="apt_source()",
        ),
        Failure(
            suite="stabel",
            package='"agent"',
            said="ADDRESS has no suite stabel",
            hint="the suite's name",
        ),
        Failure(
            suite="stable",
            package='"agent"',
            keyring="other.gpg",
            said="an archive is signed with the key KEY, which is not in its keyring",
            hint="keyring=",
        ),
        Failure(
            suite="stable",
            package='"agent"',
            uri="http://127.0.0.1:9",
            said="127.0.0.1:9 cannot be reached",
            hint="network",
        ),
        Failure(
            suite="snapshot",
            package='"from-snapshot"',
            keyring="other.gpg",
            said="the index ADDRESS/dists/snapshot/InRelease has expired",
            hint="check_valid_until=False",
        ),
        Failure(
            suite="spoilt",
            package='"spoilt"',
            said="the mirror's files are not those that its index names",
            hint="build again later",
        ),
        Failure(
            suite="index",
            package='"indexed"',
            said="the mirror's files are not those that its index names",
            hint="build again later",
        ),
        Failure(
            suite="forged",
            package='"agent"',
            said="the signature of an archive's index is wrong",
            hint="a proxy",
        ),
        Failure(
            suite="folder/",
            package='"from-folder"',
            said="the archive ADDRESS folder/ Release is not signed",
            hint="trusted=True",
        ),
    ],
    ids=lambda failure: failure.said[:40],
)
def test_what_apt_says_is_told_in_words_that_help(
    user: Any, base: Any, acme: Any, failure: Failure
) -> None:
    uri, keyring = failure.uri or acme.address, str(acme.folder / failure.keyring)
    about = f"uris=[{uri!r}], suites=[{failure.suite!r}], keyring={keyring!r}"
    text = RECIPE.format(
        tarball=str(base.tarball), about=about, package=failure.package, pins=failure.pins
    )
    folder = user.folder("failing")
    recipe = user.file(folder / "recipe.py", text)
    done = user.build(recipe, "--output", folder / "recipe.img")
    assert done.returncode == 5, done.stdout
    line = len(text.splitlines())
    said = failure.said.replace("ADDRESS", acme.address).replace("KEY", acme.key.id)
    assert f"recipe.py:{line}: step packages: {said}  [apt-failed]\n" in done.stdout
    assert failure.hint in done.stdout
    assert "Traceback" not in done.stdout
