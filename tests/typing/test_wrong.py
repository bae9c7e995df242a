"""A wrong recipe never starts a build: every mistake is found, at its line, in words that help.

Each file of `wrong/` is a recipe with one mistake that people make, or several. A comment stands
on each line where something is to be said, with a part of the message:

    # M: what mypy says
    # E: what the evaluator or the check of the plan says
    # e: what they would say too, if mypy had not said it already

The message of a warning begins with `warning: `.

A mistake of the whole file is noted on its first line. That line may name a header, a file of
`wrong/headers` whose steps come before the recipe's own: `# header: system`. Then what the recipe
uses of vmdsl and its library is imported, too.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import vmdsl
import vmdsl_stdlib
from vmdsl.errors import Advice, Problem, RecipeError
from vmdsl.plan.plan import make_plan

WRONG = Path(__file__).parent / "wrong"
#: These go the whole way, with mypy in a process of its own as `vmdsl check` starts it.
WHOLE_WAY = (
    "import_error",
    "import_misspelt",
    "indentation_error",
    "many_mistakes",
    "mistake_in_helper",
    "runs_a_program",
    "step_with_parameters",
    "syntax_error",
)

Expected = list[tuple[Path, int, str]]


def expected(recipe: Path, kinds: str) -> Expected:
    """What the comments of a recipe, and of the modules that it imports, say."""
    found = []
    beside = re.findall(r"^(?:from|import) (shared_\w+)", recipe.read_text("utf-8"), re.MULTILINE)
    for file in (recipe, *(recipe.with_name(f"{name}.py") for name in beside)):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            notes = re.split(r" *# (?=[MEe]: )", line)[1:]
            found += [(file, number, note[3:]) for note in notes if note[0] in kinds]
    return found


def compare(problems: list[Problem], wanted: Expected) -> None:
    """Exactly what is expected was found, each with a place and a sentence."""
    left = list(wanted)
    unexpected = []
    for problem in problems:
        assert problem.where is not None, problem
        place = (problem.where.file, max(problem.where.line, 1))
        what = f"warning: {problem.what}" if isinstance(problem, Advice) else problem.what
        note = next((n for n in left if n[:2] == place and n[2] in what), None)
        if note is None:
            unexpected.append(problem)
        else:
            left.remove(note)
    assert ([str(p) for p in unexpected], left) == ([], [])


def problems_of(recipe: Path, cache: Path) -> list[Problem]:
    """The mistakes, or the warnings if there are no mistakes."""
    try:
        return list(make_plan(recipe, {}, cache=cache).warnings)
    except RecipeError as error:
        return list(error.problems)


def said_of(recipe: Path, said: Mapping[Path, list[Problem]]) -> list[Problem]:
    files = {recipe, *(file for file, _, _ in expected(recipe, "M"))}
    return [problem for file in sorted(files) for problem in said.get(file, [])]


def test_there_are_many(wrong_recipe: Path) -> None:
    assert expected(wrong_recipe, "ME"), "this recipe says of no line that it is wrong"
    assert len(list(WRONG.glob("*.py"))) > 100


def test_mypy_alone(wrong_recipe: Path, said_by_mypy: Mapping[Path, list[Problem]]) -> None:
    compare(said_of(wrong_recipe, said_by_mypy), expected(wrong_recipe, "M"))


def test_evaluator_alone(
    wrong_recipe: Path,
    tmp_path: Path,
    mypy_says: Callable[[list[Problem]], None],
    started: list[list[str]],
) -> None:
    mypy_says([])
    problems = []
    try:
        problems = problems_of(wrong_recipe, tmp_path)
    except AttributeError:  # what has the wrong type may surprise the later stages, without mypy
        assert expected(wrong_recipe, "M")
    compare(problems, expected(wrong_recipe, "Ee"))
    assert started == []


def test_both(
    wrong_recipe: Path,
    tmp_path: Path,
    said_by_mypy: Mapping[Path, list[Problem]],
    mypy_says: Callable[[list[Problem]], None],
    started: list[list[str]],
) -> None:
    started.clear()
    mypy_says(said_of(wrong_recipe, said_by_mypy))
    compare(problems_of(wrong_recipe, tmp_path), expected(wrong_recipe, "ME"))
    assert started == []
    assert not Path("/tmp/vmdsl-wrong-recipe").exists()


@pytest.mark.parametrize("name", WHOLE_WAY)
def test_whole_way(name: str, wrong: Path, mypy_cache: Path, started: list[list[str]]) -> None:
    recipe = wrong / f"{name}.py"
    compare(problems_of(recipe, mypy_cache), expected(recipe, "ME"))
    assert len(started) == 1
    assert started[0][:4] == [sys.executable, "-P", "-m", "mypy"]


def test_missing_programs(
    tmp_path: Path, mypy_says: Callable[[list[Problem]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are no mistakes: a build reports each once, at the operation that needs it first."""
    from vmdsl import programs  # noqa: PLC0415 (its attribute is what is replaced)

    mypy_says([])
    monkeypatch.setattr(programs, "find", dict[str, str]().get)
    recipe = WRONG.parent / "right" / "hybrid_disk.py"
    problems = make_plan(recipe, {}, cache=tmp_path).obstacles
    missing = [p.what.removeprefix("this machine has no program ") for p in problems]
    assert len(missing) == len(set(missing))
    assert "mmdebstrap" in missing
    assert not {"mke2fs", "mkfs.vfat", "sfdisk"} & set(missing)  # they come from the archive
    assert all("install" in problem.hint for problem in problems)


def test_an_equal_recipe_elsewhere(tmp_path: Path) -> None:
    """Each has its mistakes at its own path, though mypy's cache knows the other one."""
    for folder in ("a", "b"):
        recipe = tmp_path / folder / "recipe.py"
        recipe.parent.mkdir()
        recipe.write_text(
            "from vmdsl import Gpt, mkgpt, step\n\n@step\ndef a() -> Gpt:\n    return mkgpt(3)\n"
        )
        problems = problems_of(recipe, tmp_path / "cache")
        assert [p.where and p.where.file for p in problems] == [recipe]


def test_unknown_option(tmp_path: Path, mypy_says: Callable[[list[Problem]], None]) -> None:
    mypy_says([])
    recipe = WRONG.parent / "right" / "hybrid_disk.py"
    with pytest.raises(RecipeError, match=r"no option siez\n.*did you mean size"):
        make_plan(recipe, {"siez": 3}, cache=tmp_path)


HINTS = {
    "arch_misspelt": "did you mean Arch.AMD64?",
    "flag_misspelt": "did you mean 'legacy-boot'?",
    "library_module_misspelt": "did you mean vmdsl_stdlib.network?",
    "step_misspelt": "did you mean disk?",
    "image_with_a_name": "an image gets its name when it is built",
    "apt_packages_as_a_keyword": "one by one, without packages=",
    "apt_with_a_list": "one by one",
    "decorator_step_called": "write @step, without ()",
    "decorator_step_if_bare": "write @step",
    "flag_and_flag": "& | ~",
    "flags_is_a_string": 'flags=("boot",)',
    "function_misspelt": "did you mean mkgpt?",
    "grub_uefi_on_ext4": "mkvfat",
    "grub_uefi_unmounted": 'mount(esp(), "/boot/efi", on=root())',
    "handle_with_a_value": "mkgpt()",
    "if_fact": "unless=",
    "if_flag": "uefi()",
    "import_misspelt": "did you mean mkimg?",
    "import_forgotten": "from vmdsl import mkimg",
    "keyword_misspelt": "did you mean size=?",
    "keyword_of_another_tool": "label",
    "luks_key_is_a_string": "Secret.from_file",
    "option_not_called": "size()",
    "option_of_unsupported_type": "StrEnum",
    "option_compared": "call it: name()",
    "optional_step_attribute": "(it := table()) is not None",
    "optional_step_undecided": "(it := esp()) is not None",
    "partition_mounted": "format it first: mount(mkext4(root()))",
    "return_annotation_missing": "-> None",
    "return_annotation_of_another_type": "write -> Mounted[Ext4]:",
    "return_annotation_of_nothing": "write -> Mounted[Ext4]:",
    "return_annotation_wrong": "write -> Gpt:",
    "size_is_a_number": "GiB(4)",
    "step_not_called": "disk()",
    "step_with_parameters": "no parameters",
    "swap_mounted": "fstab()",
    "third_party_operation_not_a_dataclass": "@dataclass",
    "unless_is_a_flag": "@step_if",
    "volume_group_formatted": "mklv(group(), size=GiB(1))",
    "volume_mirrored": "volumes are linear or striped",
    "content_is_a_path": "copy_file() takes the path of a local file",
    "step_of_an_operations_name": "it is a function of vmdsl: rename this",
    "variant_wrong": "did you mean 'minbase'?",
    "words_of_other_tools": "did you mean 'esp'?",
}


@pytest.mark.parametrize("name", HINTS)
def test_hints_for_mypy(name: str, wrong: Path, said_by_mypy: Mapping[Path, list[Problem]]) -> None:
    """Where mypy's message doesn't say what to do, ours does."""
    assert HINTS[name] in said_by_mypy[wrong / f"{name}.py"][0].hint


OWN_HINTS = {
    "apt_packages_of_other_systems": (
        "did you mean openssh-server?",
        "did you mean linux-image-amd64?",
        "did you mean python3?",
    ),
    "filesystem_mounted_nowhere": ('mount(data(), "/srv", on=root())',),
    "fstab_forgotten": ("add fstab(system())",),
    "local_file_missing": ("did you mean files/motd?", "it points to missing.txt"),
    "apt_architecture_of_uname": ("did you mean libc6:amd64?",),
    "commands_that_do_nothing": (
        "dos2unix",
        "write [ … ]",
        "write . FILE",
        "services that are enabled start when the machine boots",
        "call set_hostname()",
        "add -y",
    ),
    "file_that_nothing_uses": (
        "it reads names of letters, digits, _ and -",
        "it reads names without a dot",
        "it reads NAME.conf",
        "add mode=0o755",
        "write it elsewhere",
        "write the path out",
        "write it once",
        "did you mean release?",
    ),
    "f_string_without_f": ('write f"…"',),
    "password_of_nobody": ("did you mean alice?",),
    "packages_misused": ('did you mean "curl"?',),
    "preseed_too_late": ("move preseed() above apt()",),
    "cloud_init_source_misspelt": ("did you mean Ec2?",),
    "names_of_other_systems": (
        "did you mean sudo?",
        "did you mean /bin/bash?",
        "did you mean data?",
        "did you mean tmpfs?",
    ),
    "apt_package_with_a_plus": ("leave out the +",),
    "apt_packages_with_a_sign": ('apt_remove(system(), "nano")',),
    "archives_of_debian": ("did you mean non-free?", "did you mean amd64?", "did you mean https:?"),
    "mount_option_misspelt": ("did you mean noatime?",),
    "place_and_language_misspelt": (
        "did you mean Europe/Berlin?",
        "did you mean Europe/Helsinki?",
        "did you mean Etc/GMT-2?",
        "did you mean en_GB.UTF-8?",
        "did you mean de_DE.UTF-8?",
        "did you mean C.UTF-8?",
        "did you mean America/New_York?",
        "did you mean fi_FI.UTF-8?",
        "give its path: /bin/zsh",
        "did you mean ssh.service?",
        "did you mean gb (English (UK))?",
        "did you mean de (German)?",
        "layout us, variant='dvorak'",
        "did you mean nodeadkeys?",
    ),
    "place_and_language_of_later_systems": ("did you mean Asia/Kolkata?",),
    "tool_options_unknown": (
        "did you mean lazy_itable_init?",
        "did you mean --nodiscard?",
        "did you mean single?",
        "it takes 12, 16, 32",
        'write "-E", "nodiscard"',
    ),
    "suite_in_the_archive": ("debian-archive-removed-keys.gpg", "check_valid_until=False"),
    "suite_in_the_archive_of_a_mirror": ("mirror=", "did you mean trixie-backports?"),
    "suite_misspelt": ("did you mean trixie?",),
    "suite_of_ubuntu": ("it is one of Ubuntu's",),
    "words_of_other_tools": ("did you mean trixie?",),
    "zipl_of_s390x": ("s390x starts with zipl",),
}


@pytest.mark.parametrize("name", OWN_HINTS)
def test_hints_of_rules(
    name: str, wrong: Path, tmp_path: Path, mypy_says: Callable[[list[Problem]], None]
) -> None:
    mypy_says([])
    hints = [problem.hint for problem in problems_of(wrong / f"{name}.py", tmp_path)]
    assert all(any(part in hint for hint in hints) for part in OWN_HINTS[name]), hints


def operations() -> list[str]:
    """What recipes call: the functions of vmdsl that record something, and the library's."""
    no_operations = {"step", "step_if", "option", "flag", "require", "record", "refuse", "warn"}
    return [
        name
        for package in (vmdsl, vmdsl_stdlib)
        for name in package.__all__
        if inspect.isfunction(function := getattr(package, name))
        and function.__module__ != "vmdsl.values"
        and name not in no_operations
    ]


@pytest.mark.parametrize("name", operations())
def test_every_operation_is_used_wrongly(name: str) -> None:
    marked = re.compile(rf"\b{name}\(.*# [ME]: ")
    in_lines = re.compile(rf"\b{name}\([^#]*?# [ME]: ", re.DOTALL)
    texts = [path.read_text("utf-8") for path in WRONG.glob("*.py")]
    assert any(marked.search(text) or in_lines.search(text) for text in texts)
