# header: system


@step
def packages() -> None:
    apt(system(), "postfix", "grub-pc")
    preseed(system(), "grub-pc grub-pc/install_devices_empty boolean true")
    preseed(system(), "postfix postfix/mailname string a.example")  # E: warning: postfix is installed already
