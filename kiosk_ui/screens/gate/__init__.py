"""Checking tickets: green, amber or red, readable from two metres."""
