from pathlib import Path

import pytest

from vmdsl.host.facts import Facts, Probe
from vmdsl.host.kernel import APPARMOR, CLONE, MAX, check_proc, check_user_namespaces

ROOT = "27 1 254:0 / / rw - ext4 /dev/vda rw\n22 27 0:21 / /proc rw - proc proc rw\n"
CHROOT = "22 27 0:21 / /proc rw - proc proc rw\n"
MASKED = ROOT + "30 22 0:9 / /proc/kcore rw - tmpfs tmpfs rw\n"
DENIED = "unshare: unshare failed: Operation not permitted"
FULL = "unshare: unshare failed: No space left on device"


def facts(
    code: int = 0,
    output: str = "",
    *,
    uid: int = 1000,
    sysctls: dict[str, str] | None = None,
    mountinfo: str = ROOT,
    status: str = "Seccomp:\t0\n",
) -> Facts:
    return Facts(
        uid=uid,
        user="me",
        cache=Path("/cache"),
        probe=Probe(code=code, output=output),
        sysctls={MAX: "96365\n"} | (sysctls or {}),
        mountinfo=mountinfo,
        status=status,
    )


@pytest.mark.parametrize("code", [0, 51, 52])
def test_namespaces_work_when_the_sandbox_got_that_far(code: int) -> None:
    assert check_user_namespaces(facts(code)).problem is None


def test_a_setting_does_not_matter_when_it_works_all_the_same() -> None:
    here = facts(sysctls={APPARMOR: "1\n"})
    assert check_user_namespaces(here).problem is None
    assert check_proc(here).problem is None


@pytest.mark.parametrize(
    ("file", "value", "output", "fix"),
    [
        (MAX, "0\n", FULL, "sysctl --write user.max_user_namespaces="),
        (CLONE, "0\n", DENIED, "sysctl --write kernel.unprivileged_userns_clone=1"),
        (APPARMOR, "1\n", DENIED, "sysctl --write kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_the_setting_that_forbids_is_named(file: str, value: str, output: str, fix: str) -> None:
    for code in (1, 51):  # AppArmor lets a namespace be made, and forbids all that follows
        here = facts(code, output, sysctls={file: value})
        problem = check_user_namespaces(here).problem
        assert problem
        assert str(problem.where) == file
        assert fix in problem.hint
        assert check_proc(here).problem is None


def test_settings_for_ordinary_users_do_not_explain_a_failure_of_root() -> None:
    problem = check_user_namespaces(facts(1, DENIED, uid=0, sysctls={CLONE: "0\n"})).problem
    assert problem
    assert problem.where is None


@pytest.mark.parametrize(
    ("here", "hint"),
    [
        (facts(1, DENIED, mountinfo=CHROOT), "This is a chroot"),
        (facts(1, DENIED, status="Seccomp:\t2\n"), "A container's seccomp filter"),
        (facts(1, DENIED, mountinfo=CHROOT, status="Seccomp:\t2\n"), "This is a chroot"),
        (facts(1, DENIED), "forbids it in a chroot. A container's seccomp filter"),
        (facts(1, "", mountinfo=""), "forbids it in a chroot"),
        (facts(1, FULL), "max_user_namespaces"),
        (facts(1, "unshare: unrecognized option '--map-auto'"), "util-linux 2.38"),
        (facts(1, "newuidmap: uid range [1-65537) not allowed"), "vmdsl doctor"),
        (facts(1, "newgidmap: write to gid_map failed"), "vmdsl doctor"),
        (facts(127, "unshare is missing"), "programs in: vmdsl doctor"),
        (facts(124, "unshare hangs"), "forbids it in a chroot"),
    ],
)
def test_what_a_refusal_means(here: Facts, hint: str) -> None:
    problem = check_user_namespaces(here).problem
    assert problem
    assert (here.probe.output or "exit code 1") in problem.what
    assert hint in problem.hint


def test_a_kernel_without_namespaces() -> None:
    here = Facts(
        uid=1000,
        user="me",
        cache=Path("/cache"),
        probe=Probe(code=1, output="unshare: unshare failed: Invalid argument"),
        sysctls={CLONE: "1\n"},
    )
    problem = check_user_namespaces(here).problem
    assert problem
    assert "CONFIG_USER_NS" in problem.hint


def test_proc_is_not_judged_when_nothing_was_tried() -> None:
    found = check_proc(facts(1, DENIED))
    assert found.problem is None
    assert found.detail == "not tried"


def test_proc_is_missing() -> None:
    problem = check_proc(facts(1, DENIED, mountinfo="")).problem
    assert problem
    assert "/proc is not mounted" in problem.what


def test_proc_is_masked() -> None:
    problem = check_proc(facts(51, "mount: /proc: permission denied.", mountinfo=MASKED)).problem
    assert problem
    assert "/proc/kcore" in problem.what
    assert "--security-opt systempaths=unconfined" in problem.hint
    assert "--security-opt unmask=ALL" in problem.hint


def test_proc_is_refused_for_no_known_reason() -> None:
    problem = check_proc(facts(51, "mount: /proc: permission denied.")).problem
    assert problem
    assert "permission denied" in problem.what
