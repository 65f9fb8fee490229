"""Trust cards that are shown at a node."""
