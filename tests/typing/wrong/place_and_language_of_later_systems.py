# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="forky")


@step
def old_name() -> None:
    set_time_zone(system(), "Asia/Calcutta")  # E: warning: from Debian 13 on, Asia/Calcutta is in the package tzdata-legacy alone


@step
def zone() -> None:
    set_time_zone(system(), "Europe/Atlantis")  # E: warning: there is no time zone Europe/Atlantis, as far as vmdsl knows


@step
def locale() -> None:
    set_locale(system(), "xx_DE.UTF-8")  # E: warning: Debian has no locale xx_DE.UTF-8, as far as vmdsl knows


@step
def layout() -> None:
    set_keyboard(system(), "xx")  # E: warning: Debian has no keyboard layout xx, as far as vmdsl knows
