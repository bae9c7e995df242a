# header: system


@step
def scripts() -> None:
    chroot(system(), "set -e\n./files/setup.sh --all")  # E: warning: the script runs in the system, which does not have ./files/setup.sh
    chroot(system(), "mkdir --parents /srv && cp files/unit.service /srv")  # E: warning: the script runs in the system, which does not have files/unit.service
    fstab(system())
