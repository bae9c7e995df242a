"""Common parts of recipes, as plain functions over vmdsl's own operations.

A recipe imports them from here: `from vmdsl_stdlib import debian, add_user`. Each function says
which packages it installs. Call them after `debian()` or `debootstrap()`, and `tidy()` last.
"""

from vmdsl_stdlib.base import debian
from vmdsl_stdlib.boards import Board, add_u_boot
from vmdsl_stdlib.cloud import add_cloud_init
from vmdsl_stdlib.locale import set_keyboard, set_locale, set_time_zone
from vmdsl_stdlib.network import remove_resolver, set_hostname, use_dhcp
from vmdsl_stdlib.raspberry_pi import RaspberryPi, raspberry_pi
from vmdsl_stdlib.ssh import add_ssh_server
from vmdsl_stdlib.subvolumes import mount_like_fedora, mount_like_opensuse
from vmdsl_stdlib.tidy import forget_machine_id, tidy
from vmdsl_stdlib.units import disable_unit, enable_unit, mask_unit
from vmdsl_stdlib.users import add_user, lock_root, open_root_console

__all__ = [
    "Board",
    "RaspberryPi",
    "add_cloud_init",
    "add_ssh_server",
    "add_u_boot",
    "add_user",
    "debian",
    "disable_unit",
    "enable_unit",
    "forget_machine_id",
    "lock_root",
    "mask_unit",
    "mount_like_fedora",
    "mount_like_opensuse",
    "open_root_console",
    "raspberry_pi",
    "remove_resolver",
    "set_hostname",
    "set_keyboard",
    "set_locale",
    "set_time_zone",
    "tidy",
    "use_dhcp",
]
