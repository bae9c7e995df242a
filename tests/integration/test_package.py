"""The packages for an index: what is in them, and that the wheel works without the repository."""

from __future__ import annotations

import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from vmdsl import programs

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).parents[2]
RECIPE = REPOSITORY / "recipes/amd64_uefi.py"


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


def test_the_wheel_has_both_packages_and_the_licence(made: Path) -> None:
    (package,) = made.glob("*.whl")
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
    about = {name for name in names if ".dist-info/" in name}
    assert {name.partition("/")[0] for name in names - about} == {"vmdsl", "vmdsl_stdlib"}
    assert {"vmdsl/py.typed", "vmdsl_stdlib/py.typed", "vmdsl/host/packages.txt"} <= names
    assert "vmdsl/explanations/texts/call-it.md" in names
    assert any(name.endswith("/licenses/LICENSE") for name in about)


def test_the_wheel_works_in_a_new_environment(made: Path, tmp_path: Path) -> None:
    """What it needs is that of the tests, as only `nox -s versions` installs packages."""
    (package,) = made.glob("*.whl")
    run("/usr/bin/python3", "-I", "-m", "venv", "--without-pip", "new", cwd=tmp_path)
    python = str(tmp_path / "new/bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    run(*pip, str(package), cwd=tmp_path)
    there = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
    )
    others = sysconfig.get_path("purelib")
    Path(there.strip(), "others.pth").write_text(f"{others}\n", encoding="utf-8")
    vmdsl = str(tmp_path / "new/bin/vmdsl")
    source = run(python, "-c", "import vmdsl; print(vmdsl.__file__)", cwd=tmp_path)
    assert source.startswith(there.strip())
    assert run(vmdsl, "--version", cwd=tmp_path).startswith("vmdsl 0.")
    assert run(vmdsl, "check", str(RECIPE), cwd=tmp_path) == f"{RECIPE}: no mistakes\n"
