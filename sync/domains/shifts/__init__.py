"""Shifts: whose drawer it is, what must be in it, and what was counted."""
