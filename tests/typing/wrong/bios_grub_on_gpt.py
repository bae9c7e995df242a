# header: system


@step
def boot() -> None:
    apt(system(), "linux-image-amd64", "grub-pc")
    grub_bios(system())  # E: GRUB for BIOS has no place on this GPT
