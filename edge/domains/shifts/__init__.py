"""Shifts of the clerks of a node."""
