# header: system


@step
def agent() -> None:
    unit = "[Service]\nExecStart=/usr/bin/agent\n\n[Instal]\nWantedBy=multi-user.target\n"
    file = "/etc/systemd/system/agent.service"
    create_file(system(), file, unit)  # E: warning: systemd ignores the section [Instal]
    enable_unit(system(), "agent.service")
