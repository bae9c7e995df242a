"""Checks of what the kernel allows: user namespaces, and mounting /proc in them."""

from __future__ import annotations

from pathlib import Path

from vmdsl.errors import Problem, Where
from vmdsl.host.facts import Facts, Result, status_field
from vmdsl.host.mounts import hidden_in_proc, in_chroot
from vmdsl.host.probe import NO_OVERLAY, NO_PROC

MAX = "/proc/sys/user/max_user_namespaces"
CLONE = "/proc/sys/kernel/unprivileged_userns_clone"
APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
SYSCTLS = (MAX, CLONE, APPARMOR)

_CONTAINER = "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
_UNMASK = (
    "docker run --security-opt systempaths=unconfined; podman run --security-opt unmask=ALL; "
    "Kubernetes: procMount: Unmasked; LXC: security.nesting=true"
)


def check_user_namespaces(facts: Facts) -> Result:
    """Check that this user can create a user namespace; if not, find the reason."""
    name = "user namespaces"
    code, said = facts.probe.code, facts.probe.output
    if code in {0, NO_OVERLAY} or (code == NO_PROC and not forbidden(facts)):
        return Result(name=name, detail="allowed")
    if problem := forbidden(facts):
        return Result(name=name, problem=problem)
    said = said or f"exit code {code}"
    what = f"A user namespace can't be created: {said}."
    return Result(name=name, problem=Problem(what=what, hint=_remedy(facts, said), code="sandbox"))


def forbidden(facts: Facts) -> Problem | None:
    """Return the problem with the sysctl that forbids user namespaces, if one does."""
    value = {file: text.strip() for file, text in facts.sysctls.items()}
    if value.get(MAX) == "0":
        return _setting(MAX, "0", "sysctl --write user.max_user_namespaces=15000")
    if facts.uid != 0 and value.get(CLONE) == "0":
        return _setting(CLONE, "0", "sysctl --write kernel.unprivileged_userns_clone=1")
    if facts.uid != 0 and value.get(APPARMOR) == "1":
        fix = "sysctl --write kernel.apparmor_restrict_unprivileged_userns=0"
        return _setting(APPARMOR, "1", f"{fix}, or give unshare an AppArmor profile with userns,")
    return None


def _setting(file: str, value: str, fix: str) -> Problem:
    what = f"User namespaces are forbidden: this setting is {value}."
    hint = f"As root: {fix}  (to keep it: a file in /etc/sysctl.d)"
    return Problem(what=what, where=Where(Path(file)), hint=hint, code="sandbox")


def _remedy(facts: Facts, said: str) -> str:
    if "unshare is missing" in said:
        return "See the line about programs in: vmdsl doctor"
    if "unrecognized option" in said:
        return "util-linux 2.38 or newer is needed."
    if "uidmap: " in said or "gidmap: " in said:
        return "See the lines about ids and newuidmap in: vmdsl doctor"
    if "No space left" in said:
        return f"The limit in {MAX} is reached, here or outside this container."
    if facts.sysctls and MAX not in facts.sysctls:
        return "This kernel is built without CONFIG_USER_NS."
    hint = f"A container's seccomp filter may forbid it: {_CONTAINER}"
    if in_chroot(facts.mountinfo):
        hint = "This is a chroot, where the kernel forbids it: build outside, or in a container."
    elif status_field(facts, "Seccomp") != "2":
        hint = f"The kernel forbids it in a chroot. {hint}"
    return hint


def check_proc(facts: Facts) -> Result:
    """Check that /proc is mounted, and that another can be mounted in a sandbox."""
    name = "/proc"
    if not facts.mountinfo:
        what = "/proc is not mounted, or can't be read."
        return Result(
            name=name,
            problem=Problem(what=what, hint="As root: mount -t proc proc /proc", code="sandbox"),
        )
    if facts.probe.code != NO_PROC or forbidden(facts):
        detail = "can be mounted" if facts.probe.code in {0, NO_OVERLAY} else "not tried"
        return Result(name=name, detail=detail)
    if hidden := hidden_in_proc(facts.mountinfo):
        what = f"A sandbox can't mount /proc while parts of it are hidden: {', '.join(hidden)}."
        said = f"mount says: {facts.probe.output}. " if facts.probe.output else ""
        hint = f"{said}In a container: {_UNMASK}"
        return Result(name=name, problem=Problem(what=what, hint=hint, code="sandbox"))
    what = f"A sandbox can't mount /proc: {facts.probe.output}"
    return Result(
        name=name, problem=Problem(what=what, hint=f"In a container: {_UNMASK}", code="sandbox")
    )
