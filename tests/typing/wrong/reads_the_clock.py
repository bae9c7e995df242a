# header: system

import time
from datetime import date, datetime

LOADED = time.time()  # E: the recipe reads the clock


@step
def issue() -> None:
    create_file(system(), "/etc/issue", f"Made on {date.today()}.\n")  # E: the recipe reads the clock


@step
def motd() -> None:
    now = datetime.now()  # E: the recipe reads the clock
    create_file(system(), "/etc/motd", f"Made at {now:%H:%M} and {LOADED}.\n")
