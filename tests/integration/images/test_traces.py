"""A build leaves the image and the cache, and nothing else on the machine."""

from __future__ import annotations

import os
from typing import Any

import pytest

pytestmark = pytest.mark.integration

IS_ROOT = os.geteuid() == 0


def test_no_loop_device_and_no_mount(building: Any) -> None:
    _, before, after = building
    assert after.loops == before.loops
    assert after.mounts == before.mounts


@pytest.mark.skipif(not IS_ROOT, reason="this user may do other things at the same time")
def test_no_process_and_no_temporary_file(building: Any) -> None:
    _, before, after = building
    assert after.processes <= before.processes
    assert after.temporary == before.temporary


def test_only_the_images_and_the_cache(building: Any, user: Any) -> None:
    images, before, after = building
    folders = {path.parent for path in images.values()}
    assert after.home - before.home <= {*images.values(), *folders, user.cache}
