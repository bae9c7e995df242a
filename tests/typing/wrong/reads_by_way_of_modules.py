# header: system

import os
import shutil
from email.utils import formatdate
from pathlib import Path


@step
def built() -> None:
    create_file(system(), "/etc/built", formatdate())  # E: the recipe reads the clock


@step
def changed() -> None:
    changed = os.path.getmtime(__file__)  # E: the recipe reads the times of files
    create_file(system(), "/etc/changed", f"{changed}\n")


@step
def recipe() -> None:
    changed = Path(__file__).stat().st_mtime_ns  # E: the recipe reads the times of files
    create_file(system(), "/etc/changed2", f"{changed}\n")


@step
def free() -> None:
    free = shutil.disk_usage("/").free  # E: the recipe reads properties of this machine
    create_file(system(), "/etc/free", f"{free}\n")


@step
def processor() -> None:
    create_file(system(), "/etc/cpus", Path("/proc/cpuinfo").read_text())  # E: the recipe reads properties of this machine


@step
def key() -> None:
    create_file(system(), "/root/key", str(Path.home() / ".ssh"))  # E: the recipe reads the environment


@step
def folder() -> None:
    create_file(system(), "/etc/folder", f"{Path.cwd()}\n")  # E: the recipe reads the working directory
