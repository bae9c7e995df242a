# header: system


@step
def names() -> None:
    create_file(system(), "/etc/cron.daily/backup.sh", "#!/bin/sh\n", mode=0o755)  # E: warning: cron does not read /etc/cron.daily/backup.sh
    create_file(system(), "/etc/sudoers.d/ann.conf", "ann ALL=(ALL) ALL\n", mode=0o440)  # E: warning: sudo does not read /etc/sudoers.d/ann.conf
    create_file(system(), "/etc/sysctl.d/swappiness", "vm.swappiness=1\n")  # E: warning: sysctl does not read /etc/sysctl.d/swappiness
    create_file(system(), "/etc/sysctl.d/10-local.conf", "vm.swappiness=1\n")


@step
def modes() -> None:
    create_file(system(), "/usr/local/bin/hello", "#!/bin/sh\necho hello\n")  # E: warning: /usr/local/bin/hello is a script that nobody may run
    create_file(system(), "/usr/local/bin/bye", "#!/bin/sh\necho bye\n")
    chroot(system(), "chmod +x /usr/local/bin/bye")


@step
def places() -> None:
    create_file(system(), "/run/motd", "hello\n")  # E: warning: /run is empty when a system starts, so it does not have /run/motd
    create_file(system(), "/home/$USER/.profile", "")  # E: warning: nothing replaces $USER in the path /home/$USER/.profile


@step
def twice() -> None:
    create_file(system(), "/etc/issue", "One\n")
    create_file(system(), "/etc/issue", "Two\n")  # E: warning: this replaces /etc/issue, which twice


@step
def pins() -> None:
    create_file(system(), "/etc/apt/preferences.d/no-bash", "Package: bash\nPin: relase n=trixie\nPin-Priority: -1\n")  # E: warning: apt has no pins of the type 'relase', and leaves this one out
    create_file(system(), "/etc/apt/preferences", "Package: *\nPin: release n=trixie\nPin-Priority: 100\n")
