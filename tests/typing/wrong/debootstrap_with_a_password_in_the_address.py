# header: root


@step
def in_the_address() -> RootFs:
    return debootstrap(root(), suite="trixie", mirror="https://ann:word@mirror.example/debian")  # E: warning: the password in the address of mirror.example gets into the image
