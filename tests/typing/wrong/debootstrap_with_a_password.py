# header: root

secret = Secret.from_file(__file__)


@step
def without_a_mirror() -> RootFs:
    return debootstrap(root(), suite="trixie", credentials=secret)  # E: credentials without a mirror


@step
def as_text() -> RootFs:
    mirror = "https://mirror.example/debian"
    return debootstrap(root(), suite="trixie", mirror=mirror, credentials="ann:word")  # M: Argument "credentials" to "debootstrap" has incompatible type "str"  # e: credentials
