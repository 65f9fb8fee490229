"""Tickets that nodes sold, and what they add up to."""
