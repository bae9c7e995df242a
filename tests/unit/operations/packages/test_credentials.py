"""Credentials of a mirror, as apt reads them."""

import pytest

from vmdsl import Secret
from vmdsl.errors import BuildError
from vmdsl.language.handles import Credentials
from vmdsl.operations.packages.credentials import auth_conf

SECRET = Secret.from_file("mirror.password")


@pytest.mark.parametrize(
    ("mirror", "value", "line"),
    [
        (
            "https://mirror.example/debian/",
            b"ann:a:b#c\n",
            "machine https://mirror.example/debian login ann password a:b#c\n",
        ),
        (
            "http://mirror.example:8080",
            b"ann:x",
            "machine http://mirror.example:8080 login ann password x\n",
        ),
        (
            "https://ann@mirror.example/debian",
            b"ann:x",
            "machine https://mirror.example/debian login ann password x\n",
        ),
        (
            "https://mirror.example/debian",
            b"machine mirror.example login ann\npassword x\n\n",
            "machine mirror.example login ann\npassword x\n",
        ),
    ],
)
def test_lines(mirror: str, value: bytes, line: str) -> None:
    assert auth_conf(Credentials(mirror=mirror, secret=SECRET), value) == line


@pytest.mark.parametrize("value", [b"token", b"ann:two words", b"an n:x", b":x", b"ann:"])
def test_what_apt_cannot_read(value: bytes) -> None:
    credentials = Credentials(mirror="https://mirror.example", secret=SECRET)
    with pytest.raises(BuildError, match=r"mirror\.password does not hold credentials") as caught:
        auth_conf(credentials, value)
    assert value.decode() not in str(caught.value).replace("USER:PASSWORD", "")
