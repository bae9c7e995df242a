from pathlib import Path

import pytest

from vmdsl.builder.cache.cache_dir import default_cache_dir
from vmdsl.errors import UsageError


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"VMDSL_CACHE": "/big/vmdsl", "XDG_CACHE_HOME": "/x"}, Path("/big/vmdsl")),
        ({"VMDSL_CACHE": "", "XDG_CACHE_HOME": "/x"}, Path("/x/vmdsl")),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/vmdsl")),
        ({"VMDSL_CACHE": "here"}, Path.cwd() / "here"),
        ({}, Path.home() / ".cache/vmdsl"),
        ({"XDG_CACHE_HOME": ""}, Path.home() / ".cache/vmdsl"),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/vmdsl"),
    ],
)
def test_default_cache_dir(env: dict[str, str], expected: Path) -> None:
    assert default_cache_dir(env).path == expected


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(UsageError, match="set VMDSL_CACHE"):
        default_cache_dir({})
