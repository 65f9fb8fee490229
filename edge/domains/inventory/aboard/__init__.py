"""Seats and places that passengers left on the way, and who may sell them on."""
