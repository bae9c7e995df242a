"""Steps of scripts are named after the comment above, or the first command that says something."""

from __future__ import annotations

import pytest

from vmdsl.vmdb2.from_yaml.script_names import name_for


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("# Fix the clock of the board\ndate", "Fix_clock_of_board"),
        ("#!/bin/sh\nupdate-initramfs -u", "initramfs"),
        ("set -e\napt-get update\napt-get -y dist-upgrade", "update"),
        ("apt-get -y install -t buster-backports linux", "install buster-backports"),
        ("DEBIAN_FRONTEND=noninteractive apt-get -y remove nano", "remove nano"),
        ("systemctl mask ssh.service", "mask ssh.service"),
        ("echo 'deb x' > /etc/apt/sources.list", "write sources.list"),
        ("sed -i s/a/b/ /etc/fstab", "edit fstab"),
        ('chroot "$ROOT" locale-gen', "locales"),
        ("if true; then\n  ln -s ../x /etc/resolv.conf\nfi", "link resolv.conf"),
        ("echo 'unfinished", "customize"),
        ("true one", "customize"),
    ],
)
def test_of_the_script(script: str, name: str) -> None:
    assert name_for(script, ()) == name


@pytest.mark.parametrize(
    ("comments", "name"),
    [
        (
            ["Copy the relevant device tree files to the firmware"],
            "Copy_relevant_device_tree_files",
        ),
        (["old: text", "", "TODO(https://x.example/1): drop the daemon"], "drop_daemon"),
        (["- mkimg: x"], "mask x"),
        (["'..VyaT' is crypt('raspberry')"], "mask x"),
    ],
)
def test_of_the_comment(comments: list[str], name: str) -> None:
    assert name_for("systemctl mask x", comments) == name


def test_a_script_that_writes_to_the_image_keeps_its_usual_name() -> None:
    assert name_for("dd if=a of=b", (), "boot_code") == "boot_code"
    assert name_for("dd if=a of=b", ["Write U-Boot"], "boot_code") == "Write_U_Boot"
