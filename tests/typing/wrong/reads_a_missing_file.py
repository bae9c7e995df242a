# header: system

from pathlib import Path


@step
def key() -> None:
    create_file(system(), "/etc/key", Path("/nonexistent/key").read_text())  # E: FileNotFoundError
