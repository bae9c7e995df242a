# header: system


@step
def hook() -> None:
    create_file(system(), "/usr/local/sbin/hook", "#!/bin/sh\ntrue\n")  # E: warning: a script below runs /usr/local/sbin/hook, which nobody may run
    create_file(system(), "/root/later", "#!/bin/sh\ntrue\n")
    create_file(system(), "/root/runs", "#!/bin/sh\ntrue\n", mode=0o755)
    chroot(system(), "cd /; /usr/local/sbin/hook --now && /root/runs; sh /root/later")


@step
def unit() -> None:
    create_file(system(), "/etc/systemd/system/web", "[Service]\nExecStart=/bin/true\n")  # E: warning: systemd does not read /etc/systemd/system/web
    create_file(system(), "/etc/systemd/system/web.service.d/more.conf", "[Service]\nNice=5\n")
    fstab(system())
