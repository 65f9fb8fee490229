"""Paying by phone: what was asked of a gateway, and what came of it."""
