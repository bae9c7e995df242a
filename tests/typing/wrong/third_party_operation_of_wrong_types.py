# header: system

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AuthorizedKey(TreeOperation):
    key: str

    def apply(self, tree: Tree) -> None:
        tree.write("/root/.ssh/authorized_keys", self.key)


@step
def key() -> None:
    record(AuthorizedKey(root=system(), key=["ssh-ed25519 AAAA"]))  # M: Argument "key" to "AuthorizedKey" has incompatible type "list[str]";
