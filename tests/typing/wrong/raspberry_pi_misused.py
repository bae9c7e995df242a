# header: root
from vmdsl_stdlib import RaspberryPi, raspberry_pi


@step
def system() -> RootFs:
    return raspberry_pi(root(), board=RaspberryPi.PI_1, suite="trixie")  # E: Debian has no kernel for pi1 after bookworm
