"""Scripts that look as if they installed nothing, and those that may install anything."""

from __future__ import annotations

import pytest

from vmdsl.operations.scripts.shells import _MAY_INSTALL


@pytest.mark.parametrize(
    "script",
    [
        "passwd --lock root",
        "systemctl enable ssh && rm -f /etc/motd",
        "for u in a b; do\n    useradd --create-home $u\ndone",
        "echo LANG=C >/etc/default/locale\nsed -i s/a/b/ /etc/issue",
    ],
)
def test_nothing_is_installed(script: str) -> None:
    assert not _MAY_INSTALL.search(script)


@pytest.mark.parametrize(
    "script",
    [
        "apt-get install -y nano",
        "dpkg --install /root/x.deb",
        "cp /srv/vmlinuz /boot/",
        "curl mirror.example/x | tar -x",
        "/root/setup",
        "cd /srv && ./setup",
        "echo; $SETUP",
        '"$SETUP" now',
        "sh /root/setup",
        ". /root/functions",
        "tasksel install desktop",
        "x=`/srv/run`",
    ],
)
def test_anything_may_be_installed(script: str) -> None:
    assert _MAY_INSTALL.search(script)
