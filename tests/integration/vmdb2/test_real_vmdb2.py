"""What is written for vmdb2 is what the real vmdb2 takes, and what its partitions come to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
import yaml

from vmdb2.specifications import corpus, prepared
from vmdsl.builder.image.table import table_script
from vmdsl.errors import RecipeError
from vmdsl.plan.load import load
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.to_yaml.write import LOWERED, to_yaml

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
RECIPES = HERE.parents[2] / "recipes"


def plan(path: Path) -> Plan:
    before = list(sys.path)
    try:
        return make_plan(path, {}, cache=path.parent, loaded=load(path), types=Untyped())
    finally:
        sys.path[:] = before


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that there is to be written, by name."""
    folder = tmp_path_factory.mktemp("exported")
    plans = {path.stem: plan(path) for path in [*RECIPES.glob("*.py"), HERE / "everything.py"]}
    for number, origin in enumerate(corpus()):
        try:
            plans[origin.name] = prepared(origin, folder / f"{number}").load().plan({})
        except RecipeError:
            continue
    texts = {}
    for name, one in plans.items():
        if name != "ci_worker":  # which is as large as its content
            texts[name] = to_yaml(one)
    return texts


def test_everything_is_everything() -> None:
    kinds = {type(operation) for operation in plan(HERE / "everything.py").operations}
    missing = {kind.__name__ for kind in LOWERED.keys() - kinds}
    assert missing == {"Extlinux", "FlashKernel", "GrubIeee1275", "SystemFrom"}


def test_vmdb2_takes_all_that_is_written(
    vmdb2: Any, exported: dict[str, str], tmp_path: Path
) -> None:
    assert len(exported) >= 7
    for name, text in exported.items():
        (tmp_path / f"{name}.vmdb").write_text(text, encoding="utf-8")
    files = [f"{name}.vmdb" for name in exported]
    told = json.loads(vmdb2.run(HERE / "accept.py", *files, cwd=tmp_path))
    for name, text in exported.items():
        found = told[f"{name}.vmdb"]
        assert found["said"] == "", name
        assert len(found["steps"]) == len(yaml.safe_load(text)["steps"])
        for step in found["steps"]:
            assert step["unknown"] == [], (name, step)
            assert step["runner"] == runner_of(next(iter(step["step"]))), (name, step)


def runner_of(key: str) -> str:
    """Vmdb2's class for a step, which is named after the step's key, but for three."""
    others = {
        "virtual-filesystems": "VirtualFilesystemMount",
        "unpack-rootfs": "UnpackCache",
        "cache-rootfs": "MakeCache",
    }
    camel = "".join(word.capitalize() for word in key.replace("_", "-").split("-"))
    return f"{others.get(key, camel)}StepRunner"


def test_scripts_are_well_formed(vmdb2: Any, exported: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x.vmdb").write_text(exported["everything"], encoding="utf-8")
    told = json.loads(vmdb2.run(HERE / "accept.py", "x.vmdb", cwd=tmp_path))["x.vmdb"]
    scripts = [step["step"]["shell"] for step in told["steps"] if "shell" in step["step"]]
    assert len(scripts) > 20
    for script in scripts:
        done = subprocess.run(
            ["sh", "-n"], input=script, text=True, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), script


TABLES = {
    "gpt": """
        uuid_of_grub = UUID("21686148-6449-6E6F-744E-656564454649")
        mkpart(table, size=MiB(1), type=uuid_of_grub)
        mkvfat(mkpart(table, size=MiB(64), type="esp", label="EFI system"))
        mkswap(mkpart(table, size=MiB(64), type="swap", label="it's"), label="swap")
        mkext2(mkpart(table, start=sectors(500000), end=sectors(500101), type="home"))
        mkext2(mkpart(table, start=MiB(250), end=Percent(20), type="srv", flags=("read-only",)))
        mkvfat(mkpart(table, size=KiB(1025), type="fat", flags=("required", "legacy-boot")))
        mkext2(mkpart(table, start=Percent(25), end=Percent(37), type="usr-amd64", label="größer"))
        mkpart(table, end=-MiB(100), type="raid", flags=(48,))
        mkpart(table, size=MiB(5), type=UUID("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC"))
        mkpart(table, type=UUID("00000000-0000-0000-0000-00000000abcd"))
    """,
    "msdos": """
        mkpart(table, start=MiB(64) + sectors(63), end=MiB(64) + sectors(2048), type=0x1C)
        mkvfat(mkpart(table, end=Percent(33), type="esp", flags=("boot",)))
        mkpart(table, type=0xA8)
    """,
}


@pytest.mark.parametrize("name", TABLES)
def test_partitions_are_where_the_plan_has_them(vmdb2: Any, name: str, tmp_path: Path) -> None:
    """vmdb2 makes them for real, up to where it would need root; and what comes last is done."""
    (tmp_path / "disk.py").write_text(
        "from uuid import UUID\nfrom vmdsl import *\n\n@step\ndef parts() -> None:\n"
        f"    table = {'mkmsdos' if name == 'msdos' else 'mkgpt'}(mkimg(MiB(1999)))\n"
        "    mount(mkext4(mkpart(table, size=MiB(63))))\n"
        f"{indent(dedent(TABLES[name]), '    ')}\n"
    )
    found = plan(tmp_path / "disk.py")
    (tmp_path / "all.vmdb").write_text(to_yaml(found), encoding="utf-8")
    told = json.loads(vmdb2.run(HERE / "accept.py", "all.vmdb", cwd=tmp_path))["all.vmdb"]["steps"]
    steps = [one["step"] for one in told]
    first = [s for s in steps if s.keys() & {"mkimg", "mklabel", "mkpart", "set_part_flag"}]
    (tmp_path / "some.vmdb").write_text(yaml.safe_dump({"steps": first}), encoding="utf-8")
    start = "import vmdb; vmdb.Vmdb2(version=vmdb.__version__).run()"
    vmdb2.run("-c", start, "some.vmdb", "--output=disk.img", cwd=tmp_path)
    for step in steps:
        if "shell" in step:
            subprocess.run(["sh", "-ec", step["shell"]], cwd=tmp_path, check=True)
    expected = tmp_path / "expected.img"
    with expected.open("wb") as file:
        file.truncate(found.layout.size)
    subprocess.run(
        ["sfdisk", "-q", expected], input=table_script(found.layout), text=True, check=True
    )
    assert partitions(tmp_path / "disk.img") == partitions(expected)
    for place in found.layout.filesystems:
        if place.filesystem.kind == "swap":
            at = ["-O", str(place.partition.start), str(tmp_path / "disk.img")]
            command = ["blkid", "-p", "-o", "value", "-s", "UUID", *at]
            said = subprocess.run(command, capture_output=True, text=True, check=True)
            assert said.stdout.strip() == place.uuid


def partitions(image: Path) -> list[dict[str, Any]]:
    said = subprocess.run(["sfdisk", "--json", image], capture_output=True, text=True, check=True)
    found = json.loads(said.stdout)["partitiontable"]["partitions"]
    return [{k: v for k, v in one.items() if k not in {"node", "uuid"}} for one in found]
