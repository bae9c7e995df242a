# header: system

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AuthorizedKey(TreeOperation):
    key: str

    def apply(self, tree: Tree) -> None:
        tree.write("/root/.ssh/authorized_keys", self.key)


@step
def key() -> None:
    record(AuthorizedKey(system(), "ssh-ed25519 AAAA"))  # M: Too many positional arguments for "AuthorizedKey"  # e: TypeError
