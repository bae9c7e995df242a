"""Comments that allow what policies find."""

from collections.abc import Callable
from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.cli.policies import with_findings as judged
from vmdsl.errors import Where
from vmdsl.plan.plan import Plan, Remark
from vmdsl.policies.waivers import allowed_by
from vmdsl.vmdb2.load import load_specification

RULES = '[tool.vmdsl]\npolicies = ["no-open-login", "no-downloads", "rules:whole"]\n'
MODULE = """
from vmdsl.policies import Finding, Plan

def whole(plan: Plan) -> list[Finding]:
    return [Finding(what="no owner is named")] * 2
"""
WHOLE = "# vmdsl: allow whole: nobody owns it\n"


@pytest.fixture(autouse=True)
def rules(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(RULES)
    (tmp_path / "rules.py").write_text(MODULE)


def said(plan: Plan) -> tuple[list[str], list[str], list[str]]:
    """Return the findings, reasons and warnings of a plan."""
    return (
        [one.code for one in plan.findings],
        [waiver.reason for waiver in plan.waivers],
        [f"{one.code}: {one.what}" for one in plan.warnings],
    )


LOGIN = "# vmdsl: allow no-open-login: a locked room"


@pytest.mark.parametrize(
    "lines",
    [
        f"    open_root_console(system())  {LOGIN}",
        f"    {LOGIN}\n    open_root_console(system())",
        f"    {LOGIN}\n    # More words.\n    open_root_console(system())",
        f"    open_root_console(\n        system(),\n    )  {LOGIN}",
        f"    open_root_console(\n        {LOGIN}\n        system(),\n    )",
        f"    open_root_console(  {LOGIN.replace(': allow', ':allow')}\n        system())",
        f"    if True:  # here\n        open_root_console(system())  {LOGIN}",
        f"    for _ in range(1):\n        {LOGIN}\n        open_root_console(system())",
        f"    open_root_console(system())  {LOGIN.replace('no-open', 'no-downloads, no-open')}",
    ],
)
def test_allowed(lines: str, plan: Callable[[str], Plan]) -> None:
    found = judged(plan(f"{WHOLE}\n@step\ndef more() -> None:\n{lines}\n"))
    findings, reasons, warnings = said(found)
    assert (findings, reasons) == ([], ["nobody owns it", "a locked room"])
    assert warnings == (
        ["unused-waiver: no-downloads finds nothing that this would allow"]
        if "no-downloads" in lines
        else []
    )


@pytest.mark.parametrize(
    "lines",
    [
        f"    {LOGIN}\n\n    open_root_console(system())",
        f'    open_root_console(system())\n    text = """\n    {LOGIN}\n    """',
        f"    lock_root(system())  {LOGIN}\n    open_root_console(system())",
        "    open_root_console(system())  # vmdsl: allow no-downloads: a locked room",
        "    open_root_console(system())  # allow no-open-login: a locked room",
        f"    if True:  {LOGIN}\n        open_root_console(system())",
    ],
)
def test_not_allowed(lines: str, plan: Callable[[str], Plan]) -> None:
    found = judged(plan(f"{WHOLE}\n@step\ndef more() -> None:\n{lines}\n"))
    assert said(found)[0] == ["no-open-login"]


def test_a_finding_about_the_whole_recipe_is_one(plan: Callable[[str], Plan]) -> None:
    assert said(judged(plan(""))) == (["whole"], [], [])
    assert said(judged(plan(f"x = 3  {WHOLE}")))[0] == ["whole"]


@pytest.mark.parametrize(
    ("comment", "what"),
    [
        ("allow no-open-login", "without a reason"),
        ("allow no-open-login:", "without a reason"),
        ("allow: a locked room", "without the policy"),
        ("allow", "without the policy"),
    ],
)
def test_without_a_reason(comment: str, what: str, calling: Callable[..., Plan]) -> None:
    plan = judged(calling("lock_root(system())", f"# vmdsl: {comment}", "lock_root(system())"))
    findings = [one for one in plan.findings if one.code != "whole"]
    assert [one.code for one in findings] == ["waiver-without-reason"]
    assert what in findings[0].what
    assert findings[0].where
    assert (findings[0].where.line, findings[0].where.column) == (19, 5)
    assert findings[0].hint == "write: # vmdsl: allow POLICY: the reason"


def test_a_finding_that_is_allowed_without_a_reason_is_reported_once(
    calling: Callable[..., Plan],
) -> None:
    plan = judged(calling("open_root_console(system())  # vmdsl: allow no-open-login"))
    assert said(plan)[0] == ["whole", "waiver-without-reason"]


def test_unused(calling: Callable[..., Plan]) -> None:
    plan = judged(
        calling(
            "lock_root(system())  # vmdsl: allow no-open-login: no",
            "lock_root(system())  # vmdsl: allow no-open-logins: no",
            "lock_root(system())  # vmdsl: allow own-identity: this project does not ask for it",
            "if not system():  # not run",
            "    lock_root(system())  # vmdsl: allow no-open-login: no",
        )
    )
    assert said(plan)[2] == [
        "unused-waiver: no-open-login finds nothing that this would allow",
        "unused-waiver: there is no policy no-open-logins",
    ]
    assert [one.hint for one in plan.warnings] == [
        "remove the comment",
        "did you mean no-open-login?",
    ]


def test_reasons_may_have_colons() -> None:
    remark = Remark(
        text="# vmdsl: allow a, b c : see: https://x  ", where=Where(Path("x")), first=1, last=1
    )
    (found,) = allowed_by([remark])
    assert (found.policies, found.reason) == (("a", "b", "c"), "see: https://x")


SPECIFICATION = """
# vmdsl: allow whole: nobody owns it
steps:
{above}
# vmdsl: allow no-downloads: the mirror is ours
- chroot: tree
  shell: |
    # vmdsl: allow no-open-login: this is text of a script
    wget http://a.example/x
    passwd -d root
- chroot: tree
  # vmdsl: allow no-downloads: the other one, too
  shell: wget http://a.example/y
- chroot: tree
  shell: wget http://a.example/z
"""


def test_specifications(tmp_path: Path) -> None:
    text = SPECIFICATION.format(above=ABOVE["system"].strip("\n")).replace(
        "chroot: tree", "chroot: a"
    )
    loaded = load_specification(
        text, tmp_path / "pc.vmdb", directory=tmp_path, variables={"output": "a.img"}
    )
    plan = judged(loaded.plan({}), loaded.remarks)
    findings, reasons, _ = said(plan)
    assert findings == ["no-open-login", "no-downloads"]
    assert reasons == ["nobody owns it", "the mirror is ours", "the other one, too"]
