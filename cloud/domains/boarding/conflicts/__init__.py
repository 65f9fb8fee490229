"""Passengers who met because two places did not know of each other."""
