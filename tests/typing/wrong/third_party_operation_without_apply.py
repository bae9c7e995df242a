# header: system

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AuthorizedKey(TreeOperation):
    key: str


@step
def key() -> None:
    record(AuthorizedKey(root=system(), key="ssh-ed25519 AAAA"))  # M: Cannot instantiate abstract class "AuthorizedKey" with abstract attribute  # e: TypeError
