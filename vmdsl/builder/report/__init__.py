"""Reports of a build: its progress, its times and its log, without its secrets."""
