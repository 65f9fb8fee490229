"""Trips that do not run as planned."""
