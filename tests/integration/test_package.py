"""The packages for an index: what is in them, and that the wheel works without the repository."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from dissect.extfs import ExtFS
from dissect.util.stream import RangeStream

from users import User
from vmdsl import programs

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
ACME = REPOSITORY / "tests/acme"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    run(sys.executable, "-m", "hatchling", "build", "-d", str(folder), cwd=REPOSITORY)
    return folder


def run(*command: str, cwd: Path) -> str:
    done = programs.run(command, cwd=cwd)
    assert done.ok, done.output
    return done.output


def test_the_source_package_has_all_but_the_tests(made: Path) -> None:
    (package,) = made.glob("*.tar.gz")
    with tarfile.open(package) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {
        *("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "hatch_build.py", "PKG-INFO"),
        *("vmdsl/py.typed", "vmdsl/host/packages.txt", "stdlib/vmdsl_stdlib/py.typed"),
        *("docs/how-to/install.md", "recipes/hybrid.py"),
    }
    assert needed <= names
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"vmdsl", "stdlib", "docs", "recipes"}
    assert not {name for name in names if name.endswith((".pyc", ".img", ".log"))}


def test_an_index_can_show_what_it_is(made: Path) -> None:
    (package,) = made.glob("*.whl")
    with zipfile.ZipFile(package) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        about = message_from_bytes(archive.read(name))
    assert (about["Name"], about["License-Expression"]) == ("vmdsl", "GPL-3.0-or-later")
    assert about["Description-Content-Type"] == "text/markdown"
    assert str(about.get_payload()).startswith("# vmdsl\n")
    urls = {one.partition(",")[0] for one in about.get_all("Project-URL", [])}
    assert urls == {"Homepage", "Source", "Documentation", "Changelog", "Issues"}
    assert "Typing :: Typed" in about.get_all("Classifier", [])


def test_the_wheel_has_both_packages_and_the_licence(made: Path) -> None:
    (package,) = made.glob("*.whl")
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    about = {name for name in names if ".dist-info/" in name or ".data/" in name}
    assert {name.partition("/")[0] for name in names - about} == {"vmdsl", "vmdsl_stdlib"}
    assert {"vmdsl/py.typed", "vmdsl_stdlib/py.typed", "vmdsl/host/packages.txt"} <= names
    assert "vmdsl/explanations/texts/call-it.md" in names
    assert {"vmdsl/recipes/hybrid.py", "vmdsl/recipes/ansible/playbook.yml"} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in about)
    assert any(name.endswith(".data/data/share/man/man1/vmdsl.1") for name in names)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An environment with the wheels of vmdsl and of Acme's package, and a folder to work in."""

    user: User
    folder: Path

    def run(self, program: str, *arguments: str | Path, code: int = 0) -> str:
        """Run a program of the environment in the folder."""
        path = self.folder / "new/bin" / program
        done = self.user.run("env", "-C", self.folder, path, *arguments)
        assert done.returncode == code, done.stdout
        return done.stdout


@pytest.fixture(scope="module")
def installed(made: Path, user: User, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What they need is that of the tests, as only `nox -s versions` installs packages."""
    there = Installed(user=user, folder=user.folder("packages"))
    wheels = tmp_path_factory.mktemp("acme")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels))
    run(*build, cwd=ACME)
    new = user.run("/usr/bin/python3", "-I", "-m", "venv", "--without-pip", there.folder / "new")
    assert new.returncode == 0, new.stdout
    python = str(there.folder / "new/bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, *map(str, (*made.glob("*.whl"), *wheels.glob("*.whl"))), cwd=wheels)
    name = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    others = user.checkout / ".venv" / name
    (there.folder / "new" / name / "others.pth").write_text(f"{others}\n", encoding="utf-8")
    # mypy accepts only its own of this module, and pip installs this one beside the packages
    stub = (others / "typing_extensions.py").read_text("utf-8")
    user.file(there.folder / "new" / name / "typing_extensions.py", stub)
    user.file(there.folder / "shop.py", (ACME / "shop.py").read_text("utf-8"))
    return there


def test_the_wheel_works_in_a_new_environment(installed: Installed) -> None:
    source = installed.run("python", "-c", "import vmdsl; print(vmdsl.__file__)")
    assert source.startswith(str(installed.folder))
    assert installed.run("vmdsl", "--version").startswith("vmdsl 0.")
    assert "ok       programs" in installed.run("vmdsl", "doctor")
    nowhere = ("-C", installed.folder, "PATH=/nowhere", installed.folder / "new/bin/vmdsl")
    missing = installed.user.run("env", *nowhere, "doctor")
    assert missing.returncode == 4
    assert re.search(r"apt-get install .*\bmmdebstrap\b.*\buidmap\b", missing.stdout)
    assert (installed.folder / "new/share/man/man1/vmdsl.1").is_file()


def test_a_package_offers_a_recipe_by_name(installed: Installed, base: Any) -> None:
    """As docs/how-to/share-recipes.md says."""
    assert installed.run("vmdsl", "list") == (
        "Recipes here\n"
        "  shop.py  The server of Acme's shop: made of the parts that the package has.\n"
        "\n"
        "Recipes of installed packages\n"
        "  acme-server  A server as Acme runs it, with the company's notice and an inventory. "
        "(acme-images 1.0)\n"
    )
    recipes = [str(installed.user.checkout / "recipes/amd64_uefi.py"), "shop.py", "acme-server"]
    said = installed.run("vmdsl", "check", *recipes)
    assert said == "".join(f"{recipe}: no mistakes\n" for recipe in recipes)
    said = installed.run("vmdsl", "diff", "acme-server", "shop.py", code=2)
    assert "copy notice.txt to /etc/motd" in said
    assert "create /etc/hostname" in said
    tarball = ("--tarball", base.tarball)
    installed.run("vmdsl", "plan", "acme-server", *tarball, "--output", "acme.plan")
    installed.run("vmdsl", "build", "acme-server", *tarball, "--plan", "acme.plan")
    plan = (installed.folder / "acme.plan").read_text("utf-8")
    assert "inventory: write the inventory /etc/acme/packages" in plan
    with (installed.folder / "acme-server.img").open("rb") as image:
        root = ExtFS(RangeStream(image, 2**20, 2**31 - 2**20))
        assert root.get("etc/motd").open().read() == (ACME / "acme/notice.txt").read_bytes()
        assert b"\nbase-files\n" in root.get("etc/acme/packages").open().read()


def test_a_package_offers_a_policy_by_name(installed: Installed) -> None:
    project = installed.user.folder("project")
    text = (ACME / "shop.py").read_text("utf-8")
    installed.user.file(project / "shop.py", text.replace("    write_inventory(system())\n", ""))
    rules = '[tool.vmdsl]\npolicies = ["acme-inventory"]\n'
    installed.user.file(project / "pyproject.toml", rules)
    said = installed.run("vmdsl", "check", project / "shop.py", code=3)
    assert "the image has no inventory" in said
    assert "acme-inventory" in said
    assert "call write_inventory(system())" in said


def test_new_writes_a_recipe_of_those_in_the_wheel(installed: Installed) -> None:
    folder = installed.user.folder("new")
    assert installed.run("vmdsl", "new", folder / "box.py").startswith(
        f"{folder}/box.py is written"
    )


def test_mypy_checks_calls_of_a_package(installed: Installed) -> None:
    text = (installed.folder / "shop.py").read_text("utf-8")
    wrong = text.replace("acme_root(GiB(4))", "acme_root(4)").replace("(system())", "(system)", 1)
    installed.user.file(installed.folder / "wrong.py", wrong)
    said = installed.run("vmdsl", "check", "wrong.py", code=3)
    assert 'Argument 1 to "acme_root" has incompatible type "int"; expected "Size"' in said
    assert said.endswith("2 mistakes\n")
