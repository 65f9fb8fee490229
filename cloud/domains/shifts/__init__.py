"""Shifts of all nodes: opened, counted, and checked against the events that they are made of."""
