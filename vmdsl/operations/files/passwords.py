"""Passwords of users, from secrets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from vmdsl.errors import Advice, BuildError, Problem
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.operation import Fact, Operation, operation, record, refuse
from vmdsl.language.secret import Secret
from vmdsl.similar import did_you_mean

_USER = re.compile(r"[a-z_][a-z0-9_-]*")
_SALT = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SALT_LENGTH = 20
#: The users of Debian's base-passwd, in all releases.
_USERS = (
    *("root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp"),
    *("proxy", "www-data", "backup", "list", "irc", "nobody", "_apt"),
)
#: The last word of a command that makes a user.
_MADE = re.compile(r"^.*\b(?:useradd|adduser)\b[^\n;&|]*?\s([a-z_][a-z0-9_-]*)\s*$", re.MULTILINE)
#: The password comes on standard input and goes through no argument; neither does its hash.
_SCRIPT = r"""
line=$(perl -e '
    local $/;
    my $hash = crypt(<STDIN>, "\$y\$j9T\$$ARGV[1]");
    die "this system has no yescrypt\n" unless defined $hash && $hash =~ /^\$y\$/;
    print "$ARGV[0]:$hash";
' "$1" "$2")
printf '%s\n' "$line" | chpasswd --encrypted
"""


def users_made(operation: TreeOperation) -> list[str]:
    """Return the users that the scripts of an operation make, as far as it is plain."""
    return [name for script in operation.scripts() for name in _MADE.findall(script.text)]


def may_make(operation: TreeOperation, user: str) -> bool:
    """Return whether an operation mentions a user, or does what is not known."""
    scripts = [script.text for script in operation.scripts()]
    texts = [*operation.packages_named(), *scripts]
    texts += [value for value in vars(operation).values() if isinstance(value, str)]
    is_unknown = operation.installs_anything and not scripts
    return is_unknown or bool(operation.local_files()) or any(user in text for text in texts)


@operation
class SetPassword(TreeOperation):
    """The password of a user, hashed with yescrypt by the system's own perl."""

    installs_anything = False

    user: str
    password: Secret

    def summary(self) -> str:
        return f"set the password of {self.user}"

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Warn of a user that Debian does not have, and that nothing above mentions."""
        above = [o for o in operations[: operations.index(self)] if isinstance(o, TreeOperation)]
        if not complete or self.user in _USERS:
            return
        if any(may_make(one, self.user) for one in above):
            return
        made = [name for one in above for name in users_made(one)]
        what = f"no step above makes the user {self.user}"
        hint = did_you_mean(self.user, made) or "make the user first, as add_user() does"
        yield self.problem(what, hint, about="user", kind=Advice, code="unknown-user")

    def apply(self, tree: Tree) -> None:
        """Set it. The salt is another one for each user and image, and the same in each build."""
        password = tree.reveal(self.password).removesuffix(b"\n").removesuffix(b"\r")
        if b"\n" in password or b"\0" in password:
            raise BuildError(
                f"the {self.password.place} has several lines; a password is one", code="secret"
            )
        uuid = tree.layout.of_mount(self.root.mounted).filesystem.uuid
        digest = hashlib.sha256(f"{uuid} {self.user}".encode()).digest()
        salt = "".join(_SALT[byte % len(_SALT)] for byte in digest[:_SALT_LENGTH])
        tree.chroot("sh", "-ec", _SCRIPT, "sh", self.user, salt, stdin=password)


def set_password(root: RootFs, user: str, password: Secret, *, unless: Fact | None = None) -> None:
    """Set the password of a user that the system has.

    A newline at the end of the secret is not part of the password.
    """
    record(SetPassword(root=root, user=_user(user), password=password, unless=unless))


def _user(name: str) -> str:
    if not _USER.fullmatch(name):
        raise refuse(
            f"{name!r} is not the name of a user",
            "names are lower case: ann, www-data",
            about="user",
            code="user-name",
        )
    return name
