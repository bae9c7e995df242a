# header: system


@step
def zone() -> None:
    set_time_zone(system(), "Europe/Berln")  # E: there is no time zone Europe/Berln


@step
def place() -> None:
    set_time_zone(system(), "Helsinki")  # E: there is no time zone Helsinki


@step
def hours() -> None:
    set_time_zone(system(), "UTC+2")  # E: there is no time zone UTC+2


@step
def with_a_space() -> None:
    set_time_zone(system(), "America/New York")  # E: 'America/New York' is not a time zone


@step
def small_letters() -> None:
    set_locale(system(), "fi_fi.UTF-8")  # E: 'fi_fi.UTF-8' is not the name of a locale


@step
def planet() -> None:
    set_time_zone(system(), "Mars/Olympus")  # E: there is no time zone Mars/Olympus


@step
def locale() -> None:
    set_locale(system(), "en_UK.UTF-8")  # E: Debian has no locale en_UK.UTF-8


@step
def locale_without_encoding() -> None:
    set_locale(system(), "de_DE")  # E: 'de_DE' is not the name of a locale


@step
def no_language() -> None:
    set_locale(system(), "POSIX")  # E: 'POSIX' is not the name of a locale


@step
def shell() -> None:
    add_user(system(), "ann", shell="zsh")  # E: 'zsh' is not the path of a shell


@step
def unit() -> None:
    enable_unit(system(), "ssh.servce")  # E: systemd has no units of the kind .servce


@step
def layout() -> None:
    set_keyboard(system(), "uk")  # E: Debian has no keyboard layout uk


@step
def layout_of_a_language() -> None:
    set_keyboard(system(), "german")  # E: Debian has no keyboard layout german


@step
def layout_of_keys() -> None:
    set_keyboard(system(), "dvorak")  # E: Debian has no keyboard layout dvorak


@step
def variant() -> None:
    set_keyboard(system(), "us,de", variant="dvorak,nodeadkey")  # E: the keyboard layout de has no variant nodeadkey


@step
def variants() -> None:
    set_keyboard(system(), "us", variant="intl,nodeadkeys")  # E: there are more variants than layouts


@step
def right() -> None:
    set_time_zone(system(), "Etc/UTC")
    set_locale(system(), "sr_RS.UTF-8@latin")
    set_locale(system(), "eo.UTF-8")
    set_keyboard(system(), "us,ru", variant=",phonetic")
