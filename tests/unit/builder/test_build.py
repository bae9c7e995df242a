"""What a build refuses before it starts anything."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from vmdsl.builder import build
from vmdsl.builder.cache.tools import tools_for
from vmdsl.builder.image.output import Output
from vmdsl.errors import HostError
from vmdsl.plan.plan import make_plan
from vmdsl.plan.typecheck import Untyped

RECIPE = """\
from vmdsl import GiB, Disk, mkgpt, mkimg, step


@step
def disk() -> Disk:
    made = mkimg(GiB(2))
    mkgpt(made)
    return made
"""


@pytest.mark.parametrize(
    ("limit", "hint"), [(2**20, "`ulimit -f` shows"), (resource.RLIM_INFINITY, "by --output")]
)
def test_an_image_that_no_file_can_hold(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    hint: str,
) -> None:
    """The user's limit of file sizes has another remedy than that of a filesystem."""
    (tmp_path / "r.py").write_text(RECIPE, encoding="utf-8")
    plan = make_plan(tmp_path / "r.py", {}, cache=tmp_path, types=Untyped())
    monkeypatch.setattr(Output, "can_hold", lambda *_: False)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    image = Output(tmp_path / "r.img")
    try:
        with pytest.raises(HostError) as raised:
            build._require_of_machine(plan, image, tools_for(plan.operations, of_host=False))
    finally:
        image.close()
    (problem,) = raised.value.problems
    assert problem.what == f"no file in {tmp_path} can have 2 GiB, as the image has"
    assert hint in problem.hint
    assert problem.where
    assert problem.where.line == 6
