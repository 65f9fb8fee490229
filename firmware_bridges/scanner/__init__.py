"""Scanners of tickets. Here: one that exists in software only, fed by lines of text."""
