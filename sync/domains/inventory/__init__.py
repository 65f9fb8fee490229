"""Seats × legs, and the grants by which a node may sell them with no network."""
