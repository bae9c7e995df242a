"""Hints for what mypy says: each is code that one can type."""

from __future__ import annotations

import pytest

from vmdsl.plan.hints import reworded

ARGUMENT = 'Argument 1 to "{}" has incompatible type "{}"; expected "{}"  [arg-type]'


OPTIONS = 'Argument "options" to "mount" has incompatible type "str"; expected "tuple[str, ...]"'


@pytest.mark.parametrize(
    ("function", "got", "wanted", "text", "hint"),
    [
        ("mount", "Partition", "Ext4", "root()", "format it first: mkext4(root())"),
        ("mount", "Partition", "Vfat", "esp()", "format it first: mkvfat(esp())"),
        ("mkpart", "Disk", "Gpt | Msdos | Extended", "disk()", "mkgpt(disk())"),
        ("mkext4", "Gpt", "Partition | Luks | LogicalVolume", "table()", "mkpart(table())"),
        ("mkext4", "Disk", "Partition | Luks", "disk()", "mkpart(mkgpt(disk()))"),
        ("debootstrap", "Ext4", "Mounted[Any]", "root()", "mount it first: mount(root())"),
        ("debootstrap", "Luks", "Mounted[Any]", "it()", "format it first: mount(mkext4(it()))"),
        ("grub_uefi", "Vfat", "Mounted[Vfat]", "a()", 'mount(a(), "/boot/efi", on=root())'),
        ("grub_uefi", "Ext4", "Mounted[Vfat]", "a()", "mkvfat"),
        ("mount", "Partition", "Xfs", "", "mkext4(…)"),
        ("create_file", "str", "Mounted[Any] | RootFs", '"/a"', "begin with the system: system()"),
        ("mkgpt", "Gpt", "Disk", "table()", ""),
        ("debootstrap", "RootFs", "Mounted[Any]", "system()", "what mount() returned"),
        ("image_shell", "Gpt", "Disk", "table()", "write its disk: table().disk"),
        ("write_at", "Partition", "Disk", "esp()", "write its disk: esp().table.disk"),
        ("image_shell", "Mounted", "Disk", "root()", ""),
    ],
)
def test_handles(function: str, got: str, wanted: str, text: str, hint: str) -> None:
    said = reworded(ARGUMENT.format(function, got, wanted), text).hint
    assert hint in said
    assert bool(hint) == bool(said)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "return mount(mkext4(mkpart(table())))",
            "it returns Mounted[Ext4]: write -> Mounted[Ext4]:",
        ),
        ("return mkimg(GiB(4))", "it returns Disk: write -> Disk:"),
        ("return system()", "write what it returns, as in -> Disk:, or return nothing"),
        ("return mount(root())", "write what it returns, as in -> Disk:, or return nothing"),
        ("return mkimg(", "write what it returns, as in -> Disk:, or return nothing"),
    ],
)
def test_annotations(text: str, hint: str) -> None:
    assert reworded("No return value expected  [return-value]", text).hint == hint


@pytest.mark.parametrize(
    ("message", "text", "hint"),
    [
        ('Unsupported operand types for + ("str" and "Flag")', "uefi", "call it: uefi()"),
        ('Unsupported right operand type for in ("Option[str]")', '"a" in name', "call it: name()"),
        ('Unsupported left operand type for + ("Option[str]")', "a + b", ""),
        ('Unsupported left operand type for + ("Option[str]")', "", ""),
        ('"Option[str]" has no attribute "upper"', "name.upper", "call it: name()"),
        ('Invalid index type "Option[str]" for "dict[str, str]"', "name", "call it: name()"),
        ("Expected iterable as variadic argument", "apt(system(), *names)", "call it: *names()"),
        ("Expected iterable as variadic argument", "apt(system(), *names.all)", ""),
        ("Expected iterable as variadic argument", "apt(", ""),
    ],
)
def test_options_without_a_call(message: str, text: str, hint: str) -> None:
    assert reworded(message, text).hint == hint


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ('Library stubs not installed for "no_such"', "it is not installed where vmdsl is"),
        ('Skipping "pytest": no stubs', "its authors have to add types and a file py.typed"),
    ],
)
def test_modules_without_types(message: str, hint: str) -> None:
    assert reworded(f"{message}  [import-untyped]", "").hint == hint


@pytest.mark.parametrize(
    ("message", "text", "hint"),
    [
        ('Too many positional arguments for "flag"  [call-arg]', "", "default=…, help=…"),
        ('Too many positional arguments for "debootstrap"  [call-arg]', "", "values: suite=…"),
        ('Too many positional arguments for "mkpart"  [call-arg]', "", "size=…, start=…, end=…, …"),
        (
            'Missing positional argument "esp" in call to "grub_uefi"  [call-arg]',
            "",
            "grub_uefi(root, esp)",
        ),
        ('Missing named argument "help" for "flag" in call to "flag"  [call-arg]', "", "help=…"),
        ('Missing positional argument "a" in call to "own"  [call-arg]', "", ""),
        (
            'Argument "size" to "mkimg" has incompatible type "str"; expected "Size | None"',
            "size()",
            "if size is an option, write option(GiB(4), …)",
        ),
        ('Unsupported operand types for > ("Size" and "int")  [operator]', "", "GiB(2)"),
        ('Unsupported operand types for > ("str" and "Size")  [operator]', "", "GiB(2)"),
        ("No parent module -- cannot perform relative import", "", "without the dot"),
        ('"Ext4" has no attribute "mount"  [attr-defined]', "", "chroot(system(), …)"),
        ('"Mounted[Ext4]" has no attribute "run"  [attr-defined]', "", "chroot(system(), …)"),
        ('Argument "flags" to "mkpart" has incompatible type "str"', '"esp"', 'write type="esp"'),
        ('Argument "flags" to "mkpart" has incompatible type "str"', '"boot"', 'flags=("boot",)'),
        ('Argument 2 to "apt" has incompatible type "tuple[str, str]"', "names", "*names"),
        (OPTIONS, '"ro"', 'a tuple of one text has a comma: ("ro",)'),
        (OPTIONS, "'ro, discard'", 'give them one by one: ("ro", "discard")'),
        (
            'Argument "console" has incompatible type "bool"; expected "Literal[\'a\', \'b\']"',
            "True",
            "write one of 'a', 'b'",
        ),
    ],
)
def test_calls(message: str, text: str, hint: str) -> None:
    said = reworded(message, text).hint
    assert hint in said
    assert bool(hint) == bool(said)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("not desktop", "step_if(~desktop)"),
        ("not desktop()", "step_if(~desktop)"),
        ("uefi and (a() or not b)", "step_if(uefi & (a | ~b))"),
        ("size > GiB(4)", "compare the option's value in the step"),
        ("True", "give it the flag itself"),
    ],
)
def test_conditions(text: str, hint: str) -> None:
    assert hint in reworded(ARGUMENT.format("step_if", "bool", "Condition"), text).hint


@pytest.mark.parametrize(
    ("message", "text", "hint"),
    [
        (
            '"type[Secret]" has no attribute "from_env"  [attr-defined]',
            "Secret.from_env",
            "did you mean Secret.from_environment?",
        ),
        (ARGUMENT.format("Secret", "Literal['x']", "Literal['a']"), "'x'", "Secret.from_file("),
        (ARGUMENT.format("add_user", "str", "Secret | None"), "'x'", "Secret.from_file("),
        (ARGUMENT.format("add_user", "str", "int | None"), "'1'", "without quotes"),
        (ARGUMENT.format("tidy", "str", "bool"), "'no'", "write True or False"),
        (ARGUMENT.format("grub_bios", "float", "int"), "0.5", "a whole number"),
        (ARGUMENT.format("ansible", "list[str]", "str | Path"), "[]", "once for each playbook"),
        (ARGUMENT.format("write_at", "str", "bytes | Path | A"), "'a'", "write Path('a')"),
        (
            'Argument "size" to "mkpart" has incompatible type "Percent"; expected "Size | None"',
            "Percent(9)",
            "end=Percent(9)",
        ),
        ('Too many arguments for "use_dhcp"  [call-arg]', "", "use_dhcp takes system"),
        (
            'Unexpected keyword argument "port" for "add_ssh_server"  [call-arg]',
            "",
            "add_ssh_server takes system, passwords, root",
        ),
        (
            'Module "vmdsl" has no attribute "add_user"  [attr-defined]',
            "",
            "write: from vmdsl_stdlib import add_user",
        ),
        (
            'Module "vmdsl_stdlib" has no attribute "apt"  [attr-defined]',
            "",
            "write: from vmdsl import apt",
        ),
        (
            'Module "vmdsl_stdlib" has no attribute "adduser"  [attr-defined]',
            "",
            "did you mean add_user?",
        ),
        ('Name "add_user" is not defined  [name-defined]', "", "from vmdsl_stdlib import add_user"),
        (ARGUMENT.format("create_file", "dict[str, int]", "str | Secret"), "{}", "json.dumps({}"),
        (ARGUMENT.format("create_file", "None", "str | Secret"), "None", 'an empty text is ""'),
        (
            'Argument "timeout" to "grub_bios" has incompatible type "None"; expected "int"',
            "None",
            "leave out timeout=",
        ),
        (
            'Argument "ssh_keys" to "add_user" has incompatible type "Path"; expected "str"',
            "Path('a')",
            "Path('a').read_text()",
        ),
        (
            'Too many positional arguments for "Source"  [call-arg]',
            "",
            "name the values: name=…, uris=…, suites=…",
        ),
        ('Missing type arguments for generic type "Step"  [type-arg]', "", "type of the result"),
        (
            'Argument 1 to "mount" has incompatible type "Ext4"; expected "Vfat"',
            "mkext4(a())",
            "use mkvfat()",
        ),
        (
            'No overload variant of "get" of "dict" matches argument types "Option[str]", "str"',
            '{}.get(name, "a")',
            "call it: name()",
        ),
        ('Unsupported operand types for / ("Size" and "int")', "size() / 8", "is not divided"),
        ('Unsupported operand types for * ("Size" and "float")', "size() * 0.5", "whole number"),
        ('Name "os" is not defined  [name-defined]', "os", "import it: import os"),
        ('"apt" does not return a value (it only ever returns None)', "", "a line of its own"),
        (
            (
                'Argument "flags" to "mkpart" has incompatible type "tuple[Literal[\'esp\']]"; '
                "expected \"tuple[Literal['boot', 'required'] | int, ...]\""
            ),
            "('esp',)",
            'a type, not a flag: type="esp"',
        ),
        (
            (
                'Argument "type" to "mkpart" has incompatible type '
                "\"Literal['0FC63DAF-8483-4772-8E79-3D69D8477DE4']\"; "
                "expected \"Literal['linux', 'bios-boot'] | UUID | int\""
            ),
            "",
            'uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")',
        ),
        (
            (
                'Argument "console" to "grub_bios" has incompatible type '
                "\"Literal['ttyS0,115200']\"; expected \"Literal['screen', 'serial']\""
            ),
            "",
            "did you mean 'serial'?",
        ),
        (
            'Unexpected keyword argument "owner" for "create_file"  [call-arg]',
            "",
            "did you mean uid=?",
        ),
    ],
)
def test_values_of_arguments(message: str, text: str, hint: str) -> None:
    assert hint in reworded(message, text).hint
