"""Signing in and out, for every screen that staff use."""
