"""Recipes that are written from drafts pass the checks that recipes by hand pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from drafts import call, draft, option, step, template, text
from vmdsl import Arch, GiB, MiB, Percent, programs
from vmdsl.errors import Problem
from vmdsl.plan.plan import make_plan
from vmdsl.plan.typecheck import mypy_command, read_messages
from vmdsl.values import position
from vmdsl.vmdb2.draft import Argument, Call, Draft, DraftStep, Octal, Read, Result
from vmdsl.vmdb2.text import Variable
from vmdsl.vmdb2.to_python.source import to_python

REPOSITORY = Path(__file__).parents[2]
SYSTEM = Result("system")
DRAFTS = {
    "pc": draft(
        step("disk", call("mkimg", GiB(4)), returns="Disk"),
        step("table", call("mkmsdos", Result("disk")), returns="Msdos"),
        step(
            "root",
            call("mount", call("mkext4", call("mkpart", Result("table"), flags=("boot",)))),
            returns="Mounted[Ext4]",
        ),
        step(
            "unpacked",
            call("unpack_rootfs", Result("root"), Read("rootfs_tarball")),
            returns="Fact",
        ),
        step(
            "system",
            call("debootstrap", Result("root"), suite="trixie", unless=Result("unpacked")),
            returns="RootFs",
            comments=("type: ext4", "Debian as it is: " + "much " * 30),
        ),
        step(
            "customize",
            call(
                "set_hostname",
                SYSTEM,
                text(Variable("hostname")),
                module="vmdsl_stdlib",
            ),
            call("chroot", SYSTEM, "sed -i 's/\\(a\\)/b/' /etc/motd\n\tcat <<EOF\n  $X \n\tEOF\n"),
            call(
                "create_file",
                SYSTEM,
                "/etc/a",
                text("{", Variable("hostname"), "}\n"),
                mode=Octal(0o600),
            ),
            call(
                "ansible", SYSTEM, "playbook.yml", extra_vars={"a": 1, "b": ["c", None, True, 1.5]}
            ),
        ),
        step(
            "keep", call("cache_rootfs", SYSTEM, Read("rootfs_tarball"), unless=Result("unpacked"))
        ),
        step(
            "boot_loader",
            call("apt", SYSTEM, "grub-pc"),
            call("grub_bios", SYSTEM, console="serial"),
        ),
        options=(option("hostname", "pc"), option("rootfs_tarball")),
        comments=("A sample of a machine.", "", "mypy: ignore-errors", "Ann made it."),
        closing=("fmt: off",),
    ),
    "uefi": draft(
        step(
            "table",
            call("mkgpt", call("mkimg", call("Size.parse", text(Variable("size"))))),
            returns="Gpt",
        ),
        step(
            "efi_partition",
            call(
                "mkpart",
                Result("table"),
                start=MiB(4),
                end=position("300MB"),
                type="esp",
                label="EFI",
            ),
            returns="Partition",
        ),
        step(
            "root",
            call(
                "mount",
                call("mkext4", call("mkpart", Result("table"), start=Percent(20.0), end=-MiB(1))),
            ),
            returns="Mounted[Any]",
        ),
        step(
            "efi",
            call("mount", call("mkvfat", Result("efi_partition")), "/boot/efi", on=Result("root")),
            returns="Mounted[Vfat]",
        ),
        step(
            "system",
            call(
                "debootstrap",
                Result("root"),
                suite="trixie",
                arch=Arch.ARM64,
                components=("main", "contrib"),
            ),
            returns="RootFs",
        ),
        step(
            "packages",
            call(
                "apt",
                SYSTEM,
                "grub-efi-arm64",
                template("linux-image-arm64", "linux-image-{{ arch }}"),
            ),
            call(
                "chroot", SYSTEM, template("x", "{% if class == 'big' %}\ntrue\n{% endif %}\ntrue")
            ),
        ),
        step("boot_loader", call("grub_uefi", SYSTEM, Result("efi"))),
        options=(
            option("size", "4G"),
            option("arch", "arm64"),
            option("class_", "big", variable="class"),
        ),
        comments=("SPDX-License-Identifier: GPL-2.0-only",),
    ),
}


def written(folder: Path) -> list[Path]:
    for name, made in DRAFTS.items():
        (folder / f"{name}.py").write_text(to_python(made), encoding="utf-8", newline="")
    return [folder / f"{name}.py" for name in DRAFTS]


def ruff(*arguments: str, folder: Path, stdin: str = "") -> str:
    """What ruff complains about, for who has no configuration."""
    command = [sys.executable, "-P", "-m", "ruff", *arguments]
    done = programs.run(command, cwd=folder, stdin=stdin.encode())
    return "" if done.ok else done.output


def test_mypy_is_content(tmp_path: Path, mypy_cache: Path) -> None:
    recipes = written(tmp_path)
    said = programs.run(mypy_command(mypy_cache, *recipes), cwd=tmp_path).output
    assert [problem.what for problem in read_messages(said, tmp_path)] == []


@pytest.mark.parametrize("name", DRAFTS)
def test_ruff_is_content(name: str, tmp_path: Path) -> None:
    """Long comments stay as they are. The order of imports depends on where the recipe stands."""
    recipe = next(path for path in written(tmp_path) if path.stem == name)
    isolated = ("--isolated", "--line-length=100", recipe.name)
    assert ruff("format", "--diff", *isolated, folder=tmp_path) == ""
    assert ruff("check", "--select=I", *isolated, folder=tmp_path) == ""
    as_ours = ("--stdin-filename=recipes/written.py", "--ignore=E501,I001", "-")
    assert ruff("check", *as_ours, folder=REPOSITORY, stdin=recipe.read_text("utf-8")) == ""


@pytest.mark.parametrize("name", DRAFTS)
def test_has_a_plan(name: str, tmp_path: Path, mypy_says: Callable[[list[Problem]], None]) -> None:
    mypy_says([])
    (tmp_path / "playbook.yml").write_text("[]\n")
    recipe = next(path for path in written(tmp_path) if path.stem == name)
    plan = make_plan(recipe, {}, cache=tmp_path)
    assert {o.name for o in plan.operations} == {step.name for step in DRAFTS[name].steps}


class Invention:
    """Drafts that mean nothing, with all that is hard to lay out."""

    words = ("a", "linux-image-amd64", 'say "hi"', "it's", "a\"b'c", r"\(x\)", "ü", "日本", "{b}")
    pieces = (
        *words,
        "\n",
        "\n",
        " ",
        "\t",
        "\\",
        '"',
        "'",
        '"""',
        "\r",
        "${X}",
        " \n",
        "\\\n",
        "\x07",
    )

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 (no secret)

    def text(self) -> str:
        if self.random.random() < 0.5:
            return self.random.choice(self.words) * self.random.choice((1, 1, 1, 9))
        return "".join(self.random.choices(self.pieces, k=self.random.randrange(8)))

    def argument(self, depth: int) -> Argument:
        plain = self.random.randrange(6)
        if depth == 0 or plain:
            choices: list[Argument] = [GiB(3), Octal(0o600), Path("a/b"), None, Result("root")]
            if plain == 1:
                return text(self.text(), Variable("host"), self.text())
            return self.random.choice([*choices, self.text(), self.text(), self.text()])
        match self.random.randrange(4):
            case 0:
                return tuple(self.arguments(depth))
            case 1:
                return {self.random.choice(self.words): a for a in self.arguments(depth)}
        return self.call(depth)

    def arguments(self, depth: int) -> list[Argument]:
        return [self.argument(depth - 1) for _ in range(self.random.randrange(5))]

    def call(self, depth: int) -> Call:
        names = self.random.sample(("mode", "label", "suite", "include"), self.random.randrange(3))
        function = self.random.choice(("chroot", "create_file", "Secret.from_file"))
        named = {name: self.argument(depth - 1) for name in names}
        return Call(function=function, arguments=tuple(self.arguments(depth)), named=named)

    def step(self, name: str) -> DraftStep:
        calls = [self.call(4) for _ in range(self.random.randrange(1, 4))]
        returns = self.random.choice(("None", "Disk"))
        return step(name, *calls, returns=returns, comments=tuple(self.words[:2]))

    def draft(self) -> Draft:
        host = option("host", self.text())
        return draft(self.step("one"), self.step("two"), options=(host,), closing=("end",))


def test_layout_is_that_of_ruff(tmp_path: Path) -> None:
    for seed in range(150):
        source = to_python(Invention(seed).draft())
        (tmp_path / f"seed_{seed}.py").write_text(source, encoding="utf-8", newline="")
    assert ruff("format", "--isolated", "--line-length=100", "--diff", ".", folder=tmp_path) == ""
