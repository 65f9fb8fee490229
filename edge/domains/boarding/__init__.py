"""Checking tickets."""
