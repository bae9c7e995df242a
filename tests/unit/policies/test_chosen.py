"""How a project names its policies, and what can be wrong with that."""

import re
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vmdsl.cli.policies import with_findings as judged
from vmdsl.errors import RecipeError
from vmdsl.plan.plan import Plan
from vmdsl.plan.project import project_of
from vmdsl.policies.chosen import SHIPPED

MODULE = '''
from collections.abc import Iterator
from vmdsl.policies import Finding, Plan, Size

def no_vim(plan: Plan) -> Iterator[Finding]:
    """No vim."""
    for operation in plan.tree_operations:
        if "vim" in operation.packages_named():
            yield Finding(what="vim is installed", at=operation, hint="use ed", about="packages")

def at_most(plan: Plan, *, count: int, of: str = "steps") -> list[Finding]:
    return [Finding(what=f"more than {count} {of}")]

def nothing(plan: Plan) -> None:
    pass

def words(plan: Plan) -> list[str]:
    return ["no"]

def fails(plan: Plan) -> list[Finding]:
    raise KeyError("x")

def none() -> list[Finding]:
    return []

number = 3
'''.replace(", Size", "")


@pytest.fixture
def project(tmp_path: Path, calling: Callable[..., Plan]) -> Callable[[str], Plan]:
    """Write a pyproject.toml with a line of policies, and return a plan beside it."""
    (tmp_path / "acme_rules.py").write_text(MODULE)

    def make(policies: str, *calls: str) -> Plan:
        text = f'[project]\nname = "acme"\n\n[tool.vmdsl]\n{policies}\n'
        (tmp_path / "pyproject.toml").write_text(text)
        return calling(*(calls or ("apt(system(), 'vim')",)))

    return make


def test_without_a_project_there_are_no_policies(
    calling: Callable[..., Plan], tmp_path: Path
) -> None:
    plan = calling("open_root_console(system())")
    assert judged(plan) is plan
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert judged(plan) is plan
    (tmp_path / "pyproject.toml").write_text('[tool.ruff]\n# not vmdsl\nx = "\n'.replace('"', ""))
    with pytest.raises(RecipeError, match=r"pyproject\.toml:3: this is not TOML"):
        judged(plan)


def test_the_next_project_above_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.vmdsl]\npolicies = ['no-downloads']\n")
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/pyproject.toml").write_text('[project]\nname = "vmdsl-a"\n')
    found = project_of(tmp_path / "a/b/pc.py")
    assert found
    assert found.file == tmp_path / "pyproject.toml"


def test_recipes_of_packages_have_the_policies_of_the_project_that_builds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.vmdsl]\npolicies = ['no-downloads']\n")
    monkeypatch.chdir(tmp_path)
    found = project_of(Path("/opt/venv/lib/python3.13/site-packages/acme/pc.py"))
    assert found
    assert found.file == tmp_path / "pyproject.toml"


def test_policies_of_the_project(project: Callable[..., Plan]) -> None:
    plan = judged(
        project(
            'policies = [\n    "acme_rules:no_vim",\n    "no-open-login",\n'
            '    { policy = "acme_rules:at_most", count = 3 },\n]'
        )
    )
    assert [str(one).rpartition("pc.py")[2] for one in plan.findings] == [
        ": more than 3 steps",
        ":18: step more: vim is installed\n    use ed",
    ]
    assert [one.code for one in plan.findings] == ["at-most", "no-vim"]
    assert "acme_rules" not in sys.modules


def test_sizes(project: Callable[..., Plan]) -> None:
    for size, fits in (('"4G"', True), ("4_294_967_296", True), ("4_000_000_000", False)):
        plan = judged(project(f'policies = [{{ policy = "image-fits", size = {size} }}]'))
        assert (plan.findings == ()) is fits


def test_policies_of_packages(
    project: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def entry_points(group: str) -> list[EntryPoint]:
        return [
            EntryPoint("acme-editors", "acme_rules:no_vim", group),
            EntryPoint("twice", "a:b", group),
            EntryPoint("twice", "a:c", group),
            EntryPoint("gone", "acme_gone:b", group),
        ]

    monkeypatch.setattr("vmdsl.policies.chosen.entry_points", entry_points)
    monkeypatch.syspath_prepend(str(tmp_path))
    plan = judged(project('policies = ["acme-editors"]'))
    assert [one.code for one in plan.findings] == ["acme-editors"]
    monkeypatch.delitem(sys.modules, "acme_rules", raising=False)
    with pytest.raises(RecipeError) as refused:
        judged(project('policies = ["twice", "gone", "acme-editor"]'))
    assert [(one.what, one.hint) for one in refused.value.problems] == [
        ("several packages have a policy twice", "name one: a:b and a:c"),
        (
            "acme_gone:b cannot be imported: ModuleNotFoundError: No module named 'acme_gone'",
            "",
        ),
        ("there is no policy acme-editor", "did you mean acme-editors?"),
    ]


@pytest.mark.parametrize(
    ("policies", "line", "what", "hint"),
    [
        ('policy = ["a"]', 5, "[tool.vmdsl] has no setting policy", "there is: policies = ["),
        ('policies = "no-downloads"', 5, "policies is not a list", "write: policies = ["),
        ("policies = [3]", 5, "this is not a policy: 3", "name it: policies = ["),
        ('policies = [\n"no-download",\n]', 6, "there is no policy no-download", "no-downloads?"),
        ('policies = ["zzz"]', 5, "there is no policy zzz", "there are both-firmwares, "),
        ('policies = ["acme_rules:"]', 5, "is not MODULE:FUNCTION", "acme_policies:signed"),
        (
            'policies = ["acme_rulez:a"]',
            5,
            "acme_rulez cannot be imported: ModuleNotFoundError",
            "beside pyproject.toml?",
        ),
        (
            'policies = ["acme_rules:no_vi"]',
            5,
            "acme_rules has no function no_vi",
            "did you mean no_vim?",
        ),
        ('policies = ["acme_rules:number"]', 5, "number is not a function", "def signed(plan"),
        ('policies = ["acme_rules:none"]', 5, "none is not a function of a plan", "def signed("),
        ('policies = ["acme_rules:at_most"]', 5, "at-most needs the setting count", "count = …"),
        ('policies = ["image-fits"]', 5, "image-fits needs the setting size", 'size = "4G" }'),
        (
            'policies = [{ policy = "image-fits", sise = "4G" }]',
            5,
            "the policy image-fits has no setting sise",
            "did you mean size?",
        ),
        (
            'policies = [{ policy = "image-fits", size = "4 zonk" }]',
            5,
            "size of image-fits: ",
            "",
        ),
        (
            'policies = [{ policy = "image-fits", size = 4.5 }]',
            5,
            'size of image-fits is not a size, such as "4G": 4.5',
            "",
        ),
        (
            'policies = [{ policy = "acme_rules:at_most", count = true }]',
            5,
            "count of at-most is not of the type int: True",
            "",
        ),
        (
            'policies = ["no-downloads",\n"no-downloads"]',
            5,
            "two policies are called no-downloads",
            "the other one is in line 5",
        ),
    ],
)
def test_mistakes(
    policies: str, line: int, what: str, hint: str, project: Callable[..., Plan]
) -> None:
    plan = project(policies)
    with pytest.raises(RecipeError) as refused:
        judged(plan)
    (problem,) = refused.value.problems
    assert problem.where
    assert (problem.where.file.name, problem.where.line) == ("pyproject.toml", line)
    assert what in problem.what
    assert hint in problem.hint
    assert problem.code == "wrong-policy"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("nothing", "the policy nothing fails: TypeError: 'NoneType' object is not iterable"),
        ("words", "the policy words fails: it returns 'no', which is not a Finding"),
        ("fails", "the policy fails fails: KeyError: 'x' ("),
    ],
)
def test_policies_that_fail(name: str, what: str, project: Callable[..., Plan]) -> None:
    plan = project(f'policies = ["acme_rules:{name}"]')
    with pytest.raises(RecipeError) as refused:
        judged(plan)
    (problem,) = refused.value.problems
    assert str(problem.where).endswith("pyproject.toml:5")
    assert problem.what.startswith(what)


def test_all_mistakes_at_once(project: Callable[..., Plan]) -> None:
    plan = project('policies = ["a",\n"b:c"]\nother = 1')
    with pytest.raises(RecipeError) as refused:
        judged(plan)
    places = [one.where.line for one in refused.value.problems if one.where]
    assert sorted(places) == [5, 6, 7]


def test_every_shipped_policy_says_what_it_asks_for() -> None:
    for name, policy in SHIPPED.items():
        assert (policy.__doc__ or "").partition("\n")[0].endswith("."), name


def test_the_reference_has_every_shipped_policy() -> None:
    page = Path(__file__).parents[3] / "docs/reference/policies.md"
    table = page.read_text("utf-8").partition("## The policies of vmdsl")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` ", table, re.MULTILINE) == list(SHIPPED)
