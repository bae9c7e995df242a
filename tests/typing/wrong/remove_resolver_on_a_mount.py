# header: root


@step
def tidy_up() -> None:
    remove_resolver(root())  # M: "remove_resolver" has incompatible type "Mounted[Ext4]"; expected "RootFs"  # e: remove_resolver() takes RootFs as system, not Mounted[
