"""What scripts may install, and where they certainly write to the image."""

from __future__ import annotations

import pytest

from vmdsl.operations.scripts.shells import _MAY_INSTALL, _offsets_of_dd


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


@pytest.mark.parametrize(
    ("script", "offset"),
    [
        ("dd if=a of=$IMAGE seek=16384", 2**23),
        ('set -e\n  dd conv=fsync,notrunc if=$ROOT/a of="$IMAGE" bs=1K seek=69 \n', 69 * 2**10),
        ("dd if='a' of=${IMAGE} bs=1M seek=8 status=none", 2**23),
        ("dd if=a of=$IMAGE ibs=4k obs=512 seek=1M", 2**29),
    ],
)
def test_the_place_that_dd_writes_to(script: str, offset: int) -> None:
    assert [found for _, found in _offsets_of_dd(script)] == [offset]


@pytest.mark.parametrize(
    "script",
    [
        "dd if=a of=$ROOT/b seek=16384",
        "dd if=/dev/zero of=$IMAGE seek=16384",
        "dd if=$IMAGE of=/tmp/x bs=1M count=1",
        "dd if=a of=$IMAGE oflag=seek_bytes seek=16384",
        "dd if=a of=$IMAGE bs=1M seek=$PLACE",
        "dd if=a of=$IMAGE bs=1x seek=8",
        "if false; then\n  dd if=a of=$IMAGE seek=16384\nfi",
        "cat <<END\ndd if=a of=$IMAGE seek=16384\nEND",
        "# dd if=a of=$IMAGE seek=16384",
        "test -e a || exit 0\ndd if=a of=$IMAGE seek=16384",
        "install() {\n  dd if=a of=$IMAGE seek=16384\n}",
    ],
)
def test_where_dd_writes_is_not_known(script: str) -> None:
    assert not list(_offsets_of_dd(script))
