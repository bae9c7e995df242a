"""Which keys change with which change of a recipe, of its files, and of this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import vmdsl
from plans import description_of, first_changed, keys_of, plan_of, values_of
from vmdsl import programs
from vmdsl.builder.cache.archives import State
from vmdsl.builder.cache.checksums import digest, stamp
from vmdsl.builder.cache.keys import code_of_vmdsl
from vmdsl.builder.cache.store import key_of
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.plan import Plan

HEAD = """\
from vmdsl import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(MiB(400)))

@step
def esp() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(64), type="esp")), "/efi", on=root())

@step
def other() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(64), type="esp")), "/other", on=root())

@step
def spare() -> Partition:
    return mkpart(table(), size=MiB(8))

@step
def unused() -> Partition:
    return mkpart(table(), size=MiB(8))
"""
ROOT = """
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(200))))

@step
def system() -> RootFs:
    return RootFs(mounted=root(), suite=Suite("bookworm"), arch=Arch.AMD64)
"""
RECIPE = (
    HEAD.replace("@step\ndef esp", f"{ROOT.strip()}\n\n@step\ndef esp", 1)
    + """
@step
def motd() -> None:
    copy_file(system(), "motd", "/etc/motd")

@step
def overlay() -> None:
    copy_tree(system(), "overlay", "/srv", exclude=("left_out",))

@step
def shell() -> None:
    host_shell(system(), "cat data/* >$ROOT/data", inputs=("data", "single"))

@step
def there() -> Fact:
    return path_exists(system(), "/etc/motd")

@step
def unless() -> None:
    create_file(system(), "/x", "x", unless=there())

@step
def table_of_mounts() -> None:
    fstab(system(), extra=["tmpfs /tmp tmpfs defaults 0 0"])

@step
def secret() -> None:
    create_file(system(), "/secret", Secret.from_file("password"))

@step
def last() -> None:
    chroot(system(), "true")

@step
def boot_code() -> None:
    write_at(spare(), b"code", offset=KiB(1))
"""
)
MOTD, OVERLAY, SHELL, THERE, UNLESS, FSTAB, SECRET, LAST, CLEANING, IMAGE = range(10)


class Recipe:
    """A recipe and its local files, whose keys are compared before and after a change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "recipe"
        self.cache = folder / "cache"
        self.path = self.folder / "recipe.py"
        self.text = RECIPE
        for name, content in {
            "motd": "Hello\n",
            "overlay/a": "a\n",
            "overlay/deep/b": "b\n",
            "overlay/left_out/c": "c\n",
            "data/one": "1\n",
            "single": "s\n",
            "password": "p\n",
            "elsewhere": "e\n",
        }.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        (self.folder / "overlay/link").symlink_to("a")
        (self.folder / "overlay/twin").hardlink_to(self.folder / "overlay/a")
        (self.folder / "data/link").symlink_to("../elsewhere")

    def plan(self) -> Plan:
        self.path.write_text(self.text, encoding="utf-8")
        return plan_of(self.path)

    def keys(self, **how: Any) -> list[str]:
        keys = keys_of(description_of(self.plan(), self.cache, **how))
        assert "" not in keys
        return keys

    def change(self, old: str, new: str) -> None:
        assert self.text.count(old) == 1
        self.text = self.text.replace(old, new)

    def file(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    yield
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    return Recipe(tmp_path)


def test_the_same_twice(recipe: Recipe) -> None:
    assert recipe.keys() == recipe.keys()
    assert len(set(recipe.keys())) == IMAGE + 1


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ('"/etc/motd")\n\n@step\ndef overlay', '"/etc/issue")\n\n@step\ndef overlay', MOTD),
        ('copy_file(system(), "motd"', 'copy_file(system(), "single"', MOTD),
        ('"/etc/motd")\n\n@step\ndef overlay', '"/etc/motd", uid=1)\n\n@step\ndef overlay', MOTD),
        ('exclude=("left_out",)', "exclude=()", OVERLAY),
        ("cat data/*", "cat data/* #", SHELL),
        ('inputs=("data", "single")', 'inputs=("data",)', SHELL),
        ('path_exists(system(), "/etc/motd")', 'path_exists(system(), "/etc/issue")', THERE),
        (", unless=there())", ")", UNLESS),
        ('"x", unless', '"y", unless', UNLESS),
        ("tmpfs /tmp", "tmpfs /var/tmp", FSTAB),
        ('"/secret", Secret', '"/secret", uid=1, content=Secret', SECRET),
        ('"true"', '"true "', LAST),
        ('"/efi", on', '"/boot/efi", on', MOTD),
        ("MiB(200)", "MiB(201)", FSTAB),
        ("mkimg(MiB(400))", "mkimg(MiB(500))", FSTAB),
        ("mkext4(mkpart", "mkext3(mkpart", FSTAB),
        ("def spare()", "def hidden()", None),
        ("size=MiB(8))\n\n@step\ndef unused", "size=MiB(9))\n\n@step\ndef unused", FSTAB),
        ('b"code"', 'b"node"', IMAGE),
        ("offset=KiB(1)", "offset=KiB(2)", IMAGE),
        ("write_at(spare()", "write_at(unused()", IMAGE),
        ("Arch.AMD64", "Arch.I386", MOTD),
        ('Suite("bookworm")', 'Suite("trixie")', MOTD),
    ],
)  # fmt: skip
def test_a_changed_line(recipe: Recipe, old: str, new: str, first: int | None) -> None:
    before = recipe.keys()
    if first is None:
        recipe.text = recipe.text.replace("write_at(spare()", "write_at(hidden()")
        first = FSTAB
    recipe.change(old, new)
    assert first_changed(before, recipe.keys()) == first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def motd()", "def greeting()"),
        ("def boot_code()", "def bootcode()"),
        ("@step\ndef motd", "\n\n# A comment.\n\n@step\ndef motd"),
        ('copy_file(system(), "motd", "/etc/motd")', 'copy_file(system(),\n "motd", "/etc/motd")'),
        ('"motd", "/etc', 'f"mo{\'td\'}", "/etc'),
    ],
)  # fmt: skip
def test_what_makes_no_difference(recipe: Recipe, old: str, new: str) -> None:
    before = recipe.keys()
    recipe.change(old, new)
    assert first_changed(before, recipe.keys()) is None


def test_steps_in_another_order(recipe: Recipe) -> None:
    before = recipe.keys()
    recipe.change('create_file(system(), "/x", "x", unless=there())', 'chroot(system(), "true")')
    recipe.text = recipe.text.replace(
        'def last() -> None:\n    chroot(system(), "true")',
        'def last() -> None:\n    create_file(system(), "/x", "x", unless=there())',
    )
    assert first_changed(before, recipe.keys()) == UNLESS


def test_a_fact_of_another_step(recipe: Recipe) -> None:
    again = "\n@step\ndef again() -> Fact:\n    return path_exists(system(), '/etc/motd')\n"
    recipe.text = recipe.text.replace("\n@step\ndef unless", f"{again}\n@step\ndef unless")
    before = recipe.keys()
    recipe.change("unless=there()", "unless=again()")
    assert first_changed(before, recipe.keys()) == UNLESS + 1


def another_file(recipe: Recipe) -> None:
    recipe.file("motd").write_text("Bye\n", encoding="utf-8")


def a_mode(recipe: Recipe) -> None:
    recipe.file("motd").chmod(0o755)


def a_symlink_to_another(recipe: Recipe) -> None:
    """What is copied is the file that it leads to."""
    recipe.file("motd").unlink()
    recipe.file("motd").symlink_to("elsewhere")


def content_in_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").write_text("other\n", encoding="utf-8")


def mode_in_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").chmod(0o700)


def mode_of_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep").chmod(0o700)


def mode_of_top(recipe: Recipe) -> None:
    recipe.file("overlay").chmod(0o700)


def attribute_in_directory(recipe: Recipe) -> None:
    os.setxattr(recipe.file("overlay/deep/b"), "user.x", b"1")


def attribute_of_directory(recipe: Recipe) -> None:
    os.setxattr(recipe.file("overlay/deep"), "user.x", b"1")


def hard_link_broken(recipe: Recipe) -> None:
    recipe.file("overlay/twin").unlink()
    recipe.file("overlay/twin").write_text("a\n", encoding="utf-8")


def hard_link_made(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").write_text("a\n", encoding="utf-8")


def symlink_elsewhere(recipe: Recipe) -> None:
    recipe.file("overlay/link").unlink()
    recipe.file("overlay/link").symlink_to("twin")


def symlink_becomes_file(recipe: Recipe) -> None:
    recipe.file("overlay/link").unlink()
    recipe.file("overlay/link").write_text("a\n", encoding="utf-8")


def new_in_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep/new").touch()


def new_directory(recipe: Recipe) -> None:
    recipe.file("overlay/new").mkdir()


def gone_from_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").unlink()


def renamed_in_directory(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").rename(recipe.file("overlay/deep/c"))


def an_input(recipe: Recipe) -> None:
    recipe.file("data/one").write_text("2\n", encoding="utf-8")


def an_input_alone(recipe: Recipe) -> None:
    recipe.file("single").write_text("2\n", encoding="utf-8")


def where_an_input_leads(recipe: Recipe) -> None:
    recipe.file("elsewhere").write_text("2\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (another_file, MOTD),
        (a_mode, MOTD),
        (a_symlink_to_another, MOTD),
        (content_in_directory, OVERLAY),
        (mode_in_directory, OVERLAY),
        (mode_of_directory, OVERLAY),
        (mode_of_top, OVERLAY),
        (attribute_in_directory, OVERLAY),
        (attribute_of_directory, OVERLAY),
        (hard_link_broken, OVERLAY),
        (hard_link_made, OVERLAY),
        (symlink_elsewhere, OVERLAY),
        (symlink_becomes_file, OVERLAY),
        (new_in_directory, OVERLAY),
        (new_directory, OVERLAY),
        (gone_from_directory, OVERLAY),
        (renamed_in_directory, OVERLAY),
        (an_input, SHELL),
        (an_input_alone, SHELL),
        (where_an_input_leads, SHELL),
    ],
)
def test_a_changed_local_file(recipe: Recipe, change: Callable[[Recipe], None], first: int) -> None:
    before = recipe.keys()
    change(recipe)
    assert first_changed(before, recipe.keys()) == first


def test_the_target_of_a_copied_symlink(recipe: Recipe) -> None:
    recipe.file("motd").unlink()
    recipe.file("motd").symlink_to("elsewhere")
    (recipe.file("data/link")).unlink()
    before = recipe.keys()
    recipe.file("elsewhere").write_text("other\n", encoding="utf-8")
    assert first_changed(before, recipe.keys()) == MOTD


def test_two_files_that_become_one(recipe: Recipe) -> None:
    recipe.file("overlay/deep/b").write_text("a\n", encoding="utf-8")
    before = recipe.keys()
    recipe.file("overlay/deep/b").unlink()
    recipe.file("overlay/deep/b").hardlink_to(recipe.file("overlay/a"))
    assert first_changed(before, recipe.keys()) == OVERLAY


def test_what_of_local_files_makes_no_difference(recipe: Recipe) -> None:
    before = recipe.keys()
    os.utime(recipe.file("motd"), (1, 1))
    os.utime(recipe.file("overlay/deep"), (1, 1))
    recipe.file("overlay/left_out/c").write_text("other\n", encoding="utf-8")
    recipe.file("overlay/deep/b").rename(recipe.folder / "b")  # another inode
    recipe.file("overlay/deep/b").write_text("b\n", encoding="utf-8")
    recipe.file("motd.bak").touch()
    assert first_changed(before, recipe.keys()) is None


def test_another_recipes_directory(recipe: Recipe, tmp_path: Path) -> None:
    before = recipe.keys()
    recipe.folder.rename(tmp_path / "moved")
    recipe.folder = tmp_path / "moved"
    recipe.path = recipe.folder / "recipe.py"
    after = recipe.keys()
    # What an input leads to outside of the inputs is named by its own place.
    assert first_changed(before, after) == SHELL


@pytest.mark.parametrize("how", ["size", "time", "another place", "gone"])
def test_a_program_of_this_machine(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    program = tmp_path / "sh"
    program.write_text("one", encoding="utf-8")
    known = programs.find
    place: list[Path | None] = [program]
    monkeypatch.setattr(
        programs, "find", lambda n: place[0] and str(place[0]) if n == "sh" else known(n)
    )
    before = recipe.keys()
    assert first_changed(before, recipe.keys()) is None
    match how:
        case "size":
            about = program.stat()
            program.write_text("other", encoding="utf-8")
            os.utime(program, ns=(about.st_mtime_ns, about.st_mtime_ns))
        case "time":
            os.utime(program, (1, 1))
        case "another place":
            place[0] = program.rename(tmp_path / "bash")
        case _:
            place[0] = None
    assert first_changed(before, recipe.keys()) == SHELL


def test_the_value_of_a_secret(recipe: Recipe) -> None:
    plan = recipe.plan()
    (secret,) = values_of(plan)
    before = recipe.keys(secrets={secret: b"one"})
    assert first_changed(before, recipe.keys(secrets={secret: b"one"})) is None
    assert first_changed(before, recipe.keys(secrets={secret: b"two"})) == SECRET
    unknown = keys_of(description_of(plan, recipe.cache, secrets={}))
    assert unknown == [*before[:SECRET], *[""] * (len(before) - SECRET)]


def test_no_secret_is_told(recipe: Recipe) -> None:
    plan = recipe.plan()
    (secret,) = values_of(plan)
    value = b"correct horse battery staple"
    described = description_of(plan, recipe.cache, secrets={secret: value})
    told = json.dumps([*described.parts, described.image])
    assert value.decode() not in told
    assert value.hex() not in told
    assert digest(value.decode()) not in told
    elsewhere = description_of(plan, recipe.cache / "other", secrets={secret: value})
    assert described.parts[SECRET + 1] != elsewhere.parts[SECRET + 1]
    assert (recipe.cache / "salt").stat().st_mode & 0o777 == 0o600
    assert described.parts == description_of(plan, recipe.cache, secrets={secret: value}).parts
    assert [p.name for p in recipe.cache.iterdir() if p.name.startswith("salt")] == ["salt"]


def test_a_salt_that_another_build_makes_meanwhile(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = recipe.plan()
    secrets = dict.fromkeys(values_of(plan), b"one")
    cache = recipe.cache / "shared"
    cache.mkdir(parents=True)
    of_another = b"s" * 32
    real = Path.mkdir

    def mkdir(path: Path, *args: Any, **more: Any) -> None:
        real(path, *args, **more)
        if path == cache:
            (cache / "salt").write_bytes(of_another)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", mkdir)
        first = description_of(plan, cache, secrets=secrets)
    assert (cache / "salt").read_bytes() == of_another
    assert first.parts == description_of(plan, cache, secrets=secrets).parts


def test_a_salt_that_was_cut_off(recipe: Recipe) -> None:
    plan = recipe.plan()
    secrets = dict.fromkeys(values_of(plan), b"one")
    recipe.cache.mkdir(exist_ok=True)
    (recipe.cache / "salt").write_bytes(b"s")
    first = description_of(plan, recipe.cache, secrets=secrets)
    assert first.parts == description_of(plan, recipe.cache, secrets=secrets).parts


def test_what_all_depend_on(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.keys()
    one, two = recipe.keys(epoch=1), recipe.keys(epoch=2)
    assert first_changed(before, one) == first_changed(one, two) == 0
    monkeypatch.setattr("vmdsl.builder.cache.keys.code_of_vmdsl", lambda _: "another")
    assert first_changed(before, recipe.keys()) == 0
    monkeypatch.undo()
    monkeypatch.setattr("vmdsl.builder.cache.keys._owners", lambda: [1000, "somebody:100000:65536"])
    assert first_changed(before, recipe.keys()) == 0


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of vmdsl's own code, which counts for the keys."""
    top = Path(vmdsl.__file__).parent
    copy = tmp_path / "vmdsl"
    for source in top.rglob("*.py"):
        target = copy / source.relative_to(top)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    monkeypatch.setattr(vmdsl, "__file__", str(copy / "__init__.py"))
    code_of_vmdsl.cache_clear()
    yield copy
    code_of_vmdsl.cache_clear()


def test_the_code_of_vmdsl(recipe: Recipe, code: Path) -> None:
    """What a build runs counts, where it counts; what checks, reports or keeps does not."""
    before = recipe.keys()
    missed = {}
    expected = {
        "language/effects.py": "layers",
        "operations/files/files.py": "layers",
        "operations/disk/disks.py": "layers",
        "builder/tree/copying.py": "layers",
        "builder/sandbox/namespaces.py": "layers",
        "builder/cache/archives.py": "layers",
        "builder/image/sparse.py": "layers",
        "builder/inner.py": "layers",
        "builder/grow.py": "layers",
        "machines.py": "layers",
        "programs.py": "layers",
        "values.py": "layers",
        "plan/lay_out.py": "layers",
        "plan/extents.py": "layers",
        "builder/filesystems/ext.py": "image",
        "builder/filesystems/contents.py": "image",
        "builder/image/output.py": "image",
        "builder/assemble.py": "image",
        "builder/finish.py": "image",
        "builder/report/timing.py": "nothing",
        "builder/report/mask.py": "nothing",
        "builder/build.py": "nothing",
        "builder/events.py": "nothing",
        "builder/secrets.py": "nothing",
        "builder/cache/cache_dir.py": "nothing",
        "builder/cache/forecast.py": "nothing",
        "builder/cache/inventory.py": "nothing",
        "builder/cache/keys.py": "nothing",
        "cli/draw.py": "nothing",
        "review/describe.py": "nothing",
        "plan/hints.py": "nothing",
        "plan/rules/check.py": "nothing",
        "vmdb2/run.py": "nothing",
        "boot/console.py": "nothing",
        "host/checks.py": "nothing",
    }
    for name in expected:
        was = (code / name).read_bytes()
        (code / name).write_bytes(was + b"\n# more\n")
        code_of_vmdsl.cache_clear()
        first = first_changed(before, recipe.keys())
        missed[name] = {0: "layers", IMAGE: "image", None: "nothing"}[first]
        (code / name).write_bytes(was)
    assert missed == expected


def test_what_follows_the_system_finds_the_mount_points(recipe: Recipe) -> None:
    before = recipe.keys()
    recipe.change('"/efi", on', '"/boot/efi", on')
    assert first_changed(before, recipe.keys()) == MOTD


def test_a_host_shell_of_unknown_inputs(recipe: Recipe) -> None:
    before = recipe.keys()
    recipe.change(', inputs=("data", "single")', "")
    after = keys_of(description_of(recipe.plan(), recipe.cache))
    assert after == [*before[:SHELL], *[""] * (len(before) - SHELL)]


def test_states_of_archives() -> None:
    def state(hash_: str, **more: Any) -> State:
        known = State(hash=hash_, sources="s", name="trixie", seen=1.0)
        return replace(known, **more)

    assert key_of("b", []) != key_of("b", [state("1")]) != key_of("b", [state("2")])
    assert key_of("b", [state("1")]) == key_of("b", [state("1", seen=2.0, name="other")])
    assert key_of("b", [state("1"), state("2")]) != key_of("b", [state("2"), state("1")])
    assert key_of("b", [state("1")]) != key_of("c", [state("1")])


PARTS = """\
from dataclasses import dataclass
from vmdsl import *
{imports}

@dataclass(frozen=True, kw_only=True, eq=False)
class Own(TreeOperation):
    value: int

    def apply(self, tree: Tree) -> None:
        tree.write("/own", str(self.value))
"""
OWN = (
    RECIPE.replace("import *\n", "import *\n{imports}\n", 1)
    + """
@step
def own() -> None:
    record(Own(root=system(), value=1))
"""
)


@pytest.fixture
def package(recipe: Recipe) -> Path:
    """Somebody's package with two modules of one name, one of which has an operation."""
    acme = recipe.folder.parent / "site" / "acme"
    (acme / "deep").mkdir(parents=True)
    (acme / "__init__.py").write_text("import acme.deep\n", encoding="utf-8")
    (acme / "deep/__init__.py").write_text("helper = 1\n", encoding="utf-8")
    (acme / "parts.py").write_text(PARTS.format(imports="import acme.deep"), encoding="utf-8")
    (acme / "later.py").write_text("", encoding="utf-8")
    sys.path.append(str(acme.parent))
    recipe.text = OWN.format(imports="from acme.parts import Own")
    return acme


def fresh(recipe: Recipe) -> list[str]:
    for name in [n for n in sys.modules if n.partition(".")[0] in {"acme", "beside"}]:
        del sys.modules[name]
    return recipe.keys()


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("parts.py", LAST + 1),
        ("__init__.py", LAST + 1),
        ("deep/__init__.py", LAST + 1),
        ("later.py", LAST + 1),  # it may be imported when the operation is applied
    ],
)
def test_the_code_of_somebodys_operation(
    recipe: Recipe, package: Path, name: str, first: int | None
) -> None:
    before = fresh(recipe)
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert first_changed(before, fresh(recipe)) == first


def test_where_somebodys_package_is(recipe: Recipe, package: Path) -> None:
    before = fresh(recipe)
    moved = package.parent.rename(recipe.folder.parent / "elsewhere")
    sys.path[-1] = str(moved)
    sys.path.append(str(moved))
    sys.path_importer_cache.clear()
    assert first_changed(before, fresh(recipe)) is None


def test_a_recipe_beside_vmdsl(recipe: Recipe) -> None:
    """Which of vmdsl's modules are loaded depends on the command, and the keys must not."""
    recipe.text = PARTS.format(imports="") + OWN.format(imports="").replace(
        "from vmdsl import *\n", "", 1
    )
    before = fresh(recipe)
    module = ModuleType("vmdsl.cli.some_command")
    module.__file__ = str(recipe.file("some_command.py"))
    recipe.file("some_command.py").touch()
    sys.modules[module.__name__] = module
    assert first_changed(before, fresh(recipe)) is None


def test_somebodys_package_below_the_recipe(recipe: Recipe, package: Path) -> None:
    """As where the virtual environment is in the recipe's directory."""
    place = recipe.folder / ".venv/lib/python3/site-packages"
    place.parent.mkdir(parents=True)
    package.parent.rename(place)
    sys.path[-1] = str(place)
    before = fresh(recipe)
    with (place / "acme/parts.py").open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert first_changed(before, fresh(recipe)) == LAST + 1


@pytest.mark.parametrize("changed", ["recipe", "helper", "somebody"])
def test_the_code_of_the_recipes_own_operation(recipe: Recipe, changed: str) -> None:
    (recipe.folder / "beside").mkdir()
    helper = recipe.folder / "beside/__init__.py"
    helper.write_text("one = 1\n", encoding="utf-8")
    recipe.text = PARTS.format(imports="import beside") + OWN.format(imports="").replace(
        "from vmdsl import *\n", "", 1
    )
    before = fresh(recipe)
    if changed == "recipe":
        recipe.change('tree.write("/own"', 'tree.write("/new"')
    elif changed == "helper":
        helper.write_text("one = 2\n", encoding="utf-8")
    else:
        recipe.file("elsewhere.py").write_text("", encoding="utf-8")
    expected = None if changed == "somebody" else LAST + 1
    assert first_changed(before, fresh(recipe)) == expected


# The stamp, which tells that a file was changed while a build read it.


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader(TreeOperation):
    files: tuple[Path, ...]
    directories: tuple[Path, ...] = ()

    def local_files(self) -> tuple[Path, ...]:
        return self.files

    def local_directories(self) -> tuple[Path, ...]:
        return self.directories

    def apply(self, tree: Any) -> None:
        raise NotImplementedError


@pytest.fixture
def reader(recipe: Recipe) -> Reader:
    recorder = Recorder(recipe.path, value_of=id, result_of=id, step="here")
    undo = start_recording(recorder)
    made = Reader(
        root=None,
        files=(Path("motd"), Path("overlay/a"), Path("link")),
        directories=(Path("overlay"),),
    )
    undo()
    recipe.file("link").symlink_to("elsewhere")
    return made


@pytest.mark.parametrize("name", ["motd", "overlay/a", "elsewhere"])
def test_a_stamp_tells_of_changes(recipe: Recipe, reader: Reader, name: str) -> None:
    before = stamp(reader)
    assert stamp(reader) == before
    file = recipe.file(name)
    about = file.stat()
    content = file.read_bytes()
    file.write_bytes(content.upper())
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert stamp(reader) != before
    recipe.file("unrelated").touch()
    changed = stamp(reader)
    file.unlink()
    assert stamp(reader) != changed
