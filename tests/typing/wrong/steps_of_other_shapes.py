# header: system

for package in ("curl", "vim"):

    @step  # E: there is a step tool
    def tool() -> None:
        apt(system(), package)


more = step(lambda: apt(system(), "git"))  # E: the step <lambda> doesn't say what it returns
