"""Devices of the image, and what makes devices of others: volumes of LVM."""
