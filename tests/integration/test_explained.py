"""The recipes of explanations, if a mistake shows later than in a check: these are built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from headers import LATER, with_header
from users import IS_ROOT, User
from vmdsl.explanations.codes import Example, explanations

pytestmark = [pytest.mark.integration, pytest.mark.long]

#: Those that need no mirror: the kernel of the other is in tests/integration/boot.
CODES = sorted(LATER - {"nothing-to-boot"})
BOOTSTRAP = 'debootstrap(root(), suite="trixie")'


@pytest.fixture(scope="module")
def folder(user: User) -> Path:
    folder = user.folder("explained")
    (folder / "shared").mkdir()
    (folder / "shared/file").touch()  # root's
    return folder


def done(user: User, folder: Path, code: str, example: Example, base: Any) -> tuple[int, str]:
    """Build a recipe, with a system from a tarball instead of a bootstrap."""
    text = with_header(f"# header: {example.after}\n\n\n{example.code}")
    unpacked = f"unpack_rootfs(root(), {str(base.tarball)!r})"
    there = text.replace(BOOTSTRAP, f'debootstrap(root(), suite="bookworm", unless={unpacked})')
    imports = "from vmdsl import unpack_rootfs\n"
    recipe = user.file(folder / f"{code.replace('-', '_')}.py", imports + there)
    output = folder / "image.img"
    program = user.checkout / ".venv/bin/vmdsl"
    arguments = ("build", recipe, "--output", output)
    if code == "no-vmdb2-step":
        arguments = ("to-yaml", recipe, "--output", output.with_suffix(".vmdb"))
    ran = user.run("env", "ROOT_PASSWORD=secret", program, *arguments)
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("code", CODES)
def test_recipe(code: str, user: User, folder: Path, base: Any) -> None:
    if code == "needs-root" and not IS_ROOT:
        pytest.skip("only root can make a file of somebody else's")
    wrong, right = explanations()[code].examples
    returned, printed = done(user, folder, code, wrong, base)
    assert returned != 0
    assert re.findall(r"  \[([a-z0-9-]+)\]$", printed, re.MULTILINE) == [code], printed
    returned, printed = done(user, folder, code, right, base)
    assert returned == 0, printed
