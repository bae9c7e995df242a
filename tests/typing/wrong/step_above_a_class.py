# header: system


@step  # E: @step stands above something else than def
class Motd:
    pass
