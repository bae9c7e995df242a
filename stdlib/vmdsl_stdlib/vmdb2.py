"""vmdb2's habits, for recipes that are made from its specifications.

A recipe that imports `debootstrap`, `mount` and the like from here has the functions of `vmdsl`
with other defaults:

- `/etc/fstab` has the option `defaults` for every filesystem;
- `/etc/apt/sources.list` has a line for the mirror, also from trixie on;
- GRUB's menu does not wait, and the kernel gets `PARAMETERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar

from vmdsl import debootstrap as _debootstrap
from vmdsl import grub_bios as _grub_bios
from vmdsl import grub_ieee1275 as _grub_ieee1275
from vmdsl import grub_uefi as _grub_uefi
from vmdsl import mount as _mount

__all__ = ["PARAMETERS", "debootstrap", "grub_bios", "grub_ieee1275", "grub_uefi", "mount"]

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: The kernel parameters of vmdb2: network interfaces have names such as `eth0`.
PARAMETERS = ("biosdevname=0", "net.ifnames=0", "consoleblank=0", "rw")


def _usually(**usual: object) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Return a decorator of functions that gives arguments which a call leaves out."""

    def changed(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @wraps(function)
        def called(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            for name, value in usual.items():
                kwargs.setdefault(name, value)
            return function(*args, **kwargs)

        found = signature(function)
        named = [p.replace(default=usual.get(p.name, p.default)) for p in found.parameters.values()]
        called.__signature__ = found.replace(parameters=named)  # type: ignore[attr-defined]  # for help()
        return called

    return changed


mount = _usually(options=("defaults",))(_mount)
debootstrap = _usually(format="one-line")(_debootstrap)
_menu = _usually(timeout=0, default_parameters=PARAMETERS)
grub_bios = _menu(_grub_bios)
grub_uefi = _menu(_grub_uefi)
grub_ieee1275 = _menu(_grub_ieee1275)
