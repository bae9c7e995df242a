"""The password of an archive, for apt: in memory alone, and only while an operation works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import Tree
from vmdsl.language.handles import Credentials, RootFs

#: In the memory that is at /run while an operation works.
_FOLDER = PurePosixPath("/run/vmdsl-apt")
_LOGIN = re.compile(r"([^\s:]+):(\S+)")


def auth_conf(credentials: Credentials, value: bytes) -> str:
    """Return the value of credentials in the form of apt's auth.conf.

    It is USER:PASSWORD for the mirror, or has that form already.
    """
    text = value.decode("utf-8", "replace").strip()
    if re.match(r"machine\s", text):
        return f"{text}\n"
    login = _LOGIN.fullmatch(text)
    if login is None:
        raise BuildError(
            Problem(
                what=f"the {credentials.secret.place} does not hold credentials that apt can read",
                hint="USER:PASSWORD without spaces, or lines of apt's auth.conf: "
                "machine https://mirror.example login USER password PASSWORD",
                code="secret",
            )
        )
    place = urlsplit(credentials.mirror)
    machine = f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path.rstrip('/')}"
    return f"machine {machine} login {login[1]} password {login[2]}\n"


def apt_environment(tree: Tree, root: RootFs) -> Mapping[str, str]:
    """Return the variables by which the system's apt reaches its archives: proxies, credentials."""
    found = proxy_environment(root.proxy)
    credentials = root.credentials
    if credentials is None:
        return found
    tree.mkdir(str(_FOLDER), mode=0o700)
    auth, config = str(_FOLDER / "auth.conf"), str(_FOLDER / "apt.conf")
    tree.write(auth, auth_conf(credentials, tree.reveal(credentials.secret)), mode=0o600)
    tree.write(config, f'Dir::Etc::netrc "{auth}";\n')
    return {**found, "APT_CONFIG": config}


def proxy_environment(proxy: str) -> Mapping[str, str]:
    """Return the variables that make programs use a proxy; none where `proxy` is empty."""
    return {"http_proxy": proxy, "https_proxy": proxy} if proxy else {}
