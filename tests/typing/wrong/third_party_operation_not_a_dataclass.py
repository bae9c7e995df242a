# header: system


class AuthorizedKey(TreeOperation):
    key: str

    def apply(self, tree: Tree) -> None:
        tree.write("/root/.ssh/authorized_keys", self.key)


@step
def key() -> None:
    record(AuthorizedKey(root=system(), key="ssh-ed25519 AAAA"))  # M: Unexpected keyword argument "key" for "AuthorizedKey"  # e: TypeError
