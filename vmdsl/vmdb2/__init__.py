"""The YAML format of vmdb2: read, and written."""
