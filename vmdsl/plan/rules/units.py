"""Rules for systemd's units that the recipe writes or enables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Operation, problem_in, shown_with_line
from vmdsl.similar import closest, did_you_mean, mistakes

#: From the first directory on, a file hides those of its name in the next ones.
_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_ENABLE = re.compile(
    r"(?:^|[;&|]|\bthen\s|\bdo\s)[ \t]*systemctl\s+(?:-\S+\s+)*"
    r"enable((?:[ \t]+[\w@:.\\-]+)+)[ \t]*(?=$|[;&|])",
    re.MULTILINE,
)
#: The names that other systems have for units of Debian's.
_ELSEWHERE = {
    "httpd": "apache2",
    "crond": "cron",
    "sshd": "ssh",
    "mysqld": "mariadb",
    "ntpd": "ntpsec",
    "network": "networking",
    "iptables": "netfilter-persistent",
}
#: Units that many systems have. Which package brings one is not always sure, but a name that has a
#: letter wrong is.
_WELL_KNOWN = (
    *("nginx", "apache2", "mariadb", "postgresql", "docker", "containerd", "chrony", "rsyslog"),
    *(
        "redis-server",
        "bluetooth",
        "NetworkManager",
        "avahi-daemon",
        "fail2ban",
        "haproxy",
        "squid",
    ),
    *("dnsmasq", "unattended-upgrades", "lightdm", "qemu-guest-agent", "nftables", "libvirtd"),
    *("postfix", "exim4", "systemd-networkd", "cloud-init"),
    *("systemd-resolved", "systemd-timesyncd", "wpa_supplicant", "nfs-server", "mosquitto"),
)
_LETTERS = 5
_SECTION = re.compile(r"^\[([^\]\n]*)\]\s*$", re.MULTILINE)
_SECTIONS = ("Unit", "Install")
#: The kinds of units with a section of their own, which is named after the kind.
_KINDS = ("automount", "mount", "path", "service", "slice", "socket", "swap", "timer")
_INSTALL = re.compile(r"^\[Install\]\s*$", re.MULTILINE)


def enabled_units_can_be(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of units that are enabled in vain: without [Install], or by a misspelt name."""
    changes = [o for o in operations if isinstance(o, TreeOperation)]
    for number, operation in enumerate(changes):
        above = changes[:number]
        for unit in _enabled(operation):
            paths = [f"{directory}/{_file_of(unit)}" for directory in _DIRECTORIES]
            writers = [o for o in above if any(o.may_write(path) for path in paths)]
            if not writers:
                yield from _misspelt(operation, unit, changes)
            elif operation.unless is None:
                yield from _without_install(operation, unit, writers, paths, above)


def sections_are_known(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of misspelt sections of units, which systemd ignores."""
    for operation in (one for one in operations if isinstance(one, TreeOperation)):
        for path in operation.files_written():
            folder, _, name = path.rpartition("/")
            kind = name.rpartition(".")[2]
            text = operation.text_of(path) if folder in _DIRECTORIES and kind in _KINDS else None
            for section, meant in _misspelt_sections(text or "", kind).items():
                what = f"systemd ignores the section [{section}] of {name}"
                yield problem_in(
                    operation, what, f"did you mean [{meant}]?", kind=Advice, code="unit"
                )


def _misspelt_sections(text: str, kind: str) -> dict[str, str]:
    """Return the sections of a unit that systemd does not know, each with the one meant."""
    known = (*_SECTIONS, kind.capitalize())
    others = [one for one in _SECTION.findall(text) if not one.startswith("X-")]
    found = {one: closest(one, known) for one in others if one not in known}
    return {one: meant for one, meant in found.items() if meant}


def _enabled(operation: TreeOperation) -> Iterator[str]:
    """Yield the units that an operation's script enables in the system, each with its kind."""
    for script in operation.scripts():
        if script.about == "script" and not operation.programs and "<<" not in script.text:
            for names in _ENABLE.findall(script.text.replace("\\\n", " ")):
                for name in names.split():
                    if not name.startswith("-"):
                        yield name if "." in name else f"{name}.service"


def _file_of(unit: str) -> str:
    """Return the name of a unit's file: that of an instance is its template's."""
    name, _, kind = unit.rpartition(".")
    return f"{name.partition('@')[0]}@.{kind}" if "@" in name else unit


def _misspelt(
    operation: TreeOperation, unit: str, changes: Sequence[TreeOperation]
) -> Iterator[Problem]:
    """Warn of a unit that may be one that the recipe writes, by another name."""
    enabled = {_file_of(one) for other in changes for one in _enabled(other)}
    written = [
        path.rpartition("/")[2]
        for other in changes
        for path in other.files_written()
        if path.rpartition("/")[0] in _DIRECTORIES
    ]
    hint = did_you_mean(_file_of(unit), [name for name in written if name not in enabled])
    what = f"no step above writes the unit {unit}"
    if not hint:
        what = f"Debian has no unit {unit}, as far as vmdsl knows"
        hint = _of_a_package(unit, [name for one in changes for name in one.packages_named()])
    if hint:
        yield problem_in(operation, what, hint, kind=Advice, code="unit")


def _of_a_package(unit: str, packages: Sequence[str]) -> str:
    """Return a hint at the unit of a package, if this may be its name in another system.

    Or if one letter is wrong or missing in the package's name, as most are named after theirs, or
    in the name of a well-known unit.
    """
    name = unit.removesuffix(".service")
    if name in _ELSEWHERE:
        return f"did you mean {_ELSEWHERE[name]}?"
    near = [one for one in packages if mistakes(name, one) == 1 and one[:-1] != name != one]
    near = [one for one in near if not name.startswith(one)]
    if not near and name not in _WELL_KNOWN and len(name) >= _LETTERS and "@" not in name:
        near = [one for one in _WELL_KNOWN if mistakes(name, one) == 1]
    return f"did you mean {near[0]}?" if near and name not in packages else ""


def _without_install(
    operation: TreeOperation,
    unit: str,
    writers: Sequence[TreeOperation],
    paths: Sequence[str],
    above: Sequence[TreeOperation],
) -> Iterator[Problem]:
    """Warn if the only writer of a unit's file gives it no section that says what enabling does."""
    texts = [text for path in paths if (text := writers[0].text_of(path)) is not None]
    drop_ins = tuple(f"{path}.d/" for path in paths)
    extended = any(path.startswith(drop_ins) for o in above for path in o.files_written())
    if len(writers) != len(texts) or len(texts) != 1 or extended:
        return
    is_misspelt = "Install" in _misspelt_sections(texts[0], unit.rpartition(".")[2]).values()
    if not is_misspelt and not _INSTALL.search(texts[0]):
        what = f"{unit} has no section [Install], so enabling it does nothing"
        hint = (
            f'write "[Install]" and "WantedBy=multi-user.target" to {shown_with_line(writers[0])}'
        )
        yield problem_in(operation, what, hint, kind=Advice, code="script-in-vain")
