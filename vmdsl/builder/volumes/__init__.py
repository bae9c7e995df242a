"""Devices of the image."""
