"""The system and its /etc/fstab, in vmdb2's steps."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vmdsl.language.effects import TreeOperation
from vmdsl.language.layout import MountLayout
from vmdsl.operations.files.fstab import Fstab, fstab_text, place_of
from vmdsl.operations.packages.sources import DEBIAN_KEYS, FOLDER, AptSource, Source, suffix_of
from vmdsl.operations.systems.mmdebstrap import MAIN, Debootstrap, is_before_trixie
from vmdsl.operations.systems.tarballs import CacheRootfs, SystemFrom, UnpackRootfs
from vmdsl.values import debian_suites
from vmdsl.vmdb2.marked_scripts import own
from vmdsl.vmdb2.to_yaml.emit import Template, Value, YamlStep, escaped
from vmdsl.vmdb2.to_yaml.export import UNPACKED, Export
from vmdsl.vmdb2.to_yaml.files import parents

#: debootstrap's names of variants; empty for its default.
_VARIANTS = {"minbase": "minbase", "buildd": "buildd", "important": "", "standard": ""}
_ROLLING = ("testing", "unstable", "sid", "experimental")
_MIRROR, _SECURITY = "{{ mirror }}", "{{ security }}"
_VARIABLES = re.compile(rf"({re.escape(_MIRROR)}|{re.escape(_SECURITY)})")
_AFTER_UNPACKING = """\
find "$ROOT/dev" \\( -type b -o -type c \\) -delete
[ -e "$ROOT/etc/resolv.conf" ] || cp /etc/resolv.conf "$ROOT/etc/resolv.conf\""""
_STANDARD = """\
apt-get update
DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install '?priority(standard)'"""
#: The mount options that vmdb2 writes, and how it ends each line.
_OPTIONS = ("defaults",)
_ALWAYS = "defaults 0 1"
#: vmdb2 forgets a device that is mounted itself.
_CRYPTTAB = """\
device=$(cryptsetup status {name} | sed -n 's/^ *device: *//p')
grep -qs '^{name} ' "$ROOT/etc/crypttab" ||
    echo "{name} UUID=$(cryptsetup luksUUID "$device") none luks,discard" >>"$ROOT/etc/crypttab\""""


def debootstrap(export: Export, operation: Debootstrap) -> Iterator[YamlStep]:
    """Yield the bootstrap; `after_bootstrap` has what must follow."""
    if not operation.mirror:
        export.variables["mirror"] = "http://mirror.example/debian"
    if operation.proxy:
        export.notes.append(f"The proxy: http_proxy={operation.proxy} in vmdb2's environment.")
    if is_by_hand(operation):
        yield _by_hand(export, operation)
        return
    keys: dict[str, Value] = {
        "debootstrap": operation.suite.name,
        "target": export.tag(operation.root),
        "mirror": _with_mirror(operation.mirror or _MIRROR),
        "arch": operation.arch.value,
    }
    if operation.keyring is not None:
        keys["keyring"] = str(operation.keyring)
        if operation.install_keyring:
            keys["install_keyring"] = True
    if len(export.plan.layout.mounts) > 1:  # their mount points are there already
        keys["require_empty_target"] = False
    if variant := _VARIANTS[operation.variant]:
        keys["variant"] = variant
    lists = {
        "components": list(operation.components) if operation.components != ("main",) else [],
        "include": _include(operation),
        "exclude": list(operation.exclude),
        "tls_ca_certs": [str(file) for file in operation.tls_ca_certs],
    }
    yield YamlStep(keys=keys | {key: value for key, value in lists.items() if value})


def _include(operation: Debootstrap) -> list[str]:
    """Return packages of the mirror alone, and the one that certificates need."""
    found = [] if operation.sources else list(operation.include)
    if operation.tls_ca_certs and not operation.mirror.startswith("https:"):
        found += ["ca-certificates"] if "ca-certificates" not in found else []
    return found


def is_by_hand(operation: Debootstrap) -> bool:
    """Return whether vmdb2's step would fail.

    It installs keys with apt-key, which is gone, and its update takes no expired index.
    """
    installs_key = operation.keyring is not None and operation.install_keyring
    has_no_apt_key = not is_before_trixie(operation.suite)
    return not operation.check_valid_until or (installs_key and has_no_apt_key)


def _by_hand(export: Export, operation: Debootstrap) -> YamlStep:
    """Return a script that starts debootstrap itself."""
    uri, suite = operation.mirror or _MIRROR, operation.suite.name
    lists = {
        "variant": _VARIANTS[operation.variant],
        "components": ",".join(operation.components),
        "keyring": str(operation.keyring or ""),
        "include": ",".join(_include(operation)),
        "exclude": ",".join(operation.exclude),
    }
    words = [f"--arch={operation.arch}", *(f"--{k}={v}" for k, v in lists.items() if v)]
    lines = [f'debootstrap {shlex.join(words)} {suite} "$ROOT" {shlex.quote(uri)}']
    if signed_by := _signed_by(export, operation):
        keyring = shlex.quote(str(operation.keyring))
        lines += ['mkdir -p "$ROOT/etc/apt/keyrings"', f'cp {keyring} "$ROOT{signed_by}"']
    main = replace(_archives_of(export, operation)[0], suites=[suite])
    lines += ["cat >\"$ROOT/etc/apt/sources.list\" <<'END'", main.lines(signed_by) + "END"]
    if operation.tls_ca_certs:
        files = shlex.join(map(str, operation.tls_ca_certs))
        lines += [f'cp {files} "$ROOT/usr/local/share/ca-certificates/"']
        lines += ['chroot "$ROOT" update-ca-certificates']
    return export.shell(_with_mirror("\n".join(lines)))


def after_bootstrap(export: Export, operation: Debootstrap) -> Iterator[YamlStep]:
    """Yield what debootstrap itself does not do, for which the system must be complete."""
    yield from _archives(export, operation)
    for source in operation.sources:
        yield from _source(export, operation, source)
    if operation.variant == "standard":
        yield export.chroot(_STANDARD)
    if operation.sources and operation.include:
        yield YamlStep(
            keys={
                "apt": "install",
                "packages": list(operation.include),
                "tag": export.root,
                "recommends": False,
            }
        )


def _archives(export: Export, operation: Debootstrap) -> Iterator[YamlStep]:
    """Yield Debian's own archives, if debootstrap leaves others, or in another form."""
    main, *more = _archives_of(export, operation)
    signed_by = _signed_by(export, operation) if is_by_hand(operation) else ""  # or by any key
    commands = []
    if operation.format == "deb822":
        signed_by = signed_by or ("" if operation.keyring else str(DEBIAN_KEYS))
        text = "\n".join(source.stanza(signed_by) for source in (main, *more))
        path = f"{FOLDER}/{MAIN}.sources"
        yield YamlStep(keys={"create-file": path, "contents": _with_mirror(text)})
        commands.append("rm -f /etc/apt/sources.list")
    elif more:
        lines = "".join(source.lines(signed_by) for source in (main, *more)).split("\n", 1)[1]
        commands.append(f"cat >>/etc/apt/sources.list <<'END'\n{lines}END")
    if more:
        commands += [
            "apt-get update",
            "DEBIAN_FRONTEND=noninteractive apt-get -y dist-upgrade",
        ]
    if commands:
        yield export.chroot(_with_mirror("\n".join(commands)))


def _archives_of(export: Export, operation: Debootstrap) -> list[Source]:
    """Return the mirror, or mmdebstrap's default if a recipe names none."""
    suite, known = operation.suite.name, debian_suites()
    suites = {operation.mirror or _MIRROR: [suite]}
    if not operation.mirror and suite not in _ROLLING:
        export.variables["security"] = "http://mirror.example/debian-security"
        is_old = suite in known and known.index(suite) < known.index("bullseye")
        security = f"{suite}/updates" if is_old else f"{suite}-security"
        suites = {_MIRROR: [suite, f"{suite}-updates"], _SECURITY: [security]}
    return [
        Source(
            name=MAIN,
            uris=[uri],
            suites=names,
            components=operation.components,
            check_valid_until=operation.check_valid_until,
        )
        for uri, names in suites.items()
    ]


def _with_mirror(text: str) -> Template:
    """Return the text as a template, in which the variables of mirrors stay what they are."""
    parts = _VARIABLES.split(text)
    more = "\n" if text.endswith("\n") else ""
    return Template("".join(p if _VARIABLES.fullmatch(p) else escaped(p) for p in parts) + more)


def _signed_by(export: Export, operation: Debootstrap) -> str:
    """Return the path of the mirror's keys in the system, if they are there; else empty."""
    if operation.keyring is None or not operation.install_keyring:
        return ""
    return _place_of(export, operation, MAIN, operation.keyring)


def unpack_rootfs(export: Export, operation: UnpackRootfs | SystemFrom) -> Iterator[YamlStep]:
    """Yield the tarball, whose name vmdb2 takes from its command line."""
    _note_tarball(export, operation)
    yield YamlStep(keys={"unpack-rootfs": export.tag(operation.root)})


def cache_rootfs(export: Export, operation: CacheRootfs) -> Iterator[YamlStep]:
    """Yield the tarball, which is replaced unless a fact says that it existed."""
    _note_tarball(export, operation)
    keys: dict[str, Value] = {"cache-rootfs": export.tag(operation.root)}
    if export.unless(operation)[0] != UNPACKED:
        keys["force"] = True
    yield YamlStep(keys=keys)


def _note_tarball(export: Export, operation: UnpackRootfs | CacheRootfs | SystemFrom) -> None:
    others = [
        o.tarball
        for o in export.plan.operations
        if isinstance(o, UnpackRootfs | CacheRootfs | SystemFrom) and o.tarball != operation.tarball
    ]
    if others:
        names = f"{operation.tarball} and {others[0]}"
        export.refuse(operation, f"for two tarballs, {names}", "use one name for both")


def system_from(export: Export, operation: SystemFrom) -> Iterator[YamlStep]:
    """Yield the tarball, and a resolver, which debootstrap would leave in the system."""
    yield from unpack_rootfs(export, operation)
    yield export.shell(own(_AFTER_UNPACKING))


def apt_source(export: Export, operation: AptSource) -> Iterator[YamlStep]:
    """Yield the file of the source, and its keys."""
    yield from _source(export, operation, operation.source)


def _source(export: Export, operation: TreeOperation, source: Source) -> Iterator[YamlStep]:
    signed_by = "" if source.trusted else str(DEBIAN_KEYS)
    for file in source.keyring_files:
        signed_by = ""
        if not source.install_keyring:
            continue
        signed_by = _place_of(export, operation, source.name, file)
        yield from parents(export, signed_by)
        yield YamlStep(keys={"copy-file": signed_by, "src": str(file)})
    path = f"{FOLDER}/{source.name}.sources"
    yield YamlStep(keys={"create-file": path, "contents": source.stanza(signed_by)})


def _place_of(export: Export, operation: TreeOperation, name: str, keyring: Path) -> str:
    """Return the path of a source's keys in the system, whose name depends on their format."""
    try:
        keys = (operation.directory / keyring).read_bytes()
    except OSError as error:
        export.refuse(operation, f"for the keyring {keyring}: {error.strerror}")
        keys = b""
    return f"/etc/apt/keyrings/{name}{suffix_of(keys)}"


def fstab(export: Export, operation: Fstab) -> Iterator[YamlStep]:
    """Yield vmdb2's step; its lines are changed, and others are added."""
    layout = export.plan.layout
    yield YamlStep(keys={"fstab": export.tag(operation.root)})
    lines = fstab_text(layout, operation.by, operation.extra).splitlines()
    mounts = sorted(layout.mounts, key=lambda m: m.path)
    changes = [
        _change(mount, line)
        for mount, line in zip(mounts, lines, strict=False)
        if operation.by != "uuid" or not line.endswith(f" {_ALWAYS}")
    ]
    if changes:
        words = " \\\n    ".join(f"-e {shlex.quote(change)}" for change in changes)
        script = f"sed -i {words} \\\n    /etc/fstab"
        usual = operation.by == "uuid" and all(m.mounted.options == _OPTIONS for m in mounts)
        yield export.chroot(own(script) if usual else script)
    if swap := lines[len(mounts) : len(lines) - len(operation.extra)]:
        yield export.chroot(own(_appended(swap)))
    if operation.extra:
        places = [place for line in operation.extra if (place := place_of(line)).startswith("/")]
        made = f"mkdir -p {shlex.join(places)}\n" if places else ""
        yield export.chroot(made + _appended(operation.extra))
    for encrypted in layout.luks:
        yield export.shell(own(_CRYPTTAB.format(name=encrypted.luks.dm_name)))


def _appended(lines: Sequence[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return f"cat >>/etc/fstab <<'END'\n{text}END"


def _change(mount: MountLayout, line: str) -> str:
    """Return a sed command that makes vmdb2's line of a mount the wanted one. It keeps the UUID."""
    kind = mount.filesystem.filesystem.kind
    source, rest = line.split(" ", 1)
    found = re.sub(r"[.\[\]*^$\\|]", r"\\\g<0>", f"{mount.path} {kind}")
    kept = source.startswith("UUID=")
    new = re.sub(r"[&\\|]", r"\\\g<0>", rest if kept else line)
    if kept:
        return rf"s|^\(UUID=[^ ]*\) {found} .*|\1 {new}|"
    return f"s|^UUID=[^ ]* {found} .*|{new}|"
