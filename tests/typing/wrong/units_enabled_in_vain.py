# header: system

SERVICE = "[Service]\nExecStart=/bin/true\n"


@step
def units() -> None:
    create_file(system(), "/etc/systemd/system/hello.service", SERVICE)
    create_file(system(), "/etc/systemd/system/login@.service", SERVICE)
    create_file(system(), "/etc/systemd/system/my-app.service", SERVICE + "[Install]\n")
    copy_file(system(), "files/unit.service", "/usr/lib/systemd/system/copied.service", mode=0o644)


@step
def enabled() -> None:
    enable_unit(system(), "hello")  # E: warning: hello.service has no section [Install], so enabling it does nothing
    enable_unit(system(), "myapp.service")  # E: warning: no step above writes the unit myapp.service
    chroot(system(), "systemctl --quiet enable login@tty1 copied.service")  # E: warning: login@tty1.service has no section [Install]  # E: warning: copied.service has no section [Install]
    fstab(system())


@step
def of_packages() -> None:
    apt(system(), "nginx", "php-fpm", "docker.io", "openssh-server")
    enable_unit(system(), "ngnix")  # E: warning: Debian has no unit ngnix.service
    enable_unit(system(), "httpd")  # E: warning: Debian has no unit httpd.service
    enable_unit(system(), "php8.2-fpm", "docker", "nginx", "ssh", "systemd-networkd")
