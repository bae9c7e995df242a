"""Directories that are made and copied, as they are in the image."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

RECIPE = Path(__file__).parent / "recipes/directories.py"
IS_ROOT = os.geteuid() == 0
START = 2**20

#: All that a directory can hold. ACLs name the user and the group that root of a sandbox is.
FILL = """\
umask 022
mkdir -p "$1/lib/empty" "$1/.git" "$1/deep/er" "$1/acl"
cd "$1"
echo new >lib/old
echo secret >.git/config
echo compiled >lib/code.pyc
ln -s /etc/shadow absolute
ln -s ../../../../../../../etc/shadow dots
ln -s nowhere dangling
ln -s deep directory
echo linked >first; ln first deep/er/second
truncate -s 8M deep/holes; printf x | dd of=deep/holes bs=1 seek=4M conv=notrunc status=none
chmod 0775 deep; chmod 0666 deep/holes; chmod 4755 first; chmod 2775 deep/er
echo a >acl/file; chmod 0664 acl/file
setfacl -m "u:$(id -u):rw" -m "g:$(id -g):rw" acl/file
setfacl -d -m "u:$(id -u):rwx" acl
setfattr -n user.note -v kept lib/old
echo capable >capable
"""


class Look:
    """The ext4 filesystem of an image."""

    def __init__(self, image: Path) -> None:
        self._place = f"{image}?offset={START}"

    def ask(self, request: str) -> str:
        done = subprocess.run(
            ["/sbin/debugfs", "-R", request, self._place],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def about(self, path: str) -> str:
        """The type, the mode and the owner of a file; nothing where there is none."""
        text = self.ask(f"stat {path}")
        found = re.search(
            r"Type: (\w+) +Mode: +0?(\d+).*?User: +(\d+) +Group: +(\d+)", text, re.DOTALL
        )
        return " ".join(found.groups()) if found else ""

    def field(self, path: str, pattern: str) -> str:
        found = re.search(pattern, self.ask(f"stat {path}"))
        assert found, f"{path}: {pattern}"
        return found[1]


def filled(user: Any) -> Path:
    """A directory beside a copy of the recipe, full of what can be copied.

    Capabilities that an ordinary user gives to a file hold in the user's own sandboxes.
    """
    folder: Path = user.folder("copied")
    user.file(folder / "directories.py", RECIPE.read_text("utf-8"))
    done = user.run("sh", "-ec", FILL, "sh", folder / "source")
    assert done.returncode == 0, done.stdout
    sandbox = ("unshare", "--user", "--map-root-user") if user.name != "root" else ()
    done = user.run(*sandbox, "/sbin/setcap", "cap_net_raw+ep", folder / "source/capable")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="session")
def folder(user: Any) -> Path:
    return filled(user)


@pytest.fixture(scope="session")
def look(user: Any, folder: Path) -> Look:
    done = user.build(folder / "directories.py", "--output", folder / "d.img", "--kept")
    assert done.returncode == 0, done.stdout
    return Look(folder / "d.img")


def test_directories_get_what_is_asked_for(look: Look) -> None:
    assert look.about("/usr/lib") == "directory 711 33 50"
    assert look.about("/usr") == "directory 755 0 0"
    assert look.field("/usr/lib/link", 'Fast link dest: "(.*)"') == "old"
    assert look.about("/lib") == "symlink 777 0 0"


def test_copy_follows_the_trees_symlinks_alone(look: Look) -> None:
    assert look.ask("cat /usr/lib/old") == "new\n"
    assert look.about("/usr/lib/old") == "regular 644 33 50"
    assert look.about("/usr/lib/empty") == "directory 755 33 50"
    assert look.field("/absolute", 'Fast link dest: "(.*)"') == "/etc/shadow"
    assert look.field("/dots", 'Fast link dest: "(.*)"') == "../../../../../../../etc/shadow"
    assert look.field("/dangling", 'Fast link dest: "(.*)"') == "nowhere"
    assert look.about("/directory") == "symlink 777 33 50"


def test_permissions(look: Look) -> None:
    assert look.about("/deep") == "directory 755 33 50"
    assert look.about("/srv/all/deep") == "directory 775 0 0"
    assert look.about("/srv/all/deep/er") == "directory 2775 0 0"
    assert look.about("/deep/holes") == "regular 644 33 50"
    assert look.about("/srv/all/deep/holes") == "regular 666 0 0"
    assert look.about("/srv/all/first") == "regular 4755 0 0"


def test_exclude(look: Look) -> None:
    assert look.about("/srv/all/.git/config")
    assert look.about("/srv/all/lib/code.pyc")
    assert look.about("/.git") == ""
    assert look.about("/usr/lib/code.pyc") == ""


def test_hard_links_and_holes(look: Look) -> None:
    for start in ("", "/srv/all"):
        first = look.field(f"{start}/first", r"Inode: (\d+)")
        assert look.field(f"{start}/deep/er/second", r"Inode: (\d+)") == first
        assert look.field(f"{start}/first", r"Links: (\d+)") == "2"
        assert look.field(f"{start}/deep/holes", r"Size: (\d+)") == str(2**23)
        assert int(look.field(f"{start}/deep/holes", r"Blockcount: (\d+)")) < 2**11


def test_extended_attributes(look: Look) -> None:
    assert "kept" in look.ask("ea_get /usr/lib/old user.note")
    assert "01 00 00 02" in look.ask("ea_list /capable")
    # An owner, a named user, a group, a named group, the mask and others.
    assert "system.posix_acl_access" in look.ask("ea_list /acl/file")
    assert look.about("/acl/file") == "regular 664 33 50"
    assert "system.posix_acl_default" in look.ask("ea_list /srv/all/acl")


def test_owners_of_this_machine(look: Look, user: Any) -> None:
    uid, gid = (user.run("id", word).stdout.strip() for word in ("-u", "-g"))
    assert look.about("/kept/first") == f"regular 4755 {uid} {gid}"
    assert look.about("/kept/absolute") == f"symlink 777 {uid} {gid}"


def test_source_is_as_before(look: Look, folder: Path) -> None:
    assert look.ask("cat /first") == "linked\n"
    assert (folder / "source/first").read_text() == "linked\n"
    assert str((folder / "source/dots").readlink()) == "../../../../../../../etc/shadow"


def test_same_bytes_whoever_builds(user: Any, root_user: Any, folder: Path) -> None:
    """Root sees the true numbers of users, and the user those of the sandbox."""
    (folder / "source/capable").unlink()  # which is so for the user alone
    sums = []
    for who, image in ((user, "users.img"), (root_user, "roots.img")):
        done = who.build(folder / "directories.py", "--output", folder / image, "--kept")
        assert done.returncode == 0, done.stdout
        sums.append(hashlib.sha256((folder / image).read_bytes()).hexdigest())
        assert Look(folder / image).ask("cat /first") == "linked\n"
    assert sums[0] == sums[1]


def test_root_copies_everything(root_user: Any) -> None:
    folder = filled(root_user)
    os.chown(folder / "source/first", 12345, 54321)
    done = root_user.build(folder / "directories.py", "--output", folder / "d.img", "--kept")
    assert done.returncode == 0, done.stdout
    look = Look(folder / "d.img")
    assert look.about("/kept/first") == "regular 755 12345 54321"  # a change of owner takes suid
    assert look.about("/first") == "regular 755 33 50"
    assert "01 00 00 02" in look.ask("ea_list /capable")
    assert look.ask("cat /usr/lib/old") == "new\n"


def test_strangers_file(user: Any, folder: Path) -> None:
    """An ordinary user's sandbox does not know whose it is."""
    if not IS_ROOT:
        pytest.skip("only root can make a file of somebody else's")
    stranger = folder / "source/stranger"
    stranger.write_text("mine\n")
    try:
        done = user.build(folder / "directories.py", "--output", folder / "no.img", "--kept")
    finally:
        stranger.unlink()
    assert done.returncode == 5
    assert "stranger names a user whose number only root can read" in done.stdout
    assert "directories.py:47" in done.stdout
    assert not (folder / "no.img").exists()


def test_special_file_is_refused_before_the_build(user: Any, folder: Path) -> None:
    os.mkfifo(folder / "source/deep/pipe")
    try:
        done = user.run(user.checkout / ".venv/bin/vmdsl", "check", folder / "directories.py")
    finally:
        (folder / "source/deep/pipe").unlink()
    assert done.returncode == 3
    assert "source/deep/pipe is neither a file, a directory nor a symlink" in done.stdout
