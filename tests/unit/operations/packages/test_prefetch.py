from __future__ import annotations

from vmdsl import Arch, Ext4, Fact, Mounted, RootFs, apt, debootstrap
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Recorder
from vmdsl.operations.packages.prefetch import as_installed, certain


def test_what_is_installed_for_sure(root: Mounted[Ext4], recorder: Recorder) -> None:
    system = debootstrap(root, suite="bookworm")
    apt(system, "curl", "git")
    apt(system, "tree", unless=Fact())
    apt(system, "vim", suite="bookworm-backports")
    apt(system, "libc6:i386")
    apt(system, debs=["own.deb"])
    apt(RootFs(mounted=other(root), suite=system.suite, arch=Arch.AMD64), "nano")
    apt(system, "less/bookworm", recommends=False)
    operations = [o for o in recorder.operations if isinstance(o, TreeOperation)]
    assert [o.packages for o in certain(operations, root)] == [("curl", "git"), ("less/bookworm",)]


def other(root: Mounted[Ext4]) -> Mounted[Ext4]:
    return Mounted(source=root.source, path=root.path)


def test_packages_as_if_they_were_installed() -> None:
    shown = "Package: a\nVersion: 1\nDescription: it\n Package: no\n\nPackage: b\nVersion: 2\n"
    assert as_installed(shown) == (
        "Package: a\nStatus: install ok installed\nVersion: 1\nDescription: it\n Package: no\n\n"
        "Package: b\nStatus: install ok installed\nVersion: 2\n"
    )
