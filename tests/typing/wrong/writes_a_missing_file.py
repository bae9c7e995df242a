# header: raw

from pathlib import Path


@step
def write() -> None:
    write_at(raw(), Path("emtpy.py"), offset=MiB(0))  # E: there is no file emtpy.py
