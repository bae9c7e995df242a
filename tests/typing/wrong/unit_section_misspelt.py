# header: system

AGENT = """\
[Unit]
Description=The agent

[Services]
ExecStart=/usr/bin/agent

[X-Notes]
Text=Ours

[Install]
WantedBy=multi-user.target
"""


@step
def agent() -> None:
    file = "/etc/systemd/system/agent.service"
    create_file(system(), file, AGENT)  # E: warning: systemd ignores the section [Services]
    enable_unit(system(), "agent.service")
