"""The parts of Acme's images."""

from acme.inventory import write_inventory as write_inventory
from acme.parts import acme_root as acme_root
from acme.parts import acme_system as acme_system
