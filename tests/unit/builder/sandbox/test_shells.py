"""The shell that a failed build opens in its tree."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

from vmdsl import programs
from vmdsl.builder.sandbox.shells import _shell
from vmdsl.emulation import smallest_program
from vmdsl.machines import Arch


@pytest.mark.parametrize(
    ("arch", "processor"),
    [(Arch.ARM64, "neoverse-n1"), (Arch.RISCV64, None), (Arch.AMD64, None)],
)
@pytest.mark.parametrize("shell", ["/bin/bash", "bash"])
def test_an_emulated_shell_has_the_processor_of_the_build(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: str,
    arch: Arch,
    processor: str | None,
) -> None:
    def run(argv: list[str], **_: Any) -> programs.Finished:
        return programs.Finished(argv=tuple(argv), code=0 if shell in argv else 1, output="")

    binary = arch.traits.binary
    assert binary is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sh").write_bytes(smallest_program(binary))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(programs, "run", run)
    command, env = _shell(tmp_path, tmp_path, None)
    assert command[-1] == shell
    assert env.get("QEMU_CPU") == processor


def test_a_tree_without_a_shell_is_not_emulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = programs.Finished(argv=(), code=1, output="")
    monkeypatch.setattr(programs, "run", lambda *_, **__: failed)
    assert "QEMU_LD_PREFIX" not in _shell(tmp_path, tmp_path, None)[1]
