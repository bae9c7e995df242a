"""Measures vmdsl and vmdb2 side by side: `./bootstrap nox -s bench`."""
