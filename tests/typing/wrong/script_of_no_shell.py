# header: system


@step
def nul() -> None:
    chroot(system(), "printf 'a\0b' >/etc/motd")  # E: the script has a NUL character


@step
def nul_on_the_host() -> None:
    host_shell(system(), "tr '\0' ' ' </proc/self/environ")  # E: the script has a NUL character


@step
def nul_on_the_image() -> None:
    image_shell(disk(), "printf '\0'")  # E: the script has a NUL character


@step
def too_long() -> None:
    chroot(system(), "echo " + "long " * 30000)  # E: the script is longer than 128 KiB
