# header: system


@step
def cloud() -> None:
    add_cloud_init(system(), sources=["NoCloud", "EC2"])  # E: cloud-init has no data source EC2
