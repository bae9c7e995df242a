"""Language, time zone and keyboard."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from locale import locale_alias

from vmdsl import RootFs, apt, chroot, create_file, refuse, warn
from vmdsl_stdlib.tables import LAYOUTS, LOCALES, OLD_ZONES, VARIANTS, ZONES

_LOCALE = re.compile(r"([a-z]{2,3}(?:_[A-Z]{2})?)\.UTF-8(@[a-z]+)?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
#: CEST, PDT and their like, which change twice a year.
_ABBREVIATION = re.compile(r"[A-Z]{2,5}")
_LAYOUT = re.compile(r"[a-z]{2,}(,[a-z]{2,})*")
#: The suites whose locales and keyboards are in the tables; later ones may have more.
_IN_TABLES = ("buster", "bullseye", "bookworm", "trixie")
#: What is meant by codes of languages that are no keyboard layouts, or those of other countries.
_LANGUAGES = dict(
    pair.split("=")
    for pair in [
        "cs=cz",
        "da=dk",
        "el=gr",
        "en=us",
        "fa=ir",
        "ga=ie",
        "ger=de",
        "he=il",
        "ja=jp",
        "jap=jp",
        "ka=ge",
        "ko=kr",
        "nb=no",
        "sl=si",
        "sq=al",
        "sr=rs",
        "sv=se",
        "uk=gb",
        "vi=vn",
        "zh=cn",
    ]
)


def set_locale(system: RootFs, name: str) -> None:
    """Set the locale of the system, such as `de_DE.UTF-8`, or `C.UTF-8` for no language.

    One that Debian does not have is a mistake. Packages: `locales`, except for `C.UTF-8`.
    """
    if name != "C.UTF-8":
        _check_locale(system, name)
        create_file(system, "/etc/locale.gen", f"{name} UTF-8\n")
        apt(system, "locales", recommends=False)
        chroot(system, "locale-gen")
    create_file(system, "/etc/default/locale", f"LANG={name}\n")
    create_file(system, "/etc/locale.conf", f"LANG={name}\n")


def _check_locale(system: RootFs, name: str) -> None:
    match = _LOCALE.fullmatch(name)
    if match is None:
        language, _, territory = name.partition(".")[0].replace("-", "_").partition("_")
        plain = f"{language.lower()}_{territory.upper()}" if territory else language
        plain = {"POSIX": "C", "en_UK": "en_GB"}.get(plain, plain)
        is_known = plain in {*LOCALES, "C"}
        known = f"did you mean {plain}.UTF-8?" if is_known else "write it like de_DE.UTF-8"
        raise refuse(f"{name!r} is not the name of a locale", known, about="name", code="locale")
    territory, modifier = match.groups(default="")
    if territory + modifier not in LOCALES:
        british = territory.replace("_UK", "_GB")
        usual = locale_alias.get(territory.partition("_")[0], "").partition(".")[0]
        sure = [one for one in (british, usual) if one in LOCALES]
        near = sure or _close(territory, LOCALES)
        close = [f"{one}.UTF-8" for one in near]
        _unknown(
            system,
            f"Debian has no locale {name}",
            f"did you mean {close[0]}?" if close else "write it like de_DE.UTF-8",
            about="name",
        )


def _unknown(system: RootFs, what: str, hint: str, *, about: str) -> None:
    """Refuse what is in no table; warn of it if the suite is newer than these."""
    code = "locale" if about == "name" else "keyboard"
    if re.split("[-/]", system.suite.name)[0] in _IN_TABLES:
        raise refuse(what, hint, about=about, code=code)
    warn(f"{what}, as far as vmdsl knows", hint, about=about, code=code)


def _close(name: str, known: Collection[str], *, cutoff: float = 0.7) -> list[str]:
    """Return the one of the known names that is most like a name, if one is."""
    plain = {one.casefold(): one for one in sorted(known)}
    return [plain[one] for one in get_close_matches(name.casefold(), plain, n=1, cutoff=cutoff)]


def set_time_zone(system: RootFs, zone: str) -> None:
    """Set the time zone, such as `Europe/Helsinki`.

    A misspelt one is a mistake, and the build fails if tzdata doesn't have it. Packages: `tzdata`.
    """
    if not _ZONE.fullmatch(zone):
        close = _close(zone.replace(" ", "_"), ZONES)
        hint = f"did you mean {close[0]}?" if close else "write it like Europe/Helsinki"
        raise refuse(f"{zone!r} is not a time zone", hint, about="zone", code="time-zone")
    if zone not in ZONES:
        _check_zone(system, zone)
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


def _check_zone(system: RootFs, zone: str) -> None:
    """Refuse a misspelt zone; warn of one that may be newer than the table, or is an old name."""
    if zone in OLD_ZONES:
        if re.split("[-/]", system.suite.name)[0] not in _IN_TABLES[:-1]:
            what = f"from Debian 13 on, {zone} is in the package tzdata-legacy alone"
            warn(what, f"did you mean {OLD_ZONES[zone]}?", about="zone", code="time-zone")
        return
    known = {*ZONES, *OLD_ZONES}
    area, _, place = zone.partition("/")
    places = {one.partition("/")[2].casefold(): one for one in sorted(ZONES) if "/" in one}
    hint = "write it like Europe/Helsinki"
    if hours := re.fullmatch(r"(?:UTC|GMT)([+-])(\d{1,2})", zone):
        hint = f"did you mean Etc/GMT{'-' if hours[1] == '+' else '+'}{int(hours[2])}?"
    elif area.casefold() in places and not place:
        hint = f"did you mean {places[area.casefold()]}?"
    elif _ABBREVIATION.fullmatch(zone):
        hint = "it is named after a place: write it like Europe/Helsinki"
    elif close := _close(zone, known, cutoff=0.85):
        hint = f"did you mean {OLD_ZONES.get(close[0], close[0])}?"
    elif place and any(one.startswith(f"{area}/") for one in known):
        warn(
            f"there is no time zone {zone}, as far as vmdsl knows",
            hint,
            about="zone",
            code="time-zone",
        )
        return
    raise refuse(f"there is no time zone {zone}", hint, about="zone", code="time-zone")


def set_keyboard(system: RootFs, layout: str, *, variant: str = "") -> None:
    """Set the keyboard layout of the console, such as `de`, or `us,ru` for two layouts.

    With several layouts, `variant` has one for each, such as `",phonetic"`. Those that Debian does
    not have are mistakes. Packages: `console-setup` and its dependencies.
    """
    if not _LAYOUT.fullmatch(layout):
        raise refuse(
            f"{layout!r} is not a keyboard's layout",
            "write it like de, or us,ru",
            about="layout",
            code="keyboard",
        )
    layouts, variants = layout.split(","), variant.split(",")
    for one in layouts:
        _check_layout(system, one)
    if len(variants) > len(layouts):
        what = f"there are more variants than layouts: {variant!r}"
        raise refuse(what, f"the layout is {layout}", about="variant", code="keyboard")
    for one, its in zip(layouts, variants, strict=False):
        _check_variant(system, one, its)
    text = f'XKBMODEL="pc105"\nXKBLAYOUT="{layout}"\nXKBVARIANT="{variant}"\nXKBOPTIONS=""\n'
    create_file(system, "/etc/default/keyboard", text)
    apt(system, "console-setup", recommends=False)
    create_file(system, "/etc/default/keyboard", text)


def _check_layout(system: RootFs, layout: str) -> None:
    if layout in LAYOUTS:
        return
    names = {name.partition(" (")[0].casefold(): code for code, name in sorted(LAYOUTS.items())}
    meant = _LANGUAGES.get(layout) or names.get(layout)
    with_variant = sorted(code for code, variants in VARIANTS.items() if layout in variants)
    hint = "write the country: de, us, gb"
    if meant:
        hint = f"did you mean {meant} ({LAYOUTS[meant]})?"
    elif with_variant:
        one = "us" if "us" in with_variant else with_variant[0]
        hint = f"it is a variant: layout {one}, variant={layout!r}"
    _unknown(system, f"Debian has no keyboard layout {layout}", hint, about="layout")


def _check_variant(system: RootFs, layout: str, variant: str) -> None:
    known = VARIANTS.get(layout, ())
    if not variant or not known or variant in known:
        return
    close = _close(variant, known)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
    what = f"the keyboard layout {layout} has no variant {variant}"
    _unknown(system, what, hint, about="variant")
