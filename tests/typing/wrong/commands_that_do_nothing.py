# header: system


@step
def line_ends() -> None:
    chroot(system(), "set -u\r\nid\r\n")  # E: warning: the lines of the script end with carriage returns


@step
def scripts() -> None:
    chroot(system(), "[[ -d /srv ]] && touch /srv/a")  # E: warning: sh is dash in Debian, which has no [[
    chroot(system(), "cd /; source /etc/profile; echo '[[ '")  # E: warning: sh is dash in Debian, which has no source
    chroot(system(), "systemctl enable ssh && systemctl start ssh")  # E: warning: no service runs while an image is built, so `systemctl start` does nothing
    chroot(system(), "hostnamectl set-hostname web")  # E: warning: hostnamectl asks a service, and none runs while an image is built
    chroot(system(), "apt-get update\nDEBIAN_FRONTEND=noninteractive apt-get install nginx")  # E: warning: `apt-get install` asks whether to continue, and nobody answers
    chroot(system(), "apt-get -y upgrade; apt-get install -qy a; apt install -d b  # apt install c")
    chroot(system(), """apt() { apt-get -y "$@"; }\napt install a; yes | apt-get install b""")


@step
def of_a_running_system() -> None:
    chroot(system(), "sudo apt-get -y install vim\ntouch /sudo")  # E: warning: a script is run by root already
    chroot(system(), "sudo -u nobody id; echo sudo id; systemctl reboot-if-needed")
    chroot(system(), "id; reboot")  # E: warning: no machine runs while an image is built, so `reboot` fails
    chroot(system(), "shutdown -h now")  # E: warning: no machine runs while an image is built, so `shutdown` fails
    chroot(system(), "touch /etc/reboot; /opt/reboot; id reboot")


@step
def of_another_interpreter() -> None:
    chroot(system(), "#!/bin/bash\necho a")  # E: warning: the script is run by sh, whatever #! says
    chroot(system(), "#!/usr/bin/env python3\nid")  # E: warning: the script is run by sh, whatever #! says
    chroot(system(), "#!/bin/sh -e\nid\n#!/bin/bash")


@step
def of_this_machine() -> None:
    host_shell(system(), "mkdir -p x\ncp x/motd /etc/motd")  # E: warning: the script is run by this machine, so it writes to this machine's /etc/motd
    host_shell(system(), "echo a >>/etc/issue")  # E: warning: the script is run by this machine, so it writes to this machine's /etc/issue
    host_shell(system(), """cp x "$ROOT/etc/x"; chroot "$ROOT" cp a /etc/b; cat /etc/x >y; cp /etc/x y; id 2>/dev/null""")
