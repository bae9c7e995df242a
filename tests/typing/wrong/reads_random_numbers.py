# header: system

import os
import random

import uuid


@step
def name() -> None:
    set_hostname(system(), f"host{random.randint(1, 9)}")  # E: the recipe reads random numbers


@step
def token() -> None:
    create_file(system(), "/etc/token", os.urandom(8).hex())  # E: the recipe reads random numbers


@step
def machine() -> None:
    number = uuid.uuid4()  # E: the recipe reads random numbers
    create_file(system(), "/etc/uuid", str(number))
