# header: system


@step
def mounts() -> None:
    fstab(system())


@step
def cloud() -> None:
    add_cloud_init(system(), sources=["Cumulus"])  # E: warning: cloud-init has no data source Cumulus
