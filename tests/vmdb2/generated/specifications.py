"""Whole specifications."""

from __future__ import annotations

from hypothesis import strategies as st

from vmdb2.generated.disks import Step, disks
from vmdb2.generated.steps import bootstraps, last, steps
from vmdb2.generated.yaml_text import written


@st.composite
def specifications(draw: st.DrawFn) -> str:
    """A whole specification, as YAML with comments."""
    disk = draw(disks())
    found = list(disk.steps)
    kind = draw(st.sampled_from(["bootstrap", "bootstrap", "both", "both", "tarball"]))
    may_wait: list[Step] = [{}]
    if kind != "bootstrap":
        found.append({"unpack-rootfs": disk.root})
        may_wait += [{"unless": "rootfs_unpacked"}, {"unless": ["rootfs_unpacked"]}]
    if kind == "tarball":
        may_wait = [{}]  # such steps would never run
    waits = st.sampled_from(may_wait)
    bootstrap = {**draw(bootstraps(disk.root)), **may_wait[len(may_wait) // 2]}
    if kind != "tarball":
        found.append(bootstrap)
    changes = draw(st.lists(steps(disk), max_size=5, unique_by=_place))
    found += [{**step, **draw(waits)} for step in changes]
    if kind == "both":
        choices: list[Step] = [{}, {"force": True}, {"options": "--one-file-system"}]
        options = draw(st.sampled_from(choices))
        found.append({"cache-rootfs": disk.root, **options, **draw(waits)})
    chosen = draw(last(disk))
    grub = next((step["grub"] for step in chosen if "grub" in step), "")
    if kind != "tarball":
        archs = {"": ["amd64", "arm64", "riscv64", "ppc64el"], "ieee1275": ["ppc64el"]}
        bootstrap["arch"] = draw(st.sampled_from(archs.get(grub, ["amd64"])))
    found += chosen
    return draw(written(found))


def _place(step: Step) -> str:
    """What vmdb2 can make once: a directory that is there ends a build."""
    return str(step.get("create-dir", id(step)))
