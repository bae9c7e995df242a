# header: system

from vmdsl import fstab


@step  # M: Name "fstab" already defined (possibly by an import)
def fstab() -> None:
    create_file(system(), "/etc/fstab", "")
