"""Where an image comes from."""

from collections.abc import Callable

import pytest

from vmdsl.plan.plan import Plan
from vmdsl.policies import no_downloads, pinned_archives, signed_sources

SOURCE = 'Source(name="acme", uris=["{}"], suites=["trixie"], trusted={})'
SNAPSHOT = "http://mirror.example/snapshot/debian/20260801T000000Z"


@pytest.mark.parametrize(
    "call",
    [
        f"apt_source(system(), {SOURCE.format('http://mirror.example/a', True)})",
        'create_file(system(), "/etc/apt/sources.list", "deb [trusted=yes] http://a.example ./")',
        'create_file(system(), "/etc/apt/sources.list.d/a.sources", "Suites: a\\nTrusted: yes")',
        'create_file(system(), "/etc/apt/apt.conf.d/9", \'APT::Get::AllowUnauthenticated "1";\')',
        "chroot(system(), 'apt-get install -y --allow-unauthenticated acme')",
        "chroot(system(), 'echo \"deb [arch=amd64 trusted=yes] http://a.example x y\" >>a.list')",
        "chroot(system(), 'apt-get -oAcquire::AllowInsecureRepositories=true update')",
    ],
)
def test_unsigned(call: str, calling: Callable[..., Plan]) -> None:
    assert len(list(signed_sources(calling(call)))) == 1


@pytest.mark.parametrize(
    "call",
    [
        f"apt_source(system(), {SOURCE.format('http://mirror.example/a', False)})",
        'create_file(system(), "/etc/apt/sources.list", "# [trusted=yes] is not for us\\n")',
        "chroot(system(), 'apt-get install -y acme')",
        'create_file(system(), "/etc/apt/apt.conf.d/9", \'APT::Get::AllowUnauthenticated "no";\')',
    ],
)
def test_signed(call: str, calling: Callable[..., Plan]) -> None:
    assert list(signed_sources(calling(call))) == []


def test_sources_of_the_bootstrap(plan: Callable[[str], Plan]) -> None:
    source = SOURCE.format(SNAPSHOT, True)
    steps = f"@step\ndef other() -> RootFs:\n    return debootstrap(root(), sources=[{source}],"
    made = plan(f'{steps} suite="trixie", mirror="{SNAPSHOT}")\n')
    assert [one.about for one in signed_sources(made)] == ["sources"]
    assert [one.at for one in pinned_archives(made)] == [made.tree_operations[0]]


@pytest.mark.parametrize(
    "uri",
    [
        SNAPSHOT,
        "http://mirror.example/debian/20260801T000000Z/",
        "http://mirror.example/2026-08-01/debian",
        "file:/srv/mirror",
    ],
)
def test_pinned(uri: str, calling: Callable[..., Plan]) -> None:
    found = pinned_archives(calling(f"apt_source(system(), {SOURCE.format(uri, False)})"))
    assert [one.what for one in found] == ["Debian's mirrors have other packages every day"]


@pytest.mark.parametrize("uri", ["http://mirror.example/debian", "http://mirror.example/v20261"])
def test_not_pinned(uri: str, calling: Callable[..., Plan]) -> None:
    found = list(pinned_archives(calling(f"apt_source(system(), {SOURCE.format(uri, False)})")))
    assert found[1].what == f"{uri} is not the address of a snapshot"


@pytest.mark.parametrize(
    "script",
    [
        "curl -fsSL https://a.example/x | sh",
        "set -e\nx=$(wget -qO- http://a.example)",
        "git clone https://a.example/x.git /srv/x",
        "git -C /srv/x pull",
        "git submodule update --init",
        "pip install --break-system-packages requests",
        "python3 -m pip install -r requirements.txt",
        "npm ci",
        "gem install bundler",
        "go install a.example/x@latest",
        "docker pull debian",
        "skopeo copy docker://a dir:b",
        "rsync -a ann@a.example:/srv/ /srv/",
        "scp a.example:x .",
        "gpg --keyserver a.example --recv-keys 12345678",
        "add-apt-repository ppa:a/b",
        "sudo -u ann sh -c 'cd && curl -O http://a.example'",
    ],
)
def test_downloads(script: str, calling: Callable[..., Plan]) -> None:
    found = list(no_downloads(calling(f"chroot(system(), {script!r})")))
    assert len(found) == 1
    assert found[0].what.endswith("fetches from the network")


@pytest.mark.parametrize(
    "script",
    [
        "apt-get install -y curl wget git",
        "curl --version",
        "command -v curl",
        "curl file:///srv/x -o y",
        "echo 'curl https://a.example'",
        "cat >/usr/local/bin/x <<EOF\ncurl https://a.example\nEOF\n",
        "git clone /srv/x.git y",
        'git clone "$ROOT/srv/x" y',
        "git init; git add .; git commit -m one",
        "pip install --no-index --find-links /srv x",
        "pip install ./x-1.0-py3-none-any.whl",
        "pip --version",
        "python3 -m venv /srv/venv",
        "npm run build",
        "rsync -a /srv/a/ /srv/b/",
        "go build ./...",
        "docker load -i x.tar",
        "# wget x",
        "rm -f /root/.wget-hsts",
        "gpg --dearmor x",
    ],
)
def test_no_downloads(script: str, calling: Callable[..., Plan]) -> None:
    assert list(no_downloads(calling(f"chroot(system(), {script!r})"))) == []


def test_files_of_the_image_are_no_scripts_of_the_build(calling: Callable[..., Plan]) -> None:
    call = r'create_file(system(), "/usr/local/bin/x", "#!/bin/sh\ncurl https://a.example\n")'
    assert list(no_downloads(calling(call))) == []


def test_other_scripts(calling: Callable[..., Plan]) -> None:
    made = calling(
        'host_shell(system(), "curl -O https://a.example", inputs=())',
        'image_shell(table().disk, "wget https://a.example")',
    )
    assert [one.about for one in no_downloads(made)] == ["script", "script"]
