"""How a build reports its progress, its times and its log, without its secrets."""
