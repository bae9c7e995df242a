"""Scripts and playbooks, as calls of the recipe.

Scripts that name the image get it as `$IMAGE`, as it has no name before it is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any, TypeVar

from vmdsl.vmdb2.draft import Argument, Call, Result
from vmdsl.vmdb2.from_yaml.apt_lines import gets_index, without_update
from vmdsl.vmdb2.from_yaml.context import IMAGE, Context
from vmdsl.vmdb2.from_yaml.idioms import comments_in, idioms, only_cleans
from vmdsl.vmdb2.from_yaml.quotes import AS_IT_IS, IN_QUOTES, quotes_behind
from vmdsl.vmdb2.from_yaml.script_names import name_for
from vmdsl.vmdb2.from_yaml.script_parts import parts_of
from vmdsl.vmdb2.from_yaml.system import comes_later, system_for
from vmdsl.vmdb2.schema import (
    Ansible,
    Chroot,
    Shell,
    SpecStep,
)
from vmdsl.vmdb2.text import Text, Variable

#: Where a script gives the name `IMAGE` to something else than the image, and a name to use then.
_OWN = re.compile(r'(?<!\w)IMAGE=(?!"?\0)')
_FREE = "image_file"
_MARK = "\0"
#: A local file that a script puts into the tree.
_INSTALLED = re.compile(
    r"""^[ \t]*(?:install(?:\s+-[mog]\s+\S+|\s+-[a-zA-Z]*D[a-zA-Z]*)*|cp(?:\s+-[a-zA-Z]+)*)
    \s+(?P<source>\w[\w./-]*)
    \s+"?\$(?:ROOT|\{ROOT\??\})"?/\S+[ \t]*$""",
    re.VERBOSE | re.MULTILINE,
)
#: A password in the script itself, not a hash of one, nor one that the script reads from elsewhere.
_FOR_CHPASSWD = re.compile(
    r"^[ \t]*(?:echo|printf)[ \t][^#$`|\n]*:[^#$`|\n]*"
    r"\|[ \t]*(?:/usr/sbin/)?chpasswd[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
#: A line of /etc/fstab for the first or the last partition, which is found where kpartx puts it.
_BY_LOOP_DEVICE = re.compile(
    r"""\s*(?P<device>\w+)=\$\(ls\ -1\ /dev/mapper/loop\*\ \|\ sort\ \|
        \ (?:head|tail)\ -(?:n\ ?)?1\)\s*\n
    \s*(?P<uuid>\w+)=\$\(blkid(?:\ -c\ /dev/null|\ -o\ value|\ -s\ UUID)+
        \ "?\$\{?(?P=device)\}?"?\)\s*\n
    \s*echo\ "UUID=\$\{?(?P=uuid)\}?\ (?P<place>/\S*)\ \w+\ \S+\ [01]\ [012]"
    \s*>>?\s*"?\$(?:ROOT|\{ROOT\??\})/etc/fstab"?\s*""",
    re.VERBOSE,
)
_ADVICE = "set_password() with a Secret would keep the password out of this script."
_Script = TypeVar("_Script", bound=Chroot | Shell)
_EXPORT = 'export IMAGE="'


def chroot(context: Context, step: Chroot) -> None:
    """Write a script that runs in the system."""
    system = system_for(context, step, "chroot", step.chroot)
    script = context.text(step, step.shell)
    if system is None:
        return
    rest = without_update(script) if gets_index(step, context.after) else script
    if rest is None or only_cleans(rest):
        context.comments += [*step.comments, *comments_in(script)]
        return
    _write_parts(context, step, system, rest, on_host=False)


def shell(context: Context, step: Shell) -> None:
    """Write a script that runs on this machine, and may write to the image as well."""
    if context.system == "" and comes_later(context, step):
        return
    system = system_for(context, step, "shell", step.root_fs, key="root_fs")
    if system is None:
        return
    script, writes = with_image(context, step, step.shell)
    _warn_of_missing(context, step, script)
    if _is_in_fstab(context, step, system, script):
        return
    if not writes:
        _write_parts(context, step, system, script, on_host=True)
        return
    named: dict[str, Argument] = {"image": Result(context.disk), **context.skip_fact(step)}
    call = Call(function="host_shell", arguments=(system, script), named=named, where=step.where)
    context.emit(name_for(script, step.comments, "boot_code"), step, call)


def _is_in_fstab(context: Context, step: Shell, system: Result, script: Text) -> bool:
    """Write /etc/fstab if a script would, with its own line for a filesystem.

    Returns False if it does something else. There is no device in a build that it could find.
    """
    found = _BY_LOOP_DEVICE.fullmatch(script)
    tags = context.tags.values()
    places = {"/", *(tag.path or "/boot/efi" * (tag.role == "esp") for tag in tags)}
    if found is None or found["place"] not in places or context.skip_fact(step):
        return False
    if any(call.function == "fstab" for made in context.steps for call in made.calls):
        context.comments += step.comments  # it has all filesystems
    else:
        call = Call(function="fstab", arguments=(system,), named={}, where=step.where)
        context.emit("mounts", step, call)
    return True


def _warn_of_missing(context: Context, step: Shell, script: Text) -> None:
    """Warn of missing files that a script installs, unless it makes them or goes elsewhere."""
    for found in _INSTALLED.finditer(script):
        name, above = found["source"], script[: found.start()]
        is_sure = PurePath(name).name not in above and not re.search(r"\bcd\b", above)
        if is_sure and not (context.directory / name).exists():
            what = f"the script installs {name}, and there is no such file in {context.directory}"
            hint = "put it there, unless something makes it before: the script runs there"
            context.warn(step, "shell", what, hint, code="spec-differs")


def _write_parts(
    context: Context, step: Chroot | Shell, system: Result, script: Text, *, on_host: bool
) -> None:
    """Write a script, with functions of the library in place of lines that do the same."""
    fact = context.skip_fact(step)
    step, rest = _after_idioms(context, step, system, script)
    first, *more = [rest] if rest is None or fact else parts_of(system, rest, on_host=on_host)
    function = "host_shell" if on_host else "chroot"
    for part in [first, *more]:
        step, rest = (step, part) if part is first else _after_idioms(context, step, system, part)
        if rest is not None:
            if _FOR_CHPASSWD.search(rest):
                context.comments.append(_ADVICE)
            call = Call(function=function, arguments=(system, rest), named=fact, where=step.where)
            context.emit(name_for(rest, step.comments), step, call)
            step = replace(step, comments=())


def _after_idioms(
    context: Context, step: _Script, system: Result, script: Text
) -> tuple[_Script, Text | None]:
    """Write functions of the library in place of a script's first lines. Returns the rest of it."""
    on_host = isinstance(step, Shell)
    may_change = any(call.function == "host_shell" for made in context.steps for call in made.calls)
    files = context.directory if on_host and not may_change else None
    found = idioms(system, script, on_host=on_host, files=files)
    fact = context.skip_fact(step)
    if found is None or (fact and any(call.module != "vmdsl" for call in found.calls)):
        return step, script  # the library's functions have no condition
    calls = (replace(call, named={**call.named, **fact}) for call in found.calls)
    context.comments += [*step.comments, *found.comments]
    step = replace(step, comments=())
    context.emit(found.name, step, *calls)
    return step, found.rest


def ansible(context: Context, step: Ansible) -> None:
    """Write a playbook."""
    system = system_for(context, step, "ansible", step.tag)
    if system is None:
        return
    named: dict[str, Argument] = {}
    if step.group and step.group != "image":
        named["group"] = context.text(step, step.group)
    if step.tags and step.tags != "all":
        named["tags"] = tuple(tag.strip() for tag in step.tags.split(",") if tag.strip())
    if step.config_file:
        named["config"] = context.text(step, step.config_file)
    if step.extra_vars:
        named["extra_vars"] = {k: _data(context, step, v) for k, v in step.extra_vars.items()}
    named |= context.skip_fact(step)
    playbook = context.text(step, step.playbook)
    context.emit(
        "playbook",
        step,
        Call(function="ansible", arguments=(system, playbook), named=named, where=step.where),
    )


def _data(context: Context, step: SpecStep, data: Any) -> Any:
    if isinstance(data, Text):
        return context.text(step, data)
    if isinstance(data, Mapping):
        return {key: _data(context, step, value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return tuple(_data(context, step, value) for value in data)
    return data


def _with_device(context: Context, script: Text) -> tuple[str | Variable, ...]:
    """Return the parts of a script; the image's own name is a variable, too, if it is fixed."""
    if not context.is_fixed or not script.is_plain:
        return script.parts or ()
    name = re.compile(rf"(?<![\w./-]){re.escape(context.device)}(?![\w.-])")
    first, *others = name.split(script)
    return (first, *(part for other in others for part in (Variable(IMAGE[0]), other)))


def _is_image(part: str | Variable) -> bool:
    return isinstance(part, Variable) and part.name in IMAGE


def _without_export(parts: tuple[str | Variable, ...]) -> tuple[str | Variable, ...]:
    """Return the parts of a script without a first line that exports the image's name."""
    match parts:
        case (str(first), name, str(rest), *more) if first == _EXPORT and _is_image(name):
            return (rest.removeprefix('"\n'), *more) if rest.startswith('"\n') else parts
    return parts


def with_image(context: Context, step: Shell, script: Text) -> tuple[Text, bool]:
    """Return the script with `$IMAGE` for the image's name, and whether it names the image."""
    if script.parts is None:
        names = (context.variables.get(name) for name in IMAGE)
        if any(name and name in script for name in names):
            context.problem(
                step,
                "shell",
                "a template that puts the image's name into a script",
                'write "{{ output }}" alone, outside of {% … %}',
                code="spec-template",
            )
        return context.text(step, script), False
    named = _with_device(context, script)
    if not any(map(_is_image, named)):
        return context.text(step, script), False
    named = _without_export(named)
    own = any(map(_is_image, named)) and _OWN.search(
        "".join(part if isinstance(part, str) else _MARK for part in named)
    )
    parts: list[str | Variable] = [f'{_FREE}="$IMAGE"\n'] if own else []
    above = ""
    for part in named:
        if _is_image(part):
            quotes = quotes_behind(above)
            if quotes == AS_IT_IS:
                what = "the image's name stands in a here-document that the shell takes as it is"
                context.problem(
                    step, "shell", what, "take the quotes from its first line", code="spec-template"
                )
            name = IN_QUOTES.get(quotes, "")
            parts.append(name.replace("IMAGE", _FREE) if own else name)
            above += "x"
            continue
        parts.append(part)
        above += part if isinstance(part, str) else context.variables.get(part.name, "")
    value = "".join(
        context.variables.get(part.name, "") if isinstance(part, Variable) else part
        for part in parts
    )
    return context.text(step, Text(value, script.where, tuple(parts))), True
