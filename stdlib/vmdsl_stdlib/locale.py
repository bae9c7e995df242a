"""Language, time zone and keyboard."""

from __future__ import annotations

import re

from vmdsl import RootFs, apt, chroot, create_file, refuse

_LOCALE = re.compile(r"([a-z]{2,3}_[A-Z]{2})(\.UTF-8)(@[a-z]+)?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_LAYOUT = re.compile(r"[a-z]{2,}(,[a-z]{2,})*")


def set_locale(system: RootFs, name: str) -> None:
    """Set the locale of the system, such as `de_DE.UTF-8`, or `C.UTF-8` for no language.

    Packages: `locales`, except for `C.UTF-8`.
    """
    if name != "C.UTF-8":
        if not _LOCALE.fullmatch(name):
            raise refuse(
                f"{name!r} is not the name of a locale", "write it like de_DE.UTF-8", about="name"
            )
        create_file(system, "/etc/locale.gen", f"{name} UTF-8\n")
        apt(system, "locales", recommends=False)
        chroot(system, "locale-gen")
    create_file(system, "/etc/default/locale", f"LANG={name}\n")
    create_file(system, "/etc/locale.conf", f"LANG={name}\n")


def set_time_zone(system: RootFs, zone: str) -> None:
    """Set the time zone, such as `Europe/Helsinki`. The build fails if tzdata doesn't have it.

    Packages: `tzdata`.
    """
    if not _ZONE.fullmatch(zone):
        raise refuse(f"{zone!r} is not a time zone", "write it like Europe/Helsinki", about="zone")
    apt(system, "tzdata", recommends=False)
    chroot(
        system,
        f"""
        # set the time zone {zone}
        test -f /usr/share/zoneinfo/{zone} || {{ echo "tzdata has no zone {zone}" >&2; exit 1; }}
        ln -sf /usr/share/zoneinfo/{zone} /etc/localtime
        echo {zone} >/etc/timezone
        """,
    )


def set_keyboard(system: RootFs, layout: str, *, variant: str = "") -> None:
    """Set the keyboard layout of the console, such as `de`, or `us,ru` for two layouts.

    Packages: `console-setup` and its dependencies.
    """
    if not _LAYOUT.fullmatch(layout):
        raise refuse(
            f"{layout!r} is not a keyboard's layout", "write it like de, or us,ru", about="layout"
        )
    text = f'XKBMODEL="pc105"\nXKBLAYOUT="{layout}"\nXKBVARIANT="{variant}"\nXKBOPTIONS=""\n'
    create_file(system, "/etc/default/keyboard", text)
    apt(system, "console-setup", recommends=False)
    create_file(system, "/etc/default/keyboard", text)
