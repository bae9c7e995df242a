# header: imports

from dataclasses import dataclass


@dataclass(kw_only=True)  # e: TypeError
class AuthorizedKey(TreeOperation):  # M: Non-frozen dataclass cannot inherit from a frozen dataclass
    key: str

    def apply(self, tree: Tree) -> None:
        tree.write("/root/.ssh/authorized_keys", self.key)
