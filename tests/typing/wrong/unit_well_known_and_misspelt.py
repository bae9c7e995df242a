# header: system


@step
def web() -> None:
    fstab(system())
    enable_unit(system(), "ngnix")  # E: warning: Debian has no unit ngnix.service, as far as vmdsl knows
    enable_unit(system(), "systemd-netword", "systemd-resolved")  # E: warning: Debian has no unit systemd-netword.service
    chroot(system(), "systemctl enable dockr.service")  # E: warning: Debian has no unit dockr.service
    enable_unit(system(), "nginx", "acme", "docker")
