"""Builds that meet trouble: odd programs, full disks, other builds, trees that point elsewhere."""

import os
import pwd
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dissect.extfs import ExtFS
from dissect.util.stream import RangeStream

from users import User
from vmdsl import programs

pytestmark = pytest.mark.integration

IS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not IS_ROOT, reason="this run is not root's")

HEAD = """\
from dataclasses import dataclass
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(MiB(300))))))

"""
#: A system that has a few of this machine's programs.
SYSTEM = f"""{HEAD}
PROGRAMS = '''
cd "$ROOT"; mkdir -p usr/bin usr/sbin etc proc sys dev run tmp; ln -s usr/bin bin
for name in sh sleep setsid head tr printf cat env; do
    file=/usr/bin/$name; cp -L "$file" usr/bin/$name
    for library in $(ldd "$file" | grep -o '/[^ ]*'); do
        [ -e ".$library" ] || {{ mkdir -p ".${{library%/*}}"; cp -L "$library" ".$library"; }}
    done
done
'''

@step
def system() -> RootFs:
    host_shell(root(), PROGRAMS)
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)

"""


class Recipe:
    """A recipe in a folder of its own, and what came of its build."""

    def __init__(self, user: User, text: str) -> None:
        self.user = user
        self.folder = user.folder("troubles")
        self.path = user.file(self.folder / "recipe.py", text)
        self.output = self.folder / "recipe.img"
        self.code = -1
        self.said = ""

    def build(self, *arguments: str | Path) -> "Recipe":
        done = self.user.build(self.path, "--output", self.output, *arguments)
        self.code, self.said = done.returncode, done.stdout
        assert "Traceback" not in self.said
        assert "bug in vmdsl" not in self.said
        return self

    def failed(self, code: int = 5) -> str:
        assert self.code == code, self.said
        assert not self.output.exists()
        assert not list(self.folder.glob(".*"))
        return self.said

    def worked(self) -> "Recipe":
        assert self.code == 0, self.said
        assert sorted(p.name for p in self.folder.iterdir()) == ["recipe.img", "recipe.py"]
        return self

    def files(self) -> dict[str, bytes]:
        """The plain files and symlinks of the image."""
        with self.output.open("rb") as image:
            found: dict[str, bytes] = {}
            collect(ExtFS(RangeStream(image, 2**20, 290 * 2**20)).root, "", found)
            return found

    def log(self) -> str:
        newest = max((self.user.cache / "logs").iterdir(), key=lambda path: path.stat().st_mtime)
        return newest.read_text(encoding="utf-8", errors="surrogateescape")


def collect(directory: Any, place: str, found: dict[str, bytes]) -> None:
    for entry in directory.iterdir():
        name = f"{place}/{entry.filename}"
        if entry.filetype == stat.S_IFDIR and entry.filename not in {".", ".."}:
            collect(entry, name, found)
        elif entry.filetype in {stat.S_IFREG, stat.S_IFLNK}:
            found[name] = entry.open().read()


def step(body: str) -> str:
    """A step that is the last of a recipe."""
    return "@step\ndef last() -> None:\n" + "".join(f"    {line}\n" for line in body.splitlines())


def line_of(recipe: Recipe, text: str) -> int:
    lines = recipe.path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("where", ["chroot(system()", "host_shell(root()"])
def test_a_daemon_that_keeps_the_output_open(alone: User, where: str) -> None:
    text = SYSTEM + step(f"{where}, 'setsid sleep 1234567 & echo started')")
    started = time.monotonic()
    Recipe(alone, text).build().worked()
    assert time.monotonic() - started < 30
    commands = [read(path / "cmdline") for path in Path("/proc").iterdir() if path.name.isdecimal()]
    assert not [command for command in commands if b"1234567" in command]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_output_that_is_no_text(alone: User) -> None:
    script = r"printf '\377\376\200\n'; head -c 1000000 /dev/zero | tr '\0' x; printf '\nend\0\n'"
    recipe = Recipe(alone, SYSTEM + step(f"chroot(system(), {script!r})"))
    said = recipe.build("--verbose").worked().said
    assert "x" * 1_000_000 in said.replace("\n", "")
    assert f"\udcff\udcfe\udc80\n{'x' * 1_000_000}\nend\0\n" in recipe.log()


def test_standard_streams_that_are_closed(alone: User) -> None:
    recipe = Recipe(alone, SYSTEM)
    build = (alone.checkout / ".venv/bin/vmdsl", "build", recipe.path, "--output", recipe.output)
    done = subprocess.run(
        alone.argv("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *build), check=False
    )
    assert done.returncode == 0
    assert recipe.output.exists()


def test_a_command_that_fails(alone: User) -> None:
    script = "cd /\nfor i in 1 2 3; do echo line $i; done\nenv false-or-so\necho never"
    recipe = Recipe(alone, SYSTEM + step(f"chroot(system(), {script!r})")).build()
    said = recipe.failed()
    line = line_of(recipe, "chroot(")
    what = "the command failed (exit code 127): sh -ec cd / …  [command-failed]"
    failed = f"recipe.py:{line}: step last: {what}\n"
    assert failed in said
    assert "    line 1\n    line 2\n    line 3\n    env: " in said
    assert "never" not in said.partition(failed)[2].partition("line 1")[2]
    assert "recipe.img.log\n" in said
    assert "line 3\n" in recipe.output.with_name("recipe.img.log").read_text(encoding="utf-8")
    assert list((alone.cache / "builds").iterdir()) == []


def test_a_command_that_fails_in_a_megabyte(alone: User) -> None:
    script = r"head -c 1000000 /dev/zero | tr '\0' x; exit 3"
    said = Recipe(alone, SYSTEM + step(f"chroot(system(), {script!r})")).build().failed()
    assert "exit code 3" in said
    assert len(said) < 5000


OPERATION = """
@dataclass(frozen=True, kw_only=True, eq=False)
class Own(TreeOperation):
    def apply(self, tree: Tree) -> None:
{body}

@step
def last() -> None:
    record(Own(root=root()))
"""


def own(body: str) -> str:
    """A recipe with an operation of its own."""
    return HEAD + OPERATION.format(body="".join(f"        {line}\n" for line in body.splitlines()))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("raise ValueError('no good')", "ValueError: no good  [build-failed]\n"),
        ("tree.read('/nowhere')", "/nowhere: No such file or directory  [build-failed]\n"),
        ("tree.inside(lambda: 1 / 0)", "ZeroDivisionError: division by zero  [build-failed]\n"),
        ("tree.inside(lambda: lambda: 1)", "lambda"),
        (
            "tree.run('no-such-program')",
            "there is no program no-such-program on this machine  [missing-program]\n",
        ),
        (
            "class Odd(Exception): ...\ndef fail() -> None: raise Odd('odd')\ntree.inside(fail)",
            "RuntimeError: Odd: odd  [build-failed]\n",
        ),
        ("import os\nos.kill(os.getpid(), 9)\nraise SystemExit", ""),
    ],
)
def test_an_operation_that_raises(alone: User, body: str, what: str) -> None:
    recipe = Recipe(alone, own(body)).build()
    said = recipe.failed()
    if what:
        line = line_of(recipe, "record(")
        assert f"recipe.py:{line}: step last: " in said
        assert what in said
        assert said.count("step last: ") == 1


def test_an_operation_that_prints(alone: User) -> None:
    body = "import os\nprint('{\"kind\": \"failed\"}')\nos.system('echo from a child')"
    recipe = Recipe(alone, "print('on top')\n" + own(body)).build().worked()
    assert "from a child\n" in recipe.log()
    assert '{"kind": "failed"}\n' in recipe.log()


def test_an_operation_that_cannot_be_sent(alone: User) -> None:
    text = HEAD + OPERATION.format(body="        pass").replace(
        "def apply", "field: object\n    def apply"
    ).replace("root=root()", "root=root(), field=lambda: 1")
    said = Recipe(alone, text).build().failed()
    assert "an operation cannot be sent into the sandbox" in said


def test_a_cache_that_cannot_be_made(alone: User) -> None:
    recipe = Recipe(alone, HEAD)
    alone.file(recipe.folder / "file", "")
    said = recipe.build("--cache-dir", recipe.folder / "file/cache").failed(4)
    assert "cache" in said
    assert "Not a directory" in said


def test_a_cache_of_somebody_else(alone: User) -> None:
    if alone.name == "root":
        pytest.skip("root may write everywhere")
    said = Recipe(alone, HEAD).build("--cache-dir", "/usr/share/vmdsl-cache").failed(4)
    assert "/usr/share/vmdsl-cache: The cache can't be written to: Permission denied." in said


@pytest.fixture
def small_disk(alone: User) -> Iterator[Path]:
    """A disk of 40 MiB that belongs to the user."""
    place = alone.folder("small-disk")
    account = pwd.getpwnam(alone.name)
    options = f"size=40M,uid={account.pw_uid},gid={account.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@only_root
@pytest.mark.parametrize("before", [True, False])
def test_a_full_disk_below_the_cache(alone: User, small_disk: Path, *, before: bool) -> None:
    recipe = Recipe(alone, HEAD + step("host_shell(root(), 'yes | head -c 60M >$ROOT/large')"))
    cache = small_disk / "cache"
    if before:
        (small_disk / "other").write_bytes(b"x" * (38 << 20))
        programs.run(["sh", "-c", f"yes >>{small_disk}/other"])
    said = recipe.build("--host-tools", "--cache-dir", cache).failed(4)
    assert f"vmdsl: there is no space left in {cache.relative_to(alone.home)}" in said
    assert "mypy" not in said
    assert "recipe.py:13: " not in said
    assert "1 problem; nothing was built\n" in said
    if not before:
        assert list((cache / "builds").iterdir()) == []
        assert "; step last (" in said


@only_root
def test_a_full_disk_below_the_output(alone: User, small_disk: Path) -> None:
    recipe = Recipe(alone, HEAD + step("host_shell(root(), 'yes | head -c 60M >$ROOT/large')"))
    recipe.output = small_disk / "recipe.img"
    said = recipe.build().failed(4)
    assert (
        f"vmdsl: there is no space left in {small_disk.relative_to(alone.home)}  [disk-full]\n"
        in said
    )
    assert "does not fit" not in said
    assert not recipe.output.exists()
    assert {path.name for path in small_disk.iterdir()} <= {"recipe.img.log"}


@only_root
def test_a_full_disk_keeps_the_image_that_was_there(alone: User, small_disk: Path) -> None:
    recipe = Recipe(alone, HEAD + step("host_shell(root(), 'yes | head -c 60M >$ROOT/large')"))
    recipe.output = alone.file(small_disk / "recipe.img", "before\n")
    assert recipe.build().code == 4
    assert recipe.output.read_text(encoding="utf-8") == "before\n"


@only_root
def test_an_output_on_another_disk(alone: User, small_disk: Path) -> None:
    recipe = Recipe(alone, HEAD + step("host_shell(root(), 'echo x >$ROOT/x')"))
    recipe.output = alone.file(small_disk / "recipe.img", "before\n")
    assert recipe.build().code == 0
    assert recipe.files() == {"/x": b"x\n"}
    assert [path.name for path in small_disk.iterdir()] == ["recipe.img"]


@only_root
def test_an_output_on_the_same_disk_mounted_twice(alone: User) -> None:
    """As the volumes of a container are: no link leads from one to the other."""
    recipe = Recipe(alone, HEAD + step("host_shell(root(), 'echo x >$ROOT/x')"))
    place = alone.folder("volume")
    subprocess.run(["mount", "--bind", place, place], check=True)
    try:
        recipe.output = alone.file(place / "recipe.img", "before\n")
        assert recipe.build().code == 0
        assert recipe.files() == {"/x": b"x\n"}
        assert [path.name for path in place.iterdir()] == ["recipe.img"]
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


LINKS = """
@dataclass(frozen=True, kw_only=True, eq=False)
class Write(TreeOperation):
    def apply(self, tree: Tree) -> None:
        tree.write("/absolute/written", "in the tree")
        tree.mkdir("/up/made")
        tree.remove("/absolute/host-file")
        tree.remove("/plain")
        tree.write("/absolute/bound", "to be hidden")
        (tree.scratch / "over").write_text("over it")
        tree.bind(tree.scratch / "over", "/up/bound")
        if tree.read("/absolute/bound") != b"over it":
            raise ValueError

@step
def mounts() -> None:
    host_shell(root(), '''
cd "$ROOT"; mkdir -p usr ".HOST"; ln -s / etc; ln -s HOST absolute
ln -s ../../../../../../../../../../HOST up; ln -s HOST/host-file file; ln -s HOST/host-file plain
ln -s HOST tmp; ln -s HOST dev; ln -s HOST proc; ln -s HOST run; ln -s HOST usr/sbin
''')
    chosen = path_exists(root(), "/absolute/host-file")
    create_file(root(), "/absolute/there", "was not there", unless=chosen)
    create_file(root(), "/up/new", "new")
    create_file(root(), "/file", "content", mode=0o600)
    copy_file(root(), "recipe.py", "/up/copied")
    copy_file(root(), "recipe.py", "/absolute/below/copied")
    record(Write(root=root()))
    host_shell(root(), 'cp -r "$ROOT/HOST" "$ROOT/kept"')  # the rest of /tmp will not be
    fstab(RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64))
"""


@pytest.fixture
def host() -> Iterator[Path]:
    """A folder outside the tree, and not in /tmp, which operations see another one at."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize("who", ["alone", "root_user"])
def test_symlinks_never_lead_out_of_the_tree(
    who: str, request: pytest.FixtureRequest, host: Path
) -> None:
    user = request.getfixturevalue(who)
    user.file(host / "host-file", "the host's own\n")
    if IS_ROOT:
        shutil.chown(host, user.name)
    before = [(path, path.stat().st_mtime_ns) for path in [host, host / "host-file"]]
    recipe = Recipe(user, HEAD + LINKS.replace("HOST", str(host)))
    files = recipe.build().worked().files()
    assert [(path, path.stat().st_mtime_ns) for path in [host, *host.iterdir()]] == before
    assert (host / "host-file").read_text(encoding="utf-8") == "the host's own\n"
    assert files["/file"] == b"content"
    assert files["/fstab"].startswith(b"UUID=")
    assert "/plain" not in files
    text = recipe.path.read_bytes()
    for name, content in {
        "there": b"was not there",
        "new": b"new",
        "written": b"in the tree",
        "bound": b"to be hidden",
        "copied": text,
        "below/copied": text,
    }.items():
        assert files[f"/kept/{name}"] == content
    assert "/kept/host-file" not in files


@only_root
@pytest.mark.parametrize("who", ["alone", "root_user"])
def test_where_no_namespace_can_be_made(who: str, request: pytest.FixtureRequest) -> None:
    """In a chroot the kernel refuses, and some versions of unshare would wait for ever."""
    user = request.getfixturevalue(who)
    recipe = Recipe(user, HEAD)
    other_root = user.folder("other-root")
    script = 'mount --rbind / "$1"; cd "$2"; other=$1; shift 2; exec chroot "$other" "$@"'
    build = user.vmdsl("build", recipe.path, "--output", recipe.output)
    started = time.monotonic()
    done = programs.run(
        ["unshare", "--mount", "sh", "-ec", script, "sh", str(other_root), str(user.home), *build],
        timeout=120,
    )
    assert time.monotonic() - started < 60
    assert done.code == 4, done.output
    assert "namespace" in done.output
    assert "chroot" in done.output
    assert "nothing was built" in done.output
    assert not recipe.output.exists()


#: Each line is a step. In between, the stand-ins come and go.
WRITES = r"""
host_shell(root(), 'cd "$ROOT"; cat /etc/resolv.conf >etc/resolv.conf; mkdir srv')
chroot(system(), r"printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d")
chroot(system(), "cat /etc/resolv.conf >/etc/copy; printf 'options rotate\n' >>/etc/resolv.conf")
host_shell(root(), 'cd "$ROOT/srv"; fallocate -l 3M reserved; truncate -s 3M hole')
host_shell(root(), 'cd "$ROOT/srv"; head -c 2M /dev/zero >zeros; echo >>hole; chmod 600 *')
host_shell(root(), 'chmod 640 "$ROOT"/srv/*')
copy_file(root(), "reserved", "/srv/copied")
copy_file(root(), "hole", "/srv/copied hole")
"""


def test_what_a_recipe_writes_is_in_the_image_as_it_was_written(alone: User) -> None:
    text = SYSTEM + "".join(
        f"@step\ndef step_{number}() -> None:\n    {line}\n\n"
        for number, line in enumerate(WRITES.strip().splitlines())
    )
    recipe = Recipe(alone, text)
    for command in ("fallocate -l 1M reserved", "truncate -s 1M hole"):
        done = alone.run("sh", "-c", f"cd {recipe.folder} && {command}")
        assert done.returncode == 0, done.stdout
    assert recipe.build().code == 0, recipe.said
    files = recipe.files()
    machine = Path("/etc/resolv.conf").read_bytes()
    assert files["/usr/sbin/policy-rc.d"] == b"#!/bin/sh\nexit 101\n"
    assert files["/etc/resolv.conf"] == machine + b"options rotate\n"
    assert files["/etc/copy"] == machine
    blocks = {name: allocated_in(recipe.output, f"/srv/{name}") for name in SIZES}
    assert blocks == SIZES


#: What is allocated of each file, in KiB.
SIZES = {
    "reserved": 3072,
    "hole": 4,
    "zeros": 2048,
    "copied": 1024,
    "copied hole": 0,
}


def allocated_in(image: Path, path: str) -> int:
    done = programs.run(["debugfs", "-R", f'stat "{path}"', f"{image}?offset={2**20}"])
    return int(done.output.partition("Blockcount: ")[2].split()[0]) // 2


BEYOND = 4_000_000


@only_root
@pytest.mark.parametrize(
    ("body", "code", "what"),
    [
        (f"create_directory(root(), '/srv', uid={BEYOND})", 4, f"no file can belong to {BEYOND}"),
        (f"host_shell(root(), 'chown {BEYOND} $ROOT/usr')", 5, "owners from 65536 on are not in"),
        (
            f"host_shell(root(), 'cd $ROOT; mkdir -p a; echo a:x:{BEYOND}:1::/a: >etc/passwd')",
            5,
            "/a does not belong to a: no file can",
        ),
        ("system_from(root(), 'odd.tar', suite='bookworm')", 5, "odd in the tarball belongs to"),
    ],
)
def test_owners_beyond_the_range(alone: User, body: str, code: int, what: str) -> None:
    recipe = Recipe(alone, (HEAD if "system_from" in body else SYSTEM) + step(body))
    if "system_from" in body:
        with tarfile.open(recipe.folder / "odd.tar", "w") as tar:
            for name, owner in (("usr", 0), ("odd", BEYOND)):
                member = tarfile.TarInfo(name)
                member.type, member.uid = tarfile.DIRTYPE, owner
                tar.addfile(member)
    assert recipe.build().code == code, recipe.said
    assert what in recipe.said
    assert f"recipe.py:{line_of(recipe, body)}: step last: " in recipe.said
    assert re.search(r"as root: usermod --del-subuids \d+-\d+ --add-subuids ", recipe.said)


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ('mknod "$ROOT/srv-null" c 1 3', "device files are made when the system boots"),
        ('echo >"$ROOT/f"; chattr +i "$ROOT/f"', "attributes of files (chattr) are set when"),
        (
            'truncate -s 1M "$ROOT/d"; mkdir "$ROOT/m"; mount -o loop "$ROOT/d" "$ROOT/m"',
            "nothing can be mounted from a device or an image file here. Unpack it instead",
        ),
    ],
)
def test_what_no_script_can_do_has_a_remedy(alone: User, command: str, remedy: str) -> None:
    said = Recipe(alone, HEAD + step(f"host_shell(root(), {command!r})")).build().failed()
    assert remedy in said
    assert "the command failed" in said
