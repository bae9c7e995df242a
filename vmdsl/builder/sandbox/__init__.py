"""The sandbox: namespaces, child processes, mounts, and a shell for the user."""
