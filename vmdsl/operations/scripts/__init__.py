"""Scripts and playbooks that work on the system or on the image."""
