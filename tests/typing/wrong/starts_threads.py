# header: system

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor


async def later() -> None:
    apt(system(), "curl")


@step
def thread() -> None:
    threading.Thread(target=lambda: apt(system(), "curl")).start()  # E: the recipe starts a thread


@step
def pool() -> None:
    with ThreadPoolExecutor(2) as executor:
        executor.submit(lambda: apt(system(), "curl"))  # E: the recipe starts a thread


@step
def loop() -> None:
    asyncio.run(later())  # E: the recipe runs an event loop
