# header: root


@step
def tidy_up() -> None:
    forget_machine_id(root())  # M: "forget_machine_id" has incompatible type "Mounted[Ext4]"; expected "RootFs"  # e: forget_machine_id() takes RootFs as system, not Mounted[
